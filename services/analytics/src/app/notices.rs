//! Counting notices: when the complainant was first answered, and what the survey says.

use std::collections::BTreeMap;

use async_trait::async_trait;
use prost::{Message, Name};
use redress_domain::{ComplaintId, TenantId};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::notification::v1::{NoticeKind, NoticeSent, SurveyAnswered};
use sqlx::postgres::PgConnection;

use crate::store::notified::{self, Notified};

/// Notices that go to the complainant and to nobody else. `NoticeSent` names no addressee, so a kind that the
/// respondent gets too would be taken for an answer to the complainant.
const ANSWERS: [NoticeKind; 5] = [
    NoticeKind::N01Receipt,
    NoticeKind::N02Acceptance,
    NoticeKind::N03Refusal,
    NoticeKind::N04Completion,
    NoticeKind::N12Result,
];

/// What a notice's event means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noticed {
    /// A channel took an answer to the complainant.
    Answered {
        /// Whether it acknowledges the receipt (N01).
        acknowledges: bool,
    },
    /// The complainant answered the survey, 1 to 5.
    Surveyed(i16),
}

/// The handler of notification's notices.
#[derive(Debug, Clone, Copy)]
pub struct CountNotices;

#[async_trait]
impl BatchHandler for CountNotices {
    type Event = Noticed;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Noticed>, DecodeError> {
        if meta.event_type == NoticeSent::full_name() {
            let kind = NoticeSent::decode(payload)?.kind();
            let acknowledges = kind == NoticeKind::N01Receipt;
            return Ok(ANSWERS.contains(&kind).then_some(Noticed::Answered { acknowledges }));
        }
        if meta.event_type != SurveyAnswered::full_name() {
            return Ok(None);
        }
        let answer = SurveyAnswered::decode(payload)?;
        let addressee = answer.addressee.ok_or_else(|| DecodeError::new("addressee is missing"))?;
        if addressee.role != "complainant" {
            return Ok(None);
        }
        match i16::try_from(answer.satisfaction) {
            Ok(points @ 1..=5) => Ok(Some(Noticed::Surveyed(points))),
            _ => Err(DecodeError::new("satisfaction is none of 1 to 5")),
        }
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Noticed>]) -> Result<(), HandlerError> {
        let mut found: BTreeMap<(TenantId, ComplaintId), Notified> = BTreeMap::new();
        for delivery in batch {
            let id = (delivery.meta.tenant.clone(), ComplaintId::from_uuid(delivery.meta.subject));
            let at = delivery.meta.occurred_at;
            let notified = found.entry(id).or_default();
            match *delivery.event {
                Noticed::Answered { acknowledges } => notified.answered(at, acknowledges),
                Noticed::Surveyed(points) => notified.satisfaction = Some(points),
            }
        }
        Ok(notified::save(conn, &found).await?)
    }
}
