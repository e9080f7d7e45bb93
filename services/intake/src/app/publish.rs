//! Lifecycle events as published messages.

use prost::{Message, Name};
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1 as types;

use crate::domain::lifecycle::{Event, RefusalReason, State, StateKind};

/// A message ready for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its full name.
    pub event_type: String,
    /// Its bytes.
    pub payload: Vec<u8>,
}

impl Published {
    /// The message as published.
    pub fn of<M: Message + Name>(message: &M) -> Self {
        Self { event_type: M::full_name(), payload: message.encode_to_vec() }
    }
}

/// The message of `event`, after which the complaint stands in `to`, with what was written to it, sealed; none for the
/// registration, whose message carries the submission and is the register's.
pub fn message(event: &Event, to: StateKind, sealed: Option<&types::Sealed>) -> Option<Published> {
    let to = state(to).into();
    Some(match event {
        Event::ComplaintRegistered { .. } => return None,
        Event::CompletionRequested { missing, .. } => {
            Published::of(&wire::CompletionRequested { missing: missing.clone() })
        }
        Event::CompletionSupplied { supplied } => {
            Published::of(&wire::CompletionSupplied { supplied: supplied.clone(), sealed: sealed.cloned() })
        }
        Event::ComplaintLapsed { review_until } => {
            Published::of(&wire::ComplaintLapsed { review_until: Some(to_wire_time(*review_until)) })
        }
        Event::AdmissibilityReviewStarted(assessment) => Published::of(&wire::AdmissibilityReviewStarted {
            assessment_id: assessment.id.to_string(),
            category: types::Category::from(assessment.category).into(),
            severity: types::Severity::from(assessment.severity).into(),
            urgent: assessment.urgent,
        }),
        Event::AssessmentApplied(assessment) => Published::of(&wire::AssessmentApplied {
            assessment_id: assessment.id.to_string(),
            category: types::Category::from(assessment.category).into(),
            severity: types::Severity::from(assessment.severity).into(),
            urgent: assessment.urgent,
        }),
        Event::ComplaintAccepted { handler } => {
            Published::of(&wire::ComplaintAccepted { handler: handler.clone() })
        }
        Event::ComplaintRefused { reason, rule, review_until, .. } => {
            Published::of(&wire::ComplaintRefused {
                reason: refusal_reason(*reason).into(),
                rule: rule.to_string(),
                review_until: Some(to_wire_time(*review_until)),
            })
        }
        Event::RefusalReviewRequested { reviewer } => {
            Published::of(&wire::RefusalReviewRequested { reviewer: reviewer.clone() })
        }
        Event::ComplaintAdvanced { from, to: after, fact } => Published::of(&wire::ComplaintAdvanced {
            from: state(*from).into(),
            to: state(State::kind(after)).into(),
            fact: fact.kind().code().to_owned(),
        }),
        Event::FactRefused { fact, state: met, reason } => Published::of(&wire::FactRefused {
            fact: fact.code().to_owned(),
            reason: reason.code().to_owned(),
            state: state(*met).into(),
        }),
        Event::ComplaintClosed { outcome, cause } => Published::of(&wire::ComplaintClosed {
            outcome: outcome.code().to_owned(),
            cause: cause.to_string(),
        }),
        Event::ComplaintWithdrawn => Published::of(&wire::ComplaintWithdrawn {}),
        Event::ComplaintMerged { into, unmerge_until } => Published::of(&wire::ComplaintMerged {
            into_complaint_id: into.to_string(),
            unmerge_until: Some(to_wire_time(*unmerge_until)),
        }),
        Event::ComplaintUnmerged { reason } => {
            Published::of(&wire::ComplaintUnmerged { to, reason: reason.to_string() })
        }
        Event::ComplaintReferred { body } => {
            Published::of(&wire::ComplaintReferred { route: body.to_string() })
        }
        Event::ReferralConcluded { .. } => Published::of(&wire::ReferralConcluded { to }),
        Event::CaseSuspended { reason, review_on, .. } => Published::of(&wire::CaseSuspended {
            reason: reason.code().to_owned(),
            review_on: review_on.to_string(),
        }),
        Event::CaseResumed { .. } => Published::of(&wire::CaseResumed { to }),
        Event::ComplaintReopened { ground } => {
            Published::of(&wire::ComplaintReopened { reason: ground.code().to_owned() })
        }
        Event::ComplaintTransferred { unit } => {
            Published::of(&wire::ComplaintTransferred { unit: unit.to_string() })
        }
        Event::ComplaintEscalated { level, reason } => Published::of(&wire::ComplaintEscalated {
            level: u32::from(level.number()),
            reason: reason.code().to_owned(),
        }),
        Event::MatterSplit { child, matter, label } => Published::of(&wire::MatterSplit {
            new_complaint_id: child.to_string(),
            matter: types::Matter::from(*matter).into(),
            label: label.to_string(),
        }),
    })
}

