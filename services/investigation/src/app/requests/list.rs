//! The requests of a case, and those that are open to a party.

use std::collections::BTreeSet;

use redress_domain::{Principal, TenantId};
use redress_proto::investigation::v1 as wire;
use redress_runtime::page::{self, After};
use uuid::Uuid;

use super::may_see;
use crate::app::standing::{Caller, Standing};
use crate::app::words::Words;
use crate::app::{Desk, id, wire as words};
use crate::error::Error;
use crate::store::case;
use crate::store::request::{self, Kept};

/// Requests on a page: at most, and if the caller does not say.
const PAGE: (i32, i32) = (100, 50);

/// The requests of a complaint that the caller may see; or, without a complaint, those open to the caller as a party.
pub async fn list(
    desk: &Desk,
    principal: &Principal,
    asked: &wire::ListEvidenceRequestsRequest,
) -> Result<wire::ListEvidenceRequestsResponse, Error> {
    let size = page::size(asked.page_size, PAGE.1, PAGE.0)?;
    let caller = desk.caller(principal).await?;
    if asked.complaint_id.is_empty() {
        return open_to(desk, &caller, &asked.page_token, size).await;
    }
    let (file, standing) = desk.look(&caller, id(&asked.complaint_id)?).await?;
    let mut conn = desk.db.pool().acquire().await?;
    let kept = request::of_cases(&mut conn, &[(file.tenant.clone(), file.id)]).await?;
    drop(conn);
    let words = super::words(desk, &standing, &file, true).await?;
    let seen = kept.iter().filter(|kept| may_see(principal, &standing, kept));
    let told: Result<Vec<_>, Error> =
        seen.map(|kept| words::request(file.id, &kept.request, &words)).collect();
    // A case has few; they are one page.
    Ok(wire::ListEvidenceRequestsResponse { evidence_requests: told?, next_page_token: String::new() })
}

async fn open_to(
    desk: &Desk,
    caller: &Caller,
    token: &str,
    size: i64,
) -> Result<wire::ListEvidenceRequestsResponse, Error> {
    let tenant = &caller.principal.tenant;
    let addressees = caller.addressees();
    let conditions = format!("open requests to {addressees:?}");
    let after = After::read(token, &conditions)?.map(|after| (after.at, after.id));
    let mut conn = desk.db.pool().acquire().await?;
    // One more than asked tells whether there is another page.
    let mut found = request::open_to(&mut conn, tenant, &addressees, after, size + 1).await?;
    let size = usize::try_from(size).unwrap_or_default();
    let more = found.len() > size;
    found.truncate(size);
    drop(conn);
    let last = found.last().filter(|_| more).map(|kept| &kept.request);
    let next_page_token =
        last.map(|last| After { at: last.due_at, id: last.id }.write(&conditions)).unwrap_or_default();
    let mut told = Vec::with_capacity(found.len());
    let opened = opened(desk, caller, tenant, &found).await?;
    for kept in &found {
        let Some((_, words)) = opened.iter().find(|(id, _)| *id == kept.complaint) else { continue };
        told.push(words::request(kept.complaint, &kept.request, words)?);
    }
    Ok(wire::ListEvidenceRequestsResponse { evidence_requests: told, next_page_token })
}

/// The words of the cases of a page, for a caller who stands in each of them as the request says.
async fn opened(
    desk: &Desk,
    caller: &Caller,
    tenant: &TenantId,
    found: &[Kept],
) -> Result<Vec<(Uuid, Words)>, Error> {
    let complaints: BTreeSet<Uuid> = found.iter().map(|kept| kept.complaint).collect();
    let complaints: Vec<Uuid> = complaints.into_iter().collect();
    let mut conn = desk.db.pool().acquire().await?;
    let files = case::find_all(&mut conn, tenant, &complaints).await?;
    drop(conn);
    let mut opened = Vec::with_capacity(files.len());
    for file in files {
        let standing = Standing::of(caller, &file);
        if standing.is_party() {
            opened.push((file.id, super::words(desk, &standing, &file, true).await?));
        }
    }
    Ok(opened)
}
