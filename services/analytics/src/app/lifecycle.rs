//! Counting the lifecycle: each complaint's course is loaded, follows the batch's events in their order, and is saved.

use std::collections::BTreeMap;

use async_trait::async_trait;
use prost::{Message, Name};
use redress_domain::{ComplaintId, TenantId};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::convert::{ConvertError, from_wire_time};
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1::{Category, ComplaintState, PartyKind, Severity, Submission};
use sqlx::postgres::PgConnection;

use super::telemetry;
use crate::domain::assessed::Assessed;
use crate::domain::course::{Course, Registration, Step};
use crate::domain::state::State;
use crate::store::course;

/// The handler of the lifecycle's topic.
#[derive(Debug, Clone, Copy)]
pub struct CountLifecycle;

#[async_trait]
impl BatchHandler for CountLifecycle {
    type Event = Step;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Step>, DecodeError> {
        step(&meta.event_type, payload)
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Step>]) -> Result<(), HandlerError> {
        let mut courses: BTreeMap<(TenantId, ComplaintId), Course> = batch
            .iter()
            .map(|d| ((d.meta.tenant.clone(), ComplaintId::from_uuid(d.meta.subject)), Course::default()))
            .collect();
        course::load(conn, &mut courses).await?;
        let mut understood = Vec::new();
        for delivery in batch {
            let id = (delivery.meta.tenant.clone(), ComplaintId::from_uuid(delivery.meta.subject));
            let course = courses.entry(id).or_default();
            let known = course.assessed.is_some();
            course.follow(&delivery.event, delivery.meta.occurred_at);
            if !known && course.assessed.is_some() {
                understood.extend(
                    course.registration.as_ref().map(|it| (it.received_at, delivery.meta.occurred_at)),
                );
            }
        }
        course::save(conn, &courses).await?;
        for delivery in batch {
            telemetry::followed(&delivery.event);
        }
        for (received, at) in understood {
            telemetry::understood(received, at);
        }
        Ok(())
    }
}

/// What an event of the lifecycle means here; none if nothing is counted of it.
fn step(event_type: &str, payload: &[u8]) -> Result<Option<Step>, DecodeError> {
    let is = |name: String| event_type == name;
    let step = if is(wire::ComplaintRegistered::full_name()) {
        Step::Registered(Box::new(registration(wire::ComplaintRegistered::decode(payload)?)?))
    } else if is(wire::ComplaintAdvanced::full_name()) {
        Step::Moved(state(wire::ComplaintAdvanced::decode(payload)?.to())?)
    } else if is(wire::ComplaintUnmerged::full_name()) {
        Step::Moved(state(wire::ComplaintUnmerged::decode(payload)?.to())?)
    } else if is(wire::CaseResumed::full_name()) {
        Step::Moved(state(wire::CaseResumed::decode(payload)?.to())?)
    } else if is(wire::ReferralConcluded::full_name()) {
        Step::Moved(state(wire::ReferralConcluded::decode(payload)?.to())?)
    } else if is(wire::AdmissibilityReviewStarted::full_name()) {
        let review = wire::AdmissibilityReviewStarted::decode(payload)?;
        Step::Reviewed(assessed(review.category(), review.severity(), review.urgent))
    } else if is(wire::AssessmentApplied::full_name()) {
        let applied = wire::AssessmentApplied::decode(payload)?;
        let assessed = assessed(applied.category(), applied.severity(), applied.urgent);
        Step::Assessed(assessed.ok_or_else(|| DecodeError::new("category or severity does not fit"))?)
    } else if is(wire::ComplaintClosed::full_name()) {
        let closed = wire::ComplaintClosed::decode(payload)?;
        Step::Closed { outcome: closed.outcome, cause: closed.cause }
    } else {
        return Ok(step_by_type(event_type));
    };
    Ok(Some(step))
}

/// The events whose name says all that is counted of them.
fn step_by_type(event_type: &str) -> Option<Step> {
    let name = event_type.strip_prefix("redress.intake.v1.")?;
    Some(match name {
        "CompletionRequested" => Step::Moved(State::AwaitingCompletion),
        "CompletionSupplied" => Step::Moved(State::Received),
        "RefusalReviewRequested" => Step::Moved(State::AdmissibilityReview),
        "ComplaintReferred" => Step::Moved(State::Referred),
        "CaseSuspended" => Step::Moved(State::Suspended),
        "ComplaintReopened" => Step::Moved(State::Investigating),
        "ComplaintAccepted" => Step::Accepted,
        "ComplaintRefused" => Step::Refused,
        "ComplaintLapsed" => Step::Lapsed,
        "ComplaintWithdrawn" => Step::Withdrawn,
        "ComplaintMerged" => Step::Merged,
        "SubmissionDeduplicated" => Step::Resubmitted,
        _ => return None,
    })
}