/// A state's name on the wire.
pub fn state(kind: StateKind) -> types::ComplaintState {
    use types::ComplaintState as Wire;
    match kind {
        StateKind::Received => Wire::Received,
        StateKind::AwaitingCompletion => Wire::AwaitingCompletion,
        StateKind::AdmissibilityReview => Wire::AdmissibilityReview,
        StateKind::NotAccepted => Wire::NotAccepted,
        StateKind::Accepted => Wire::Accepted,
        StateKind::DirectNegotiation => Wire::DirectNegotiation,
        StateKind::Investigating => Wire::Investigating,
        StateKind::PlanReview => Wire::PlanReview,
        StateKind::Mediating => Wire::Mediating,
        StateKind::Ruling => Wire::Ruling,
        StateKind::Executing => Wire::Executing,
        StateKind::ResultNotified => Wire::ResultNotified,
        StateKind::UnderAppeal => Wire::UnderAppeal,
        StateKind::Closed => Wire::Closed,
        StateKind::Withdrawn => Wire::Withdrawn,
        StateKind::Merged => Wire::Merged,
        StateKind::Referred => Wire::Referred,
        StateKind::Suspended => Wire::Suspended,
    }
}

/// The state of a name on the wire; none for the zero value.
pub fn state_of(wire: types::ComplaintState) -> Option<StateKind> {
    StateKind::ALL.iter().copied().find(|kind| state(*kind) == wire)
}

fn refusal_reason(reason: RefusalReason) -> wire::RefusalReason {
    use wire::RefusalReason as Wire;
    match reason {
        RefusalReason::NotCompetent => Wire::NotCompetent,
        RefusalReason::HandledElsewhere => Wire::HandledElsewhere,
        RefusalReason::NoDispute => Wire::NoDispute,
        RefusalReason::NotLivingConsumption => Wire::NotLivingConsumption,
        RefusalReason::OverThreeYears => Wire::OverThreeYears,
        RefusalReason::FalseOrMissingMaterial => Wire::FalseOrMissingMaterial,
        RefusalReason::IdentityNotVerifiable => Wire::IdentityNotVerifiable,
        RefusalReason::AbuseOrSpam => Wire::AbuseOrSpam,
        RefusalReason::DuplicateSettled => Wire::DuplicateSettled,
        RefusalReason::UnreasonableDemand => Wire::UnreasonableDemand,
        RefusalReason::Incomplete => Wire::Incomplete,
    }
}

/// The reason of a name on the wire; none for the zero value.
pub fn refusal_reason_of(wire: wire::RefusalReason) -> Option<RefusalReason> {
    RefusalReason::ALL.iter().copied().find(|reason| refusal_reason(*reason) == wire)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_every_reason_has_its_name_on_the_wire() {
        for &kind in StateKind::ALL {
            let wire = state(kind);
            assert_eq!(wire.as_str_name(), format!("COMPLAINT_STATE_{}", kind.code().to_uppercase()));
            assert_eq!(state_of(wire), Some(kind));
        }
        for &reason in RefusalReason::ALL {
            let wire = refusal_reason(reason);
            assert_eq!(wire.as_str_name(), format!("REFUSAL_REASON_{}", reason.code().to_uppercase()));
            assert_eq!(refusal_reason_of(wire), Some(reason));
        }
        assert_eq!(state_of(types::ComplaintState::Unspecified), None);
    }
}
