//! Notification's proofs that a result or decision reached a party: T27 needs the one of N12, and the time to appeal
//! begins with each (C27).

use async_trait::async_trait;
use prost::{Message, Name};
use redress_domain::whole_microseconds;
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::notification::v1 as notification;
use redress_proto::notification::v1::NoticeKind;
use sqlx::postgres::PgConnection;

use super::{Cases, Follower, window};
use crate::app::out::Out;
use crate::domain::party::Side;
use crate::domain::state::State;
use crate::domain::window::keep_reached;

/// A notice reached somebody.
#[derive(Debug)]
pub struct NoticeReached {
    /// Whether it tells of a result (N12).
    result: bool,
    /// Which party it reached; none where that was not told.
    side: Option<Side>,
}

/// The handler of notices.
pub struct FollowNotices(pub Follower);

#[async_trait]
impl BatchHandler for FollowNotices {
    type Event = NoticeReached;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<NoticeReached>, DecodeError> {
        let (kind, addressee) = if meta.event_type == notification::NoticeDelivered::full_name() {
            let delivered = notification::NoticeDelivered::decode(payload)?;
            (delivered.kind(), delivered.addressee)
        } else if meta.event_type == notification::NoticeSent::full_name() {
            let sent = notification::NoticeSent::decode(payload)?;
            // A channel that will tell of its delivery is waited for; of one that never does, this is the last word.
            if sent.receipts_expected {
                return Ok(None);
            }
            (sent.kind(), sent.addressee)
        } else {
            return Ok(None);
        };
        let decides = matches!(
            kind,
            NoticeKind::N11Settlement | NoticeKind::N12Result | NoticeKind::N13Ruling | NoticeKind::N15Appeal
        );
        let side = addressee.as_ref().and_then(side);
        Ok(decides.then_some(NoticeReached { result: kind == NoticeKind::N12Result, side }))
    }

    async fn apply(
        &self,
        conn: &mut PgConnection,
        batch: &[Delivery<NoticeReached>],
    ) -> Result<(), HandlerError> {
        let mut cases = Cases::lock(conn, batch, self.0.now()).await?;
        for delivery in batch {
            let case = cases.of(conn, delivery).await?;
            let (mut out, mut changed) = (Out::default(), false);
            if delivery.event.result && case.state == State::ResultNotified && !case.course.notice_delivered {
                case.course.notice_delivered = true;
                window::end_if_over(case, &mut out);
                changed = true;
            }
            if let Some(side) = &delivery.event.side {
                let at = whole_microseconds(delivery.meta.occurred_at);
                keep_reached(&mut case.course.reached, side.clone(), at);
                self.0.tell_window(case, &mut out);
                changed = true;
            }
            if changed {
                cases.take(delivery, out);
            }
        }
        cases.save(conn).await
    }
}

fn side(addressee: &notification::Addressee) -> Option<Side> {
    match addressee.role.as_str() {
        "complainant" => Some(Side::complainant()),
        "respondent" => Some(Side::respondent(&addressee.external_ref)),
        _ => None,
    }
}
