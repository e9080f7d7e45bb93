//! Notification's proof that the result reached the complainant (N12), which T27 needs.

use async_trait::async_trait;
use prost::{Message, Name};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::notification::v1 as notification;
use sqlx::postgres::PgConnection;

use super::{Cases, Follower, window};
use crate::app::out::Out;
use crate::domain::state::State;

/// The result notice was delivered.
#[derive(Debug)]
pub struct ResultDelivered;

/// The handler of notices.
pub struct FollowNotices(pub Follower);

#[async_trait]
impl BatchHandler for FollowNotices {
    type Event = ResultDelivered;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<ResultDelivered>, DecodeError> {
        let kind = if meta.event_type == notification::NoticeDelivered::full_name() {
            notification::NoticeDelivered::decode(payload)?.kind()
        } else if meta.event_type == notification::NoticeSent::full_name() {
            let sent = notification::NoticeSent::decode(payload)?;
            // A channel that will tell of its delivery is waited for; of one that never does, this is the last word.
            if sent.receipts_expected {
                return Ok(None);
            }
            sent.kind()
        } else {
            return Ok(None);
        };
        Ok((kind == notification::NoticeKind::N12Result).then_some(ResultDelivered))
    }

    async fn apply(
        &self,
        conn: &mut PgConnection,
        batch: &[Delivery<ResultDelivered>],
    ) -> Result<(), HandlerError> {
        let mut cases = Cases::lock(conn, batch, self.0.now()).await?;
        for delivery in batch {
            let case = cases.of(conn, delivery).await?;
            let mut out = Out::default();
            if case.state == State::ResultNotified && !case.course.notice_delivered {
                case.course.notice_delivered = true;
                window::end_if_over(case, &mut out);
                cases.take(delivery, out);
            }
        }
        cases.save(conn).await
    }
}
