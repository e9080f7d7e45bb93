//! Why a command was refused, and what would make it acceptable.

use redress_domain::{ErrorKind, Problem};
use thiserror::Error;

use super::state::StateKind;
use redress_domain::coded_enum;

/// The state does not know this step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("`{step}` is not possible in state `{}`", .from.map_or("none", StateKind::code))]
pub struct InvalidTransition {
    /// The state; `None` where there is no complaint yet.
    pub from: Option<StateKind>,
    /// The command's code or the event's name.
    pub step: &'static str,
}

/// Why a command was refused. A refused command changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Not in this state, whoever asks.
    #[error(transparent)]
    Transition(#[from] InvalidTransition),
    /// In this state, but not so.
    #[error("{}", .0.satisfied_by())]
    Guard(GuardReason),
}

impl From<GuardReason> for Refusal {
    fn from(reason: GuardReason) -> Self {
        Self::Guard(reason)
    }
}

impl Refusal {
    /// Stable code for programs, upper snake case.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Transition(_) => "INVALID_TRANSITION",
            Self::Guard(reason) => reason.code(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::Guard(GuardReason::ActorNotEntitled) => ErrorKind::PermissionDenied,
            _ => ErrorKind::FailedPrecondition,
        };
        let problem = Self::new(kind, refusal.code(), refusal.to_string());
        match refusal {
            Refusal::Transition(InvalidTransition { from: Some(from), .. }) => {
                problem.with("state", from.code())
            }
            _ => problem,
        }
    }
}

coded_enum! {
    /// The guard that refused.
    GuardReason {
        /// The capacity does not stand in the command's column "by".
        ActorNotEntitled = "ACTOR_NOT_ENTITLED",
        /// T01
        TenantInactive = "TENANT_INACTIVE",
        /// T01
        KeySeen = "IDEMPOTENCY_KEY_SEEN",
        /// T02
        NothingMissing = "NOTHING_MISSING",
        /// T03
        SenderNotParty = "SENDER_NOT_PARTY",
        /// T04
        CompletionNotDue = "COMPLETION_NOT_DUE",
        /// T04
        ReminderNotSent = "REMINDER_NOT_SENT",
        /// T05
        AssessmentMissing = "ASSESSMENT_MISSING",
        /// T06
        OutOfScope = "OUT_OF_SCOPE",
        /// T06
        ConflictOfInterest = "CONFLICT_OF_INTEREST",
        /// T06
        HandlerMissing = "HANDLER_MISSING",
        /// T06
        RuleMayNotAccept = "RULE_MAY_NOT_ACCEPT",
        /// T06, T07, T29, T31, T35, and assessments of what a person has looked at
        HumanRequired = "HUMAN_REQUIRED",
        /// T07
        SupervisorRequired = "SUPERVISOR_REQUIRED",
        /// T07
        ReasonNotForPersons = "REASON_NOT_FOR_PERSONS",
        /// T07
        NoticeIncomplete = "NOTICE_INCOMPLETE",
        /// T08
        ReviewWindowOver = "REVIEW_WINDOW_OVER",
        /// T08
        ReviewerMissing = "REVIEWER_MISSING",
        /// T06, T07, T08, T29 (I10)
        ReviewerIsDecider = "REVIEWER_IS_DECIDER",
        /// T17 (I10)
        ReviewerIsAuthor = "REVIEWER_IS_AUTHOR",
        /// T25, T27, T29, T34 (F005)
        OutcomeMissing = "OUTCOME_MISSING",
        /// T27
        ObjectionWindowOpen = "OBJECTION_WINDOW_OPEN",
        /// T27
        NoticeNotDelivered = "NOTICE_NOT_DELIVERED",
        /// T27
        ReportMissing = "REPORT_MISSING",
        /// T09–T29: the code of a fact that came in a state that does not take it.
        FactNotInState = "FACT_NOT_IN_STATE",
        /// T30
        GroupConsentMissing = "GROUP_CONSENT_MISSING",
        /// T30
        SafetyLeadOpen = "SAFETY_LEAD_OPEN",
        /// T31
        MergeIntoItself = "MERGE_INTO_ITSELF",
        /// T31
        MergeTargetNotOpen = "MERGE_TARGET_NOT_OPEN",
        /// T31
        MergeConsentMissing = "MERGE_CONSENT_MISSING",
        /// T31
        LabelsIncompatible = "LABELS_INCOMPATIBLE",
        /// T32
        UnmergeWindowOver = "UNMERGE_WINDOW_OVER",
        /// T33
        ShareConsentMissing = "SHARE_CONSENT_MISSING",
        /// T35
        SecondPersonRequired = "SECOND_PERSON_REQUIRED",
        /// T35
        ReviewDateNotAhead = "REVIEW_DATE_NOT_AHEAD",
        /// T36
        RetentionOver = "RETENTION_OVER",
        /// T37
        TransferNotAcknowledged = "TRANSFER_NOT_ACKNOWLEDGED",
        /// T37
        ComplainantNotTold = "COMPLAINANT_NOT_TOLD",
        /// T38
        ReasonNotForRole = "REASON_NOT_FOR_ROLE",
        /// T38
        HighestLevel = "HIGHEST_LEVEL",
        /// T39
        SplitIntoItself = "SPLIT_INTO_ITSELF",
        /// T39
        LabelMissing = "LABEL_MISSING",
        /// T39
        ClocksMissing = "CLOCKS_MISSING",
    }
}

