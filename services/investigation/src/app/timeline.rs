//! The course of events from all sources, for who may see it (F030).

use redress_domain::Principal;
use redress_proto::investigation::v1 as wire;
use redress_runtime::page::{self, After};
use uuid::Uuid;

use super::{Desk, id};
use crate::domain::timeline::Visibility;
use crate::error::Error;
use crate::store::{consultation, timeline};

/// Entries on a page: at most, and if the caller does not say.
const PAGE: (i32, i32) = (500, 200);

/// A page of the timeline, oldest first.
pub async fn get(
    desk: &Desk,
    principal: &Principal,
    request: &wire::GetTimelineRequest,
) -> Result<wire::GetTimelineResponse, Error> {
    let complaint = id(&request.complaint_id)?;
    let size = page::size(request.page_size, PAGE.1, PAGE.0)?;
    let conditions = format!("timeline of {complaint}");
    let after = After::read(&request.page_token, &conditions)?.map(|after| (after.at, after.id));
    let caller = desk.caller(principal).await?;
    let (file, standing) = desk.look(&caller, complaint).await?;
    let inside = standing.inside();
    let seen: &[Visibility] =
        if inside { &[Visibility::Everybody, Visibility::Staff] } else { &[Visibility::Everybody] };
    let place = (&file.tenant, file.id);
    let mut conn = desk.db.pool().acquire().await?;
    let visible = |c: &crate::domain::consultation::Consultation| {
        c.is_visible_to(&principal.subject, standing.supervisor, &file.case)
    };
    let about: Vec<Uuid> = if inside {
        let all = consultation::of_cases(&mut conn, &[(file.tenant.clone(), file.id)]).await?;
        all.into_iter().map(|(.., c)| c).filter(visible).map(|c| c.id).collect()
    } else {
        Vec::new()
    };
    // One more than asked tells whether there is another page.
    let mut found = timeline::page(&mut conn, place, seen, &about, after, size + 1).await?;
    let size = usize::try_from(size).unwrap_or_default();
    let more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| more);
    let next_page_token =
        last.map(|last| After { at: last.at, id: last.id }.write(&conditions)).unwrap_or_default();
    let entries = found.iter().map(|entry| super::wire::entry(entry, inside)).collect();
    Ok(wire::GetTimelineResponse { entries, next_page_token })
}