/// An assessment that is told in full; a review may begin without one.
fn assessed(category: Category, severity: Severity, urgent: bool) -> Option<Assessed> {
    Some(Assessed { category: category.try_into().ok()?, severity: severity.try_into().ok()?, urgent })
}

/// Also reads what intake may add later: a state that this version does not know is refused by name, not guessed.
fn state(wire: ComplaintState) -> Result<State, DecodeError> {
    State::ALL
        .iter()
        .copied()
        .find(|state| wire_state(*state) == wire)
        .ok_or_else(|| DecodeError::new("the state is none that this version knows"))
}

/// A state's name on the wire.
pub fn wire_state(state: State) -> ComplaintState {
    use ComplaintState as Wire;
    match state {
        State::Received => Wire::Received,
        State::AwaitingCompletion => Wire::AwaitingCompletion,
        State::AdmissibilityReview => Wire::AdmissibilityReview,
        State::NotAccepted => Wire::NotAccepted,
        State::Accepted => Wire::Accepted,
        State::DirectNegotiation => Wire::DirectNegotiation,
        State::Investigating => Wire::Investigating,
        State::PlanReview => Wire::PlanReview,
        State::Mediating => Wire::Mediating,
        State::Ruling => Wire::Ruling,
        State::Executing => Wire::Executing,
        State::ResultNotified => Wire::ResultNotified,
        State::UnderAppeal => Wire::UnderAppeal,
        State::Closed => Wire::Closed,
        State::Withdrawn => Wire::Withdrawn,
        State::Merged => Wire::Merged,
        State::Referred => Wire::Referred,
        State::Suspended => Wire::Suspended,
    }
}

fn registration(message: wire::ComplaintRegistered) -> Result<Registration, DecodeError> {
    let time = |field: &'static str, time: Option<pbjson_types::Timestamp>| {
        let time = time.ok_or_else(|| DecodeError::new(format!("{field} is missing")))?;
        from_wire_time(&time).map_err(|error: ConvertError| DecodeError::new(format!("{field}: {error}")))
    };
    let received_at = time("received_at", message.received_at)?;
    let acknowledge_by = time("acknowledge_by", message.acknowledge_by)?;
    let submission = message.submission.ok_or_else(|| DecodeError::new("submission is missing"))?;
    let live = submission.live.as_ref();
    Ok(Registration {
        received_at,
        acknowledge_by,
        channel: submission.channel().try_into().map_err(|_| DecodeError::new("channel does not fit"))?,
        complainant_index: Some(message.complainant_index).filter(|index| !index.is_empty()),
        merchant: respondent(&submission, PartyKind::Merchant),
        anchor: live
            .and_then(|live| told(&live.anchor_id))
            .or_else(|| respondent(&submission, PartyKind::Anchor)),
        live_room: live.and_then(|live| told(&live.room_id)),
    })
}

/// The first respondent of a kind that has a reference.
fn respondent(submission: &Submission, kind: PartyKind) -> Option<String> {
    let mut of_kind = submission.respondents.iter().filter(|respondent| respondent.kind() == kind);
    of_kind.find_map(|respondent| told(&respondent.external_ref))
}

fn told(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_name_on_the_wire_and_the_zero_value_has_none() {
        for &known in State::ALL {
            let wire = wire_state(known);
            assert_eq!(wire.as_str_name(), format!("COMPLAINT_STATE_{}", known.code().to_uppercase()));
            assert_eq!(state(wire), Ok(known));
        }
        assert!(state(ComplaintState::Unspecified).is_err());
        // The other way round: the contract has no state that is not known here.
        let named = (1..).map_while(|number| ComplaintState::try_from(number).ok());
        assert_eq!(named.filter(|wire| state(*wire).is_ok()).count(), State::ALL.len());
        assert!(ComplaintState::try_from(i32::try_from(State::ALL.len()).unwrap() + 1).is_err());
    }

    #[test]
    fn every_event_of_the_contract_is_counted_or_knowingly_not() {
        let names = redress_proto::DESCRIPTORS;
        let set = <prost_types::FileDescriptorSet as Message>::decode(names).unwrap();
        let file = set.file.iter().find(|file| file.name() == "redress/intake/v1/events.proto").unwrap();
        // They change nothing that is counted.
        let passed_over = [
            "SubmissionAccepted",
            "SubmissionConflicted",
            "FactRefused",
            "MatterSplit",
            "ComplaintTransferred",
            "ComplaintEscalated",
        ];
        for message in &file.message_type {
            let counted = !matches!(step(&format!("redress.intake.v1.{}", message.name()), &[]), Ok(None));
            assert_ne!(counted, passed_over.contains(&message.name()), "{}", message.name());
        }
    }
}