impl GuardReason {
    /// What would satisfy the guard: a sentence for people.
    pub const fn satisfied_by(self) -> &'static str {
        match self {
            Self::ActorNotEntitled => "someone in another capacity must do this",
            Self::TenantInactive => "the tenant must be active",
            Self::KeySeen => "a new submission needs a key of its own",
            Self::NothingMissing => "at least one missing field must be named",
            Self::SenderNotParty => "the sender must be a party of the complaint",
            Self::CompletionNotDue => "the time for the completion that is open must have passed",
            Self::ReminderNotSent => "the complainant must have been reminded in time",
            Self::AssessmentMissing => "the complaint must have been assessed",
            Self::OutOfScope => "the matter must be this platform's",
            Self::ConflictOfInterest => "someone without an interest in the matter must handle it",
            Self::HandlerMissing => "a handler or staff number must be named",
            Self::RuleMayNotAccept => "a person must accept, or the tenant's profile must let a rule do it",
            Self::HumanRequired => "a person must decide this",
            Self::SupervisorRequired => "a supervisor must decide on a reason of abuse",
            Self::ReasonNotForPersons => "the reason is given by the clock alone; another one must be named",
            Self::NoticeIncomplete => "the notice must state the facts, the rule and the other routes",
            Self::ReviewWindowOver => "the request must come within the review window",
            Self::ReviewerMissing => "somebody must be named who reviews",
            Self::ReviewerIsDecider => "someone who has not decided before must review",
            Self::ReviewerIsAuthor => "someone other than the plan's author must approve it",
            Self::OutcomeMissing => "a closing needs its outcome and cause",
            Self::ObjectionWindowOpen => "the objection window must be over",
            Self::NoticeNotDelivered => "the result must have reached the complainant",
            Self::ReportMissing => "the handling report must have been issued",
            Self::FactNotInState => "the fact must come while the complaint is in a state that takes it",
            Self::GroupConsentMissing => "the members of the joint complaint must consent",
            Self::SafetyLeadOpen => "the safety lead must be spun off first",
            Self::MergeIntoItself => "the target must be another complaint",
            Self::MergeTargetNotOpen => "the target must be open",
            Self::MergeConsentMissing => "both must be the same complainant's, or all must consent",
            Self::LabelsIncompatible => "the confidentiality labels must be compatible",
            Self::UnmergeWindowOver => "a merge can be undone only within its window",
            Self::ShareConsentMissing => "the complainant must consent to the data being shared",
            Self::SecondPersonRequired => "a second person must agree",
            Self::ReviewDateNotAhead => "the day of review must lie ahead",
            Self::RetentionOver => "the file must still be kept",
            Self::TransferNotAcknowledged => "the accepting unit must have acknowledged",
            Self::ComplainantNotTold => "the complainant must have been told",
            Self::ReasonNotForRole => {
                "a complainant goes over the handler's head; other reasons are for staff"
            }
            Self::HighestLevel => "the case must stand below the level that is called, and below the highest",
            Self::SplitIntoItself => "the part must become another complaint",
            Self::LabelMissing => "the part needs a confidentiality label of its own",
            Self::ClocksMissing => "the part needs clocks of its own",
        }
    }
}
