//! Notices whose addressee has no channel left: the platform's callbacks stand in, or a person must find another way.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use redress_proto::notification::v1::NoticeUndeliverable;
use redress_proto::types::v1::ContactType;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Dispatch;
use super::record::{Outcomes, sent};
use crate::app::queue::Complaints;
use crate::app::{publish, wire};
use crate::domain::delivery::{NoticeState, without_channel};
use crate::error::Error;
use crate::store::complaint;
use crate::store::delivery;
use crate::store::notice::{self, Moved, Notice};

/// Most deliveries of disabled addresses that one transaction gives up.
const AT_ONCE: i64 = 500;

/// Decides the queued notices among `notices` that wait for no channel of their addressee any more. Their complaints are
/// locked.
pub(super) async fn settle(
    conn: &mut PgConnection,
    complaints: &mut Complaints,
    notices: &HashMap<Uuid, Notice>,
    outcomes: &mut Outcomes,
) -> Result<(), Error> {
    let moving: BTreeSet<Uuid> = outcomes.moved.iter().map(|moved| moved.id).collect();
    let open = notices.values().filter(|n| n.state == NoticeState::Queued && !moving.contains(&n.id));
    let ids: Vec<_> = open.clone().map(|notice| (notice.tenant.clone(), notice.id)).collect();
    let waiting: HashMap<Uuid, (bool, i64)> = delivery::waiting(conn, &ids)
        .await?
        .into_iter()
        .map(|(id, party, callbacks)| (id, (party, callbacks)))
        .collect();
    let took: HashMap<Uuid, (Uuid, Timestamp)> = delivery::taken_by_callback(conn, &ids).await?;
    for notice in open {
        let (party, callbacks) = waiting.get(&notice.id).copied().unwrap_or_default();
        if party {
            continue;
        }
        let taken = took.get(&notice.id);
        let Some(state) = without_channel(taken.is_some(), callbacks > 0) else { continue };
        let Some(complaint) = complaints.get_mut(&(notice.tenant.clone(), notice.complaint)) else {
            continue;
        };
        let (stations, event) = if let Some((webhook, at)) = taken {
            let event = sent(complaint, notice, ContactType::Unspecified, webhook.to_string(), *at);
            (Some(vec![format!("callback:{webhook}")]), event)
        } else {
            let reason = outcomes.reasons.get(&notice.id).cloned();
            let message = NoticeUndeliverable {
                notice_id: notice.id.to_string(),
                kind: wire::kind(notice.kind).into(),
                reason: reason.unwrap_or_else(|| "EVERY_CHANNEL_FAILED".to_owned()),
            };
            (None, publish::event(complaint, &notice.cause, crate::SOURCE, outcomes.at, &message))
        };
        outcomes.events.push(event);
        outcomes.moved.push(Moved { tenant: notice.tenant.clone(), id: notice.id, state, stations });
    }
    Ok(())
}

impl Dispatch {
    /// Gives up what waits for disabled callback addresses; a failure is logged, and it is tried again later.
    pub(super) async fn settle_logged(&self) {
        loop {
            match self.settle_disabled().await {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "what waits for disabled callback addresses stays");
                    return;
                }
            }
        }
    }

    /// The same for as much as one transaction takes; returns how many deliveries.
    pub(super) async fn settle_disabled(&self) -> Result<usize, Error> {
        let mut conn = self.desk.db.pool().acquire().await?;
        let stranded = delivery::stranded(&mut conn, AT_ONCE).await?;
        drop(conn);
        if stranded.is_empty() {
            return Ok(0);
        }
        let (now, count) = (self.desk.now(), stranded.len());
        let stranded = std::sync::Arc::new(stranded);
        self.desk
            .db
            .run_tx("stranded_notices", move |conn| {
                let stranded = std::sync::Arc::clone(&stranded);
                Box::pin(async move { given_up(conn, &stranded, now).await })
            })
            .await?;
        self.desk.wake.wake();
        Ok(count)
    }
}

async fn given_up(
    conn: &mut PgConnection,
    stranded: &[delivery::Stranded],
    now: Timestamp,
) -> Result<(), Error> {
    let ids: BTreeSet<_> = stranded.iter().map(|s| (s.tenant.clone(), s.complaint)).collect();
    let locked = complaint::lock_all(conn, &ids.into_iter().collect::<Vec<_>>()).await?;
    let mut complaints: Complaints = locked.into_iter().map(|c| ((c.tenant.clone(), c.id), c)).collect();
    delivery::give_up(conn, stranded).await?;
    let ids: BTreeSet<_> = stranded.iter().map(|s| (s.tenant.clone(), s.notice)).collect();
    let notices = notice::find_all(conn, &ids.into_iter().collect::<Vec<_>>()).await?;
    let notices = notices.into_iter().map(|notice| (notice.id, notice)).collect();
    let mut outcomes = Outcomes { at: now, ..Outcomes::default() };
    settle(conn, &mut complaints, &notices, &mut outcomes).await?;
    outcomes.save(conn, &complaints).await
}
