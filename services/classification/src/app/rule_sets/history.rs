//! Which rule sets a tenant has published, and which of them decides.

use redress_domain::Principal;
use redress_proto::classification::v1 as wire;
use redress_proto::convert::to_wire_time;
use redress_runtime::page;

use super::super::Desk;
use super::super::engine::Engines;
use crate::error::Error;
use crate::store::rule_set;

/// Versions on a page: at most, and if the caller does not say.
const PAGE: (i32, i32) = (100, 20);

/// The published sets, newest first, and the one that runs here.
pub async fn list(
    desk: &Desk,
    engines: &Engines,
    caller: &Principal,
    request: &wire::ListRuleSetsRequest,
) -> Result<wire::ListRuleSetsResponse, Error> {
    let size = page::size(request.page_size, PAGE.1, PAGE.0)?;
    let before = (request.before_version > 0).then_some(request.before_version);
    engines.refresh(&desk.db).await?;
    let mut conn = desk.db.pool().acquire().await?;
    let found = rule_set::published(&mut conn, &caller.tenant, before, size).await?;
    let running = engines.current(&caller.tenant);
    let rule_sets = found.into_iter().map(|set| wire::PublishedRuleSet {
        version: set.version,
        rule_set: set.digest,
        published_by: set.published_by,
        published_at: Some(to_wire_time(set.published_at)),
        // Newer than what runs, and looked at: it did not load.
        unreadable: set.version > running.version,
    });
    Ok(wire::ListRuleSetsResponse { running: running.name.clone(), rule_sets: rule_sets.collect() })
}
