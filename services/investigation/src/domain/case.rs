//! A complaint as investigation knows it.

use jiff::Timestamp;
use redress_domain::{Category, PartyKind, Severity, coded_enum};
use uuid::Uuid;

use super::Refusal;

coded_enum! {
    /// Where a complaint stands in intake's lifecycle (domain.md 2).
    ComplaintState {
        /// Registered.
        Received = "received",
        /// Missing details were asked for.
        AwaitingCompletion = "awaiting_completion",
        /// Whether it is taken up is being decided.
        AdmissibilityReview = "admissibility_review",
        /// Refused.
        NotAccepted = "not_accepted",
        /// Taken up.
        Accepted = "accepted",
        /// The parties negotiate.
        DirectNegotiation = "direct_negotiation",
        /// Facts are being found.
        Investigating = "investigating",
        /// A plan is under review.
        PlanReview = "plan_review",
        /// A proposal lies with the parties.
        Mediating = "mediating",
        /// A person decides.
        Ruling = "ruling",
        /// Remedies are carried out.
        Executing = "executing",
        /// The result was told.
        ResultNotified = "result_notified",
        /// An appeal is decided.
        UnderAppeal = "under_appeal",
        /// Closed.
        Closed = "closed",
        /// Withdrawn.
        Withdrawn = "withdrawn",
        /// Handled within another complaint.
        Merged = "merged",
        /// Handed to an outside body.
        Referred = "referred",
        /// Halted.
        Suspended = "suspended",
    }
}

impl ComplaintState {
    /// Whether nothing more is to be found out here. A referral is over as far as this service is concerned.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::NotAccepted | Self::Closed | Self::Withdrawn | Self::Merged | Self::Referred)
    }
}

coded_enum! {
    /// Where an investigation stands.
    State {
        /// Registered, not opened.
        NotOpened = "not_opened",
        /// Facts are being found.
        Open = "open",
        /// The facts are found.
        Concluded = "concluded",
        /// Over without a conclusion.
        Ended = "ended",
    }
}

/// Somebody the complaint is directed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Respondent {
    /// What kind of party.
    pub kind: PartyKind,
    /// The platform's own reference; empty if none was given.
    pub external_ref: String,
}

/// A task group (F057).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskGroup {
    /// Who leads it; empty if there is no group.
    pub lead: String,
    /// The department, as a code.
    pub department: String,
    /// The members, the lead included.
    pub members: Vec<String>,
}

impl TaskGroup {
    /// Whether there is one.
    pub fn exists(&self) -> bool {
        !self.lead.is_empty()
    }
}

/// A complaint and its investigation, without what hangs on it.
#[derive(Debug, Clone)]
pub struct Case {
    /// Where the complaint stands.
    pub complaint_state: ComplaintState,
    /// The category, once assessed.
    pub category: Option<Category>,
    /// The severity, once assessed.
    pub severity: Option<Severity>,
    /// Whether it is urgent.
    pub urgent: bool,
    /// When the complaint was received.
    pub received_at: Timestamp,
    /// When the order was placed, if the submission says so.
    pub ordered_at: Option<Timestamp>,
    /// Whether it is about a live session.
    pub live: bool,
    /// Whom it is directed at.
    pub respondents: Vec<Respondent>,
    /// Who leads the case; empty if nobody does.
    pub handler: String,
    /// The task group.
    pub group: TaskGroup,
    /// Where the investigation stands.
    pub state: State,
    /// How often it was opened.
    pub round: i32,
    /// The current round's id.
    pub investigation_id: Option<Uuid>,
    /// When the round was opened.
    pub opened_at: Option<Timestamp>,
    /// The points to decide, as codes.
    pub issues: Vec<String>,
    /// When it was concluded.
    pub concluded_at: Option<Timestamp>,
    /// Who concluded it; empty if nobody has.
    pub concluded_by: String,
    /// Why it ended without a conclusion, as a code; empty if it has not.
    pub ended_reason: String,
    /// The incident whose findings count here too.
    pub incident: Option<Uuid>,
}

impl Case {
    /// Whether it is a major case, which needs a task group and a plan.
    pub fn is_major(&self) -> bool {
        self.severity == Some(Severity::Major)
    }

    /// Whether the platform answers for itself: other people than those who decided handle it (F141).
    pub fn is_against_platform(&self) -> bool {
        self.respondents.iter().any(|respondent| respondent.kind == PartyKind::Platform)
    }

    /// Takes the case away from somebody who may do nothing more on it.
    pub fn step_down(&mut self, subject: &str) {
        if self.handler == subject {
            self.handler.clear();
        }
        if self.group.lead == subject {
            self.group.lead.clear();
        }
        self.group.members.retain(|member| member != subject);
    }

    /// Whether work on it may go on.
    ///
    /// # Errors
    /// If it is not open, or stands still.
    pub fn require_open(&self) -> Result<(), Refusal> {
        if self.state != State::Open {
            return Err(Refusal::NotOpen);
        }
        if self.complaint_state == ComplaintState::Suspended { Err(Refusal::Suspended) } else { Ok(()) }
    }

    /// Ends it without a conclusion. Whether something changed.
    pub fn end(&mut self, reason: &str) -> bool {
        if self.state != State::Open {
            return false;
        }
        self.state = State::Ended;
        reason.clone_into(&mut self.ended_reason);
        true
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A case of product quality that was accepted at noon.
    pub(crate) fn accepted() -> Case {
        Case {
            complaint_state: ComplaintState::Accepted,
            category: Some(Category::Cq01),
            severity: Some(Severity::General),
            urgent: false,
            received_at: "2026-11-25T04:00:00Z".parse().unwrap(),
            ordered_at: None,
            live: false,
            respondents: vec![Respondent { kind: PartyKind::Merchant, external_ref: "shop-1".into() }],
            handler: "handler-1".into(),
            group: TaskGroup::default(),
            state: State::NotOpened,
            round: 0,
            investigation_id: None,
            opened_at: None,
            issues: vec!["defect".into()],
            concluded_at: None,
            concluded_by: String::new(),
            ended_reason: String::new(),
            incident: None,
        }
    }

    #[test]
    fn work_goes_on_only_in_an_open_case_that_does_not_stand_still() {
        let mut case = accepted();
        assert_eq!(case.require_open(), Err(Refusal::NotOpen));
        case.state = State::Open;
        assert_eq!(case.require_open(), Ok(()));
        case.complaint_state = ComplaintState::Suspended;
        assert_eq!(case.require_open(), Err(Refusal::Suspended));
        assert!(case.end("withdrawn") && !case.end("closed"));
        assert_eq!(case.ended_reason, "withdrawn");
    }
}
