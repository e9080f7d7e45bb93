//! What the lifecycle's other events mean to a case's way to a person.

use std::collections::BTreeMap;

use jiff::Timestamp;
use prost::{Message, Name};
use redress_domain::{TenantId, whole_microseconds};
use redress_outbox::{DecodeError, Delivery};
use redress_proto::intake::v1 as intake;
use redress_proto::types::v1::ComplaintState;
use uuid::Uuid;

use super::{Happened, Supplied};

/// Reads a message by its name; none for what makes no difference here.
pub(super) fn read(event_type: &str, payload: &[u8]) -> Result<Option<Happened>, DecodeError> {
    let is = |name: String| event_type == name;
    Ok(if is(intake::CompletionSupplied::full_name()) {
        let message = intake::CompletionSupplied::decode(payload)?;
        Some(Happened::Completed(Box::new(Supplied::of(message))))
    } else if is(intake::ComplaintAdvanced::full_name()) {
        now_in(intake::ComplaintAdvanced::decode(payload)?.to())
    } else if is(intake::ComplaintUnmerged::full_name()) {
        now_in(intake::ComplaintUnmerged::decode(payload)?.to())
    } else if is(intake::CaseResumed::full_name()) {
        now_in(intake::CaseResumed::decode(payload)?.to())
    } else if is(intake::ReferralConcluded::full_name()) {
        now_in(intake::ReferralConcluded::decode(payload)?.to())
    } else if is(intake::ComplaintLapsed::full_name())
        || is(intake::ComplaintRefused::full_name())
        || is(intake::ComplaintMerged::full_name())
        || is(intake::ComplaintWithdrawn::full_name())
        || is(intake::ComplaintReferred::full_name())
        || is(intake::ComplaintClosed::full_name())
    {
        Some(Happened::Ended)
    } else if is(intake::RefusalReviewRequested::full_name()) || is(intake::ComplaintReopened::full_name()) {
        Some(Happened::Reopened)
    } else {
        None
    })
}

/// What it means that a case stands in a state now: an appeal brings a closed one back, and one that mediation handed to an
/// outside body keeps nobody busy. A halted case stays with whoever has it.
fn now_in(state: ComplaintState) -> Option<Happened> {
    match state {
        ComplaintState::NotAccepted
        | ComplaintState::Closed
        | ComplaintState::Withdrawn
        | ComplaintState::Merged
        | ComplaintState::Referred => Some(Happened::Ended),
        ComplaintState::Received
        | ComplaintState::AwaitingCompletion
        | ComplaintState::AdmissibilityReview
        | ComplaintState::Accepted
        | ComplaintState::DirectNegotiation
        | ComplaintState::Investigating
        | ComplaintState::PlanReview
        | ComplaintState::Mediating
        | ComplaintState::Ruling
        | ComplaintState::Executing
        | ComplaintState::ResultNotified
        | ComplaintState::UnderAppeal => Some(Happened::Reopened),
        // A state of a newer version tells nothing here.
        ComplaintState::Suspended | ComplaintState::Unspecified => None,
    }
}

/// Whether a complaint needs somebody, and since when.
pub(super) type Settled = (TenantId, Uuid, bool, Timestamp);

/// Whether each complaint of the batch needs somebody, one turn after another: a case that ended and came back within a
/// batch is nobody's, as if the batch had been cut between. A turn has each complaint once; most batches have one.
pub(super) fn settled(batch: &[Delivery<Happened>]) -> Vec<Vec<Settled>> {
    let mut turns: BTreeMap<(&TenantId, Uuid), Vec<(bool, Timestamp)>> = BTreeMap::new();
    for delivery in batch {
        let needed = match &*delivery.event {
            Happened::Registered(_) | Happened::Completed(_) => continue,
            Happened::Ended => false,
            Happened::Reopened => true,
        };
        let at = whole_microseconds(delivery.meta.occurred_at);
        let own = turns.entry((&delivery.meta.tenant, delivery.meta.subject)).or_default();
        // Said twice in a row it changes nothing.
        if own.last().is_none_or(|(before, _)| *before != needed) {
            own.push((needed, at));
        }
    }
    let most = turns.values().map(Vec::len).max().unwrap_or_default();
    let turn = |place: usize| {
        let at_place = turns.iter().filter_map(|((tenant, id), own)| {
            own.get(place).map(|(needed, at)| ((*tenant).clone(), *id, *needed, *at))
        });
        at_place.collect()
    };
    (0..most).map(turn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advanced(from: ComplaintState, to: ComplaintState) -> Option<Happened> {
        let event =
            intake::ComplaintAdvanced { from: from.into(), to: to.into(), fact: "AppealFiled".into() };
        read(&intake::ComplaintAdvanced::full_name(), &event.encode_to_vec()).unwrap()
    }

    #[test]
    fn an_appealed_closing_needs_somebody_and_a_referred_case_nobody() {
        use ComplaintState::{Closed, Executing, Mediating, Referred, Suspended, UnderAppeal};
        assert!(matches!(advanced(Closed, UnderAppeal), Some(Happened::Reopened)));
        assert!(matches!(advanced(Mediating, Referred), Some(Happened::Ended)));
        assert!(matches!(advanced(UnderAppeal, Closed), Some(Happened::Ended)));
        assert!(advanced(Executing, Suspended).is_none());
    }

    #[test]
    fn what_an_outside_body_has_ended_is_not_offered_again() {
        let concluded = |to: ComplaintState| {
            let event = intake::ReferralConcluded { to: to.into() };
            read(&intake::ReferralConcluded::full_name(), &event.encode_to_vec()).unwrap()
        };
        assert!(matches!(concluded(ComplaintState::Closed), Some(Happened::Ended)));
        assert!(matches!(concluded(ComplaintState::Investigating), Some(Happened::Reopened)));
    }
}
