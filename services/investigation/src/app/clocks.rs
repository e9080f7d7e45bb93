//! A party that does not answer in time lapses by sla's clock C11, and by nothing else, if it is proved that it was told
//! (T14, F026): see `notices`.

use async_trait::async_trait;
use jiff::Timestamp;
use prost::{Message as _, Name as _};
use redress_domain::whole_microseconds;
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::convert::from_wire_time;
use redress_proto::investigation::v1 as wire;
use redress_proto::sla::v1::ClockBreached;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Desk;
use super::held::Held;
use super::publish::Origin;
use super::telling::Telling;
use crate::domain::request::{EvidenceRequest, RanOut};
use crate::domain::timeline::Visibility;
use crate::error::Error;
use crate::store::request;

/// The clock of evidence by a party.
const EVIDENCE: &str = "C11";

/// A request's time is over.
#[derive(Debug)]
pub struct Overdue {
    request: Uuid,
    due_at: Timestamp,
}

/// The handler of sla's clocks.
pub struct FollowClocks {
    /// Database and clock.
    pub desk: Desk,
}

#[async_trait]
impl BatchHandler for FollowClocks {
    type Event = Overdue;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Overdue>, DecodeError> {
        read(&meta.event_type, payload)
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Overdue>]) -> Result<(), HandlerError> {
        Ok(self.lapse(conn, batch).await?)
    }
}

impl FollowClocks {
    async fn lapse(&self, conn: &mut PgConnection, batch: &[Delivery<Overdue>]) -> Result<(), Error> {
        let now = self.desk.now();
        let mut held = Held::lock(conn, batch, now).await?;
        let mut changed = Vec::new();
        for delivery in batch {
            let overdue = &*delivery.event;
            let key = (delivery.meta.tenant.clone(), delivery.meta.subject);
            let of = |kept: &&mut request::Kept| kept.tenant == key.0 && kept.request.id == overdue.request;
            let (Some(telling), Some(kept)) =
                (held.tellings.get_mut(&key), held.requests.iter_mut().find(of))
            else {
                tracing::warn!(complaint.id = %key.1, "a clock of a request that is unknown here");
                continue;
            };
            let at = whole_microseconds(delivery.meta.occurred_at);
            telling.origin = Origin::machine(&delivery.meta, at, now);
            match kept.request.run_out(overdue.due_at, at, self.desk.lapse_needs_notice) {
                RanOut::Nothing => continue,
                RanOut::Unproved => {
                    // Somebody must look: the party may not know that it was asked.
                    telling.enter("evidence_request_unproved", Some(kept.request.id), Visibility::Staff);
                }
                RanOut::Lapsed => tell_lapse(telling, kept),
            }
            changed.push(kept.request.id);
        }
        held.save(conn, &changed).await
    }
}

/// Tells that a request has lapsed.
pub(super) fn tell_lapse(telling: &mut Telling, kept: &request::Kept) {
    telling.tell(&lapsed(&kept.request));
    telling.enter("evidence_request_lapsed", Some(kept.request.id), Visibility::Everybody);
}

/// What is told of a request that has lapsed.
pub(super) fn lapsed(request: &EvidenceRequest) -> wire::EvidenceRequestLapsed {
    wire::EvidenceRequestLapsed {
        request_id: request.id.to_string(),
        party: super::wire::party(request.party).into(),
        consequence: super::wire::consequence(request.consequence).into(),
    }
}

fn read(event_type: &str, payload: &[u8]) -> Result<Option<Overdue>, DecodeError> {
    if event_type != ClockBreached::full_name() {
        return Ok(None);
    }
    let breached = ClockBreached::decode(payload)?;
    let clock = breached.clock.unwrap_or_default();
    if clock.definition != EVIDENCE {
        return Ok(None);
    }
    let unfit = |field: &'static str| DecodeError::new(format!("{field} does not fit"));
    let due_at = breached.due_at.as_ref().ok_or_else(|| unfit("due_at"))?;
    Ok(Some(Overdue {
        request: clock.subject_id.parse().map_err(|_| unfit("clock.subject_id"))?,
        due_at: from_wire_time(due_at).map_err(|_| unfit("due_at"))?,
    }))
}
