//! Counting notices: when the complainant was first answered, and what the survey says.

use std::collections::BTreeMap;

use async_trait::async_trait;
use prost::{Message, Name};
use redress_domain::{ComplaintId, TenantId};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::notification::v1::{NoticeKind, NoticeSent, SurveyAnswered};
use sqlx::postgres::PgConnection;

use super::telemetry;
use crate::store::notified::{self, Notified};

/// The side that is answered.
const COMPLAINANT: &str = "complainant";
/// Notices that go to the complainant and to nobody else: what an event tells that names no addressee, as the first ones did.
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
        noticed(&meta.event_type, payload)
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
        notified::save(conn, &found).await?;
        for delivery in batch {
            if let Noticed::Surveyed(points) = *delivery.event {
                telemetry::surveyed(points);
            }
        }
        Ok(())
    }
}

/// What an event means here; none if nothing is counted of it.
fn noticed(event_type: &str, payload: &[u8]) -> Result<Option<Noticed>, DecodeError> {
    if event_type == NoticeSent::full_name() {
        let sent = NoticeSent::decode(payload)?;
        let acknowledges = sent.kind() == NoticeKind::N01Receipt;
        let answers = match &sent.addressee {
            Some(addressee) => addressee.role == COMPLAINANT,
            None => ANSWERS.contains(&sent.kind()),
        };
        return Ok(answers.then_some(Noticed::Answered { acknowledges }));
    }
    if event_type != SurveyAnswered::full_name() {
        return Ok(None);
    }
    let answer = SurveyAnswered::decode(payload)?;
    let addressee = answer.addressee.ok_or_else(|| DecodeError::new("addressee is missing"))?;
    if addressee.role != COMPLAINANT {
        return Ok(None);
    }
    match i16::try_from(answer.satisfaction) {
        Ok(points @ 1..=5) => Ok(Some(Noticed::Surveyed(points))),
        _ => Err(DecodeError::new("satisfaction is none of 1 to 5")),
    }
}

#[cfg(test)]
mod tests {
    use redress_proto::notification::v1::Addressee;

    use super::*;

    fn sent(kind: NoticeKind, role: Option<&str>) -> Option<Noticed> {
        let addressee = role.map(|role| Addressee { role: role.into(), ..Addressee::default() });
        let event = NoticeSent { kind: kind.into(), addressee, ..NoticeSent::default() };
        noticed(&NoticeSent::full_name(), &event.encode_to_vec()).unwrap()
    }

    #[test]
    fn whatever_reaches_the_complainant_is_an_answer_and_nothing_that_goes_to_the_other_side() {
        let answered = |acknowledges| Some(Noticed::Answered { acknowledges });
        assert_eq!(sent(NoticeKind::N09Delay, Some("complainant")), answered(false));
        assert_eq!(sent(NoticeKind::N01Receipt, Some("complainant")), answered(true));
        assert_eq!(sent(NoticeKind::N09Delay, Some("respondent")), None);
        assert_eq!(sent(NoticeKind::N24Escalation, Some("staff")), None);
        assert_eq!(
            (sent(NoticeKind::N12Result, None), sent(NoticeKind::N09Delay, None)),
            (answered(false), None)
        );
    }
}
