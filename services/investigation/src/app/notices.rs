//! Notification's proof that a party was told what it is asked (N06), without which nobody lapses (T14).
//!
//! A notice names by its cause the event that led to it, and a request remembers the event that announced it: so each
//! proof finds its request, also where one party is asked for several things.

use async_trait::async_trait;
use prost::{Message as _, Name as _};
use redress_domain::{event_id, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::notification::v1::{
    NoticeBounced, NoticeDelivered, NoticeKind, NoticeSent, NoticeUndeliverable,
};
use sqlx::postgres::PgConnection;

use super::held::Held;
use super::publish::Origin;
use super::{Desk, clocks};
use crate::error::Error;
use crate::store::request;
use crate::topics::CASES;

/// What notification tells of a notice about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noticed {
    /// The event that led to the notice.
    cause: String,
    /// Whether it went out; otherwise it came back.
    out: bool,
}

/// The handler of notices.
pub struct FollowNotices {
    /// Database and clock.
    pub desk: Desk,
}

#[async_trait]
impl BatchHandler for FollowNotices {
    type Event = Noticed;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Noticed>, DecodeError> {
        let is = |name: String| meta.event_type == name;
        let (kind, out) = if is(NoticeSent::full_name()) {
            (NoticeSent::decode(payload)?.kind(), true)
        } else if is(NoticeDelivered::full_name()) {
            (NoticeDelivered::decode(payload)?.kind(), true)
        } else if is(NoticeBounced::full_name()) {
            (NoticeBounced::decode(payload)?.kind(), false)
        } else if is(NoticeUndeliverable::full_name()) {
            (NoticeUndeliverable::decode(payload)?.kind(), false)
        } else {
            return Ok(None);
        };
        let cause = meta.causation.clone().filter(|_| kind == NoticeKind::N06Evidence);
        Ok(cause.map(|cause| Noticed { cause, out }))
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Noticed>]) -> Result<(), HandlerError> {
        Ok(self.follow(conn, batch).await?)
    }
}

impl FollowNotices {
    async fn follow(&self, conn: &mut PgConnection, batch: &[Delivery<Noticed>]) -> Result<(), Error> {
        let now = self.desk.now();
        let mut held = Held::lock(conn, batch, now).await?;
        let mut changed = Vec::new();
        for delivery in batch {
            let key = (delivery.meta.tenant.clone(), delivery.meta.subject);
            let announced = |kept: &&mut request::Kept| {
                kept.tenant == key.0
                    && kept.complaint == key.1
                    && event_id(CASES, key.1, kept.request.announced).to_string() == delivery.event.cause
            };
            // A notice of something else, for example of more time.
            let Some(kept) = held.requests.iter_mut().find(announced) else { continue };
            let Some(telling) = held.tellings.get_mut(&key) else { continue };
            let at = whole_microseconds(delivery.meta.occurred_at);
            if !delivery.event.out {
                kept.request.unnotice();
            } else if kept.request.notice(at, now) {
                telling.origin = Origin::machine(&delivery.meta, now, now);
                clocks::tell_lapse(telling, kept);
            }
            changed.push(kept.request.id);
        }
        held.save(conn, &changed).await
    }
}
