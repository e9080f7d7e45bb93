//! The lifecycle's events as far as letters are concerned.

use jiff::{SignedDuration, Timestamp};
use prost::{Message, Name};
use redress_domain::{Category, Channel, PartyKind, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::DecodeError;
use redress_proto::convert::from_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::personal;
use redress_proto::types::v1 as types;
use uuid::Uuid;

use crate::app::hear::{WAITING, money};
use crate::domain::form::Form;
use crate::domain::locale::Locale;
use crate::store::fact::Verdict;

/// An event.
#[derive(Debug)]
pub enum Event {
    /// A complaint exists.
    Registered(Box<Registered>),
    /// The review has begun, or another assessment counts from now on: category and urgency are known.
    ReviewStarted {
        /// The category, if one was found.
        category: Option<Category>,
        /// Whether it is urgent.
        urgent: bool,
    },
    /// Missing details were asked for.
    CompletionRequested {
        /// Names of what is missing.
        missing: Vec<String>,
    },
    /// It is taken up.
    Accepted {
        /// The handler, or the queue that answers for it.
        handler: String,
    },
    /// It is not taken up.
    Refused {
        /// Code of the ground.
        reason: String,
        /// The rule with its version.
        rule: String,
        /// Until when a review may be asked for.
        review_until: Timestamp,
    },
    /// What was missing did not come.
    Lapsed {
        /// Until when a review may be asked for.
        review_until: Timestamp,
    },
    /// It is closed.
    Closed,
    /// The lifecycle has answered a fact of another service.
    Answered {
        /// The fact's event.
        fact: Uuid,
        /// What it said.
        verdict: Verdict,
    },
}

/// What is kept of a registration.
#[derive(Debug)]
pub struct Registered {
    /// The number for people.
    pub complaint_no: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// Subject of the token that submitted it.
    pub submitted_by: String,
    /// Keyed hash of the complainant.
    pub complainant_index: Vec<u8>,
    /// What the complainant is.
    pub complainant_kind: PartyKind,
    /// The channel.
    pub channel: Channel,
    /// The complainant's language, if letters are written in it.
    pub locale: Option<Locale>,
    /// What was bought, if it can stand in a letter.
    pub product: String,
    /// The live room, if it can stand in a letter.
    pub live_room: String,
    /// When the order was placed, if told.
    pub ordered_at: Option<Timestamp>,
    /// The moment of the live session that is complained of, if told.
    pub live_at: Option<Timestamp>,
    /// The amount asked for; empty if not told.
    pub claimed: String,
    /// Codes of what is asked for.
    pub remedies: Vec<String>,
    /// Kind and reference of each respondent.
    pub respondents: Vec<(PartyKind, String)>,
    /// Name, reference and contacts of the complainant, sealed.
    pub sealed: Option<Vec<u8>>,
    /// The data key.
    pub wrapped_key: Vec<u8>,
}

impl Event {
    /// Decodes an event; none for those that no letter follows from.
    pub fn read(meta: &EventMeta, payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        let named = |name: String| meta.event_type == name;
        Ok(Some(if named(intake::ComplaintRegistered::full_name()) {
            Self::Registered(Box::new(Registered::read(intake::ComplaintRegistered::decode(payload)?)?))
        } else if named(intake::AdmissibilityReviewStarted::full_name()) {
            let event = intake::AdmissibilityReviewStarted::decode(payload)?;
            Self::ReviewStarted { category: event.category().try_into().ok(), urgent: event.urgent }
        } else if named(intake::AssessmentApplied::full_name()) {
            let event = intake::AssessmentApplied::decode(payload)?;
            Self::ReviewStarted { category: event.category().try_into().ok(), urgent: event.urgent }
        } else if named(intake::CompletionRequested::full_name()) {
            Self::CompletionRequested { missing: intake::CompletionRequested::decode(payload)?.missing }
        } else if named(intake::ComplaintAccepted::full_name()) {
            Self::Accepted { handler: intake::ComplaintAccepted::decode(payload)?.handler }
        } else if named(intake::ComplaintRefused::full_name()) {
            let event = intake::ComplaintRefused::decode(payload)?;
            Self::Refused {
                reason: reason(event.reason())?,
                review_until: time(event.review_until.as_ref(), "review_until")?,
                rule: event.rule,
            }
        } else if named(intake::ComplaintLapsed::full_name()) {
            let event = intake::ComplaintLapsed::decode(payload)?;
            Self::Lapsed { review_until: time(event.review_until.as_ref(), "review_until")? }
        } else if named(intake::ComplaintClosed::full_name()) {
            Self::Closed
        } else if named(intake::ComplaintAdvanced::full_name()) {
            return answered(meta, &intake::ComplaintAdvanced::decode(payload)?.fact, Verdict::Taken);
        } else if named(intake::FactRefused::full_name()) {
            return answered(meta, &intake::FactRefused::decode(payload)?.fact, Verdict::Refused);
        } else {
            return Ok(None);
        }))
    }
}

/// The answer to a fact whose letters wait for it; the answer's cause is the fact's event.
fn answered(meta: &EventMeta, fact: &str, verdict: Verdict) -> Result<Option<Event>, DecodeError> {
    if !WAITING.contains(&fact) {
        return Ok(None);
    }
    let cause = meta.causation.as_deref().and_then(|cause| cause.parse().ok());
    let fact = cause.ok_or_else(|| DecodeError::new("the answer to a fact names no cause"))?;
    Ok(Some(Event::Answered { fact, verdict }))
}

impl Registered {
    fn read(event: intake::ComplaintRegistered) -> Result<Self, DecodeError> {
        let unfit = |field: &'static str| DecodeError::new(format!("{field} does not fit"));
        let submission = event.submission.ok_or_else(|| unfit("submission"))?;
        let sealed = event.sealed.unwrap_or_default();
        let kind = submission.complainant.as_ref().map(types::Complainant::kind).unwrap_or_default();
        let respondents = submission.respondents.iter().map(|respondent| {
            let kind = respondent.kind().try_into().map_err(|_| unfit("respondent.kind"))?;
            Ok((kind, respondent.external_ref.clone()))
        });
        let demand = submission.demand.clone().unwrap_or_default();
        Ok(Self {
            received_at: time(event.received_at.as_ref(), "received_at")?,
            complaint_no: event.complaint_no,
            submitted_by: event.submitted_by,
            complainant_index: event.complainant_index,
            complainant_kind: kind.try_into().map_err(|_| unfit("complainant.kind"))?,
            channel: submission.channel().try_into().map_err(|_| unfit("channel"))?,
            locale: Locale::of_tag(&submission.language),
            product: fitting(submission.order.as_ref().map(|order| order.product_name.as_str())),
            live_room: fitting(submission.live.as_ref().map(|live| live.room_id.as_str())),
            ordered_at: submission.order.as_ref().and_then(|order| told_at(order.ordered_at.as_ref())),
            live_at: submission.live.as_ref().and_then(|live| {
                let moment = SignedDuration::from_millis(live.offset_ms.into());
                told_at(live.started_at.as_ref())?.checked_add(moment).ok().map(whole_microseconds)
            }),
            claimed: demand
                .amount
                .as_ref()
                .filter(|money| money.amount_minor > 0)
                .map(money)
                .unwrap_or_default(),
            remedies: demand.remedies.into_iter().filter(|remedy| Form::Text.fits(remedy)).collect(),
            respondents: respondents.collect::<Result<_, DecodeError>>()?,
            sealed: sealed.fields.into_iter().find(|f| f.name == personal::COMPLAINANT).map(|f| f.value),
            wrapped_key: sealed.wrapped_key,
        })
    }
}

/// A text of the channel's, if it can stand in a letter as it is.
fn fitting(text: Option<&str>) -> String {
    text.filter(|text| Form::Text.fits(text)).unwrap_or_default().to_owned()
}

/// A time of the channel's, if it is one.
fn told_at(wire: Option<&pbjson_types::Timestamp>) -> Option<Timestamp> {
    wire.and_then(|wire| from_wire_time(wire).ok()).map(whole_microseconds)
}

fn time(wire: Option<&pbjson_types::Timestamp>, field: &'static str) -> Result<Timestamp, DecodeError> {
    let unfit = || DecodeError::new(format!("{field} does not fit"));
    from_wire_time(wire.ok_or_else(unfit)?).map_err(|_| unfit())
}

/// `REFUSAL_REASON_NO_DISPUTE` → `no_dispute`, as the lexicons have it.
fn reason(reason: intake::RefusalReason) -> Result<String, DecodeError> {
    match reason {
        intake::RefusalReason::Unspecified => Err(DecodeError::new("reason does not fit")),
        reason => Ok(reason.as_str_name().trim_start_matches("REFUSAL_REASON_").to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::vocabulary::Vocabulary;

    #[test]
    fn every_ground_of_refusal_has_words() {
        for number in 1.. {
            let Ok(ground) = intake::RefusalReason::try_from(number) else { break };
            let code = reason(ground).unwrap();
            assert!(Vocabulary::Refusal.has(&code) && Vocabulary::RefusalFacts.has(&code), "{code}");
        }
        assert!(reason(intake::RefusalReason::Unspecified).is_err());
    }
}
