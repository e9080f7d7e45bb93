//! The calendars that come with the product, written down as rows: so that a release with another content is another
//! version, in which open clocks are computed anew, and a clock keeps the version that it was computed with.

use std::sync::Arc;

use redress_postgres::Db;
use sqlx::postgres::PgConnection;

use super::calendars::numbered;
use crate::domain::calendar::{Draft, KNOWN, known};
use crate::error::Error;
use crate::store::calendar::{self, SHIPPED};
use crate::store::time_of;

/// Who published them.
const PUBLISHER: &str = "redress";

/// The calendars of this release.
pub fn of_release() -> Vec<Draft> {
    KNOWN.iter().filter_map(|id| known(id)).map(Draft::from).collect()
}

/// Writes down those of `calendars` whose content was never shipped; how many these were. Safe to repeat, and to call from
/// several processes at once.
///
/// A content that was shipped before is no new one: an older release that is run again, beside a newer one or after it,
/// takes no plan back. A calendar that is corrected back to what it was says so in the name of a day.
pub async fn ship(db: &Db, calendars: Vec<Draft>) -> Result<usize, Error> {
    let calendars = Arc::new(calendars);
    db.run_tx("ship_calendars", move |conn| {
        let calendars = Arc::clone(&calendars);
        Box::pin(async move {
            let mut written = 0;
            for draft in calendars.iter() {
                written += usize::from(write(conn, draft).await?);
            }
            Ok(written)
        })
    })
    .await
}

async fn write(conn: &mut PgConnection, draft: &Draft) -> Result<bool, Error> {
    calendar::lock(conn, SHIPPED, &draft.id).await?;
    let before = calendar::shipped(conn, &draft.id).await?;
    if before.iter().any(|(_, known)| has_content_of(known, draft)) {
        return Ok(false);
    }
    let version = match before.last() {
        Some((newest, _)) => newest + 1,
        // The number with which clocks were computed before there were rows.
        None => draft.version.parse().unwrap_or(1),
    };
    let now = time_of(conn).await?;
    let body = numbered(draft, version);
    calendar::insert(conn, SHIPPED, (&draft.id, version, &body), PUBLISHER, now).await?;
    tracing::info!(calendar.id = %draft.id, calendar.version = version, "a calendar of this release is written down");
    Ok(true)
}

/// Whether they differ in nothing but the number.
fn has_content_of(one: &Draft, other: &Draft) -> bool {
    *one == Draft { version: one.version.clone(), ..other.clone() }
}
