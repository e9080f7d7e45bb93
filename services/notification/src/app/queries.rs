//! Reading notices: one with its letter, and lists.

use std::collections::HashMap;

use redress_domain::{ComplaintId, Principal, Problem};
use redress_proto::notification::v1 as wire;
use redress_runtime::page::{self, After};
use uuid::Uuid;

use super::view::{self, Sight};
use super::{Desk, id, opening};
use crate::error::Error;
use crate::store::attempt::{self, Attempt};
use crate::store::complaint;
use crate::store::notice::{self, Notice};
use crate::store::{access, letter};

/// Most notices on a page.
const PAGE_MAX: i32 = 100;
/// Notices on a page if the caller does not say.
const PAGE_DEFAULT: i32 = 50;

/// Answers queries.
#[derive(Clone)]
pub struct Queries {
    /// What every use needs.
    pub desk: Desk,
}

impl Queries {
    /// One notice with its attempts and, where the caller may read it, its letter.
    pub async fn get(&self, caller: &Principal, notice_id: &str) -> Result<wire::Notice, Error> {
        let notice_id = id(notice_id)?;
        let mut conn = self.desk.db.pool().acquire().await?;
        let found = notice::find(&mut conn, &caller.tenant, notice_id).await?;
        let notice = found.ok_or_else(Problem::not_found)?;
        let about = complaint::find(&mut conn, &caller.tenant, notice.complaint).await?;
        let about = about.ok_or_else(Problem::not_found)?;
        let sight = view::sight(&self.desk.vault, caller, &about).await?;
        let sight = sight.filter(|sight| sight.covers(&notice)).ok_or_else(Problem::not_found)?;
        let attempts = attempt::of(&mut conn, &caller.tenant, &[notice.id]).await?;
        drop(conn);
        self.whole(caller, &notice, attempts, &sight).await
    }

    /// The view with its letter. Opening it is recorded before it is returned.
    async fn whole(
        &self,
        caller: &Principal,
        notice: &Notice,
        attempts: Vec<Attempt>,
        sight: &Sight,
    ) -> Result<wire::Notice, Error> {
        let shown = view::shown(notice, attempts);
        let Some(purpose) = sight.letters else { return Ok(shown) };
        let key = (caller.tenant.clone(), notice.complaint);
        let mut conn = self.desk.db.pool().acquire().await?;
        let kept = letter::find(&mut conn, &[(caller.tenant.clone(), notice.id)]).await?;
        let Some(sealed) = kept.into_iter().find_map(|kept| kept.sealed_letter) else { return Ok(shown) };
        let keys = complaint::keys(&mut conn, std::slice::from_ref(&key)).await?;
        let Some(wrapped) = keys.into_values().next() else { return Ok(shown) };
        access::record(&mut conn, &[key], &caller.subject, purpose, self.desk.now()).await?;
        drop(conn);
        let opener =
            opening::opener(&self.desk.vault, &caller.tenant, notice.complaint, &wrapped, purpose).await?;
        Ok(view::with_letter(shown, opening::letter(&opener, notice.id, &sealed)?))
    }

    /// A page of a complaint's notices, newest first, without their letters.
    pub async fn list(
        &self,
        caller: &Principal,
        request: wire::ListNoticesRequest,
    ) -> Result<wire::ListNoticesResponse, Error> {
        let complaint_id = ComplaintId::from_uuid(id(&request.complaint_id)?);
        let size = page::size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let mut conn = self.desk.db.pool().acquire().await?;
        let about = complaint::find(&mut conn, &caller.tenant, complaint_id).await?;
        let about = about.ok_or_else(Problem::not_found)?;
        let sight = view::sight(&self.desk.vault, caller, &about).await?.ok_or_else(Problem::not_found)?;
        let conditions = format!("{complaint_id} {:?}", sight.whose);
        let after = After::read(&request.page_token, &conditions)?;
        // One more than asked tells whether there is another page.
        let mut found =
            notice::page(&mut conn, &caller.tenant, complaint_id, &sight.whose, after, size + 1).await?;
        let size = usize::try_from(size).unwrap_or_default();
        let more = found.len() > size;
        found.truncate(size);
        let ids: Vec<Uuid> = found.iter().map(|notice| notice.id).collect();
        let mut attempts: HashMap<Uuid, Vec<Attempt>> = HashMap::new();
        for attempt in attempt::of(&mut conn, &caller.tenant, &ids).await? {
            attempts.entry(attempt.notice).or_default().push(attempt);
        }
        let last = found.last().filter(|_| more);
        let next_page_token =
            last.map(|last| After { at: last.queued_at, id: last.id }.write(&conditions)).unwrap_or_default();
        let notices = found
            .iter()
            .map(|notice| view::shown(notice, attempts.remove(&notice.id).unwrap_or_default()))
            .collect();
        Ok(wire::ListNoticesResponse { notices, next_page_token })
    }
}
