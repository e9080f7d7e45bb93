//! Queueing notices: each once, with the event that says so.

use std::collections::HashMap;

use jiff::Timestamp;
use redress_domain::{ComplaintId, TenantId, derived_id};
use redress_outbox::enqueue;
use redress_proto::notification::v1::NoticeQueued;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Desk, publish, wire};
use crate::domain::content::Content;
use crate::domain::kind::NoticeKind;
use crate::error::Error;
use crate::store::complaint::Complaint;
use crate::store::delivery::{self, Due};
use crate::store::notice::{self, Addressee, Notice};

/// Complaints by identity, locked.
pub(super) type Complaints = HashMap<(TenantId, ComplaintId), Complaint>;

/// The identity of a notice: what caused it, its kind, and its addressee. The same again is the same notice.
pub(super) fn identity(tenant: &TenantId, cause: &[&[u8]], kind: NoticeKind, addressee: &Addressee) -> Uuid {
    let own = [
        kind.code().as_bytes(),
        addressee.role.code().as_bytes(),
        addressee.kind.code().as_bytes(),
        addressee.reference.as_bytes(),
    ];
    let parts: Vec<&[u8]> =
        [tenant.as_str().as_bytes()].into_iter().chain(cause.iter().copied()).chain(own).collect();
    derived_id("redress/notice/1", &parts)
}

/// When a notice may go out.
pub(super) fn not_before(
    desk: &Desk,
    tenant: &TenantId,
    kind: NoticeKind,
    content: &Content,
    urgent: bool,
    now: Timestamp,
) -> Timestamp {
    if urgent || !kind.respects_night() {
        return now;
    }
    desk.quiet.not_before(now, &desk.profiles.of(tenant).zone, content.deadline(kind))
}

/// Writes those of `notices` that are not there yet, begins their delivery and says so. `complaints` are locked and are
/// saved by the caller, for their versions move.
pub(super) async fn queue(
    conn: &mut PgConnection,
    complaints: &mut Complaints,
    notices: &[Notice],
    actor: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let new = notice::insert(conn, notices).await?;
    let new: Vec<&Notice> = notices.iter().filter(|notice| new.contains(&notice.id)).collect();
    let due: Vec<Due> = new
        .iter()
        .map(|notice| Due {
            tenant: notice.tenant.clone(),
            notice: notice.id,
            kind: notice.kind.code(),
            due_at: notice.not_before,
            tried: Vec::new(),
        })
        .collect();
    delivery::begin(conn, &due).await?;
    delivery::begin_callbacks(conn, &due, now).await?;
    let mut events = Vec::with_capacity(new.len());
    for notice in new {
        let Some(complaint) = complaints.get_mut(&(notice.tenant.clone(), notice.complaint)) else {
            continue;
        };
        let message = NoticeQueued {
            notice_id: notice.id.to_string(),
            kind: wire::kind(notice.kind).into(),
            addressee: Some(wire::addressee(&notice.addressee)),
        };
        events.push(publish::event(complaint, &notice.cause, actor, now, &message));
    }
    enqueue(conn, &events).await?;
    Ok(())
}
