//! What intake tells, as far as investigation is concerned.

use jiff::Timestamp;
use prost::{Message, Name};
use redress_domain::{Category, Severity, TenantId, whole_microseconds};
use redress_outbox::DecodeError;
use redress_proto::convert::from_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::types::v1::{self as types, Submission};
use uuid::Uuid;

use super::super::wire::read_complaint_state;
use crate::domain::case::{Case, ComplaintState, State, TaskGroup};
use crate::store::case::{self, CaseFile};

/// Something that happened to a complaint.
#[derive(Debug)]
pub enum Happened {
    /// It was registered (T01).
    Registered(Box<Registered>),
    /// Its labels are known, or others.
    Assessed {
        /// The category, if it is told.
        category: Option<Category>,
        /// The severity, if it is told.
        severity: Option<Severity>,
        /// Whether it is urgent.
        urgent: bool,
    },
    /// It is taken up (T06).
    Accepted {
        /// Staff number of the handler, or the queue that answers for it.
        handler: String,
    },
    /// It stands elsewhere, by a command to intake.
    Moved {
        /// Where.
        to: ComplaintState,
        /// What happened, as a code.
        code: &'static str,
    },
    /// It stands elsewhere, by a fact of another service.
    Advanced {
        /// Where.
        to: ComplaintState,
        /// The fact.
        fact: String,
    },
    /// Something that belongs into the course of events.
    Noted {
        /// What, as a code.
        code: &'static str,
    },
    /// A fact could not be taken.
    Refused {
        /// The fact.
        fact: String,
        /// Where the complaint stands.
        state: ComplaintState,
    },
}

/// A registered complaint.
#[derive(Debug)]
pub struct Registered {
    received_at: Timestamp,
    submitted_by: String,
    submission: Submission,
    complainant_index: Vec<u8>,
    wrapped_key: Vec<u8>,
}

fn unfit(field: &'static str) -> DecodeError {
    DecodeError::new(format!("{field} does not fit"))
}

impl Happened {
    /// Reads a message by its name; none for what is no matter of investigation's.
    ///
    /// # Errors
    /// If it does not say what its contract promises.
    pub fn read(event_type: &str, payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        let is = |name: String| event_type == name;
        if let Some(moved) = moved(&is) {
            return Ok(Some(moved));
        }
        let happened = if is(intake::ComplaintRegistered::full_name()) {
            Self::Registered(Box::new(Registered::read(intake::ComplaintRegistered::decode(payload)?)?))
        } else if is(intake::AdmissibilityReviewStarted::full_name()) {
            let m = intake::AdmissibilityReviewStarted::decode(payload)?;
            assessed(m.category(), m.severity(), m.urgent)
        } else if is(intake::AssessmentApplied::full_name()) {
            let m = intake::AssessmentApplied::decode(payload)?;
            assessed(m.category(), m.severity(), m.urgent)
        } else if is(intake::ComplaintAccepted::full_name()) {
            Self::Accepted { handler: intake::ComplaintAccepted::decode(payload)?.handler }
        } else if is(intake::ComplaintAdvanced::full_name()) {
            let m = intake::ComplaintAdvanced::decode(payload)?;
            Self::Advanced { to: state(m.to())?, fact: m.fact }
        } else if is(intake::FactRefused::full_name()) {
            let m = intake::FactRefused::decode(payload)?;
            Self::Refused { state: state(m.state())?, fact: m.fact }
        } else if is(intake::ComplaintUnmerged::full_name()) {
            let to = state(intake::ComplaintUnmerged::decode(payload)?.to())?;
            Self::Moved { to, code: "complaint_unmerged" }
        } else if is(intake::ReferralConcluded::full_name()) {
            let to = state(intake::ReferralConcluded::decode(payload)?.to())?;
            Self::Moved { to, code: "referral_concluded" }
        } else if is(intake::CaseResumed::full_name()) {
            let to = state(intake::CaseResumed::decode(payload)?.to())?;
            Self::Moved { to, code: "case_resumed" }
        } else {
            return Ok(None);
        };
        Ok(Some(happened))
    }
}

/// Messages whose name says all.
fn moved(is: &impl Fn(String) -> bool) -> Option<Happened> {
    let to = |to, code| Happened::Moved { to, code };
    let table = [
        (
            intake::CompletionRequested::full_name(),
            to(ComplaintState::AwaitingCompletion, "completion_requested"),
        ),
        (intake::CompletionSupplied::full_name(), to(ComplaintState::Received, "completion_supplied")),
        (intake::ComplaintLapsed::full_name(), to(ComplaintState::NotAccepted, "complaint_lapsed")),
        (intake::ComplaintRefused::full_name(), to(ComplaintState::NotAccepted, "complaint_refused")),
        (
            intake::RefusalReviewRequested::full_name(),
            to(ComplaintState::AdmissibilityReview, "refusal_review_requested"),
        ),
        (intake::ComplaintMerged::full_name(), to(ComplaintState::Merged, "complaint_merged")),
        (intake::ComplaintWithdrawn::full_name(), to(ComplaintState::Withdrawn, "complaint_withdrawn")),
        (intake::ComplaintReferred::full_name(), to(ComplaintState::Referred, "complaint_referred")),
        (intake::ComplaintClosed::full_name(), to(ComplaintState::Closed, "complaint_closed")),
        (intake::ComplaintReopened::full_name(), to(ComplaintState::Investigating, "complaint_reopened")),
        (intake::CaseSuspended::full_name(), to(ComplaintState::Suspended, "case_suspended")),
        (intake::ComplaintTransferred::full_name(), Happened::Noted { code: "complaint_transferred" }),
        (intake::ComplaintEscalated::full_name(), Happened::Noted { code: "complaint_escalated" }),
    ];
    table.into_iter().find(|(name, _)| is(name.clone())).map(|(_, happened)| happened)
}

fn assessed(category: types::Category, severity: types::Severity, urgent: bool) -> Happened {
    Happened::Assessed { category: category.try_into().ok(), severity: severity.try_into().ok(), urgent }
}

fn state(state: types::ComplaintState) -> Result<ComplaintState, DecodeError> {
    read_complaint_state(state).ok_or_else(|| unfit("state"))
}

impl Registered {
    fn read(message: intake::ComplaintRegistered) -> Result<Self, DecodeError> {
        let received_at = message.received_at.ok_or_else(|| unfit("received_at"))?;
        let received_at = from_wire_time(&received_at).map_err(|_| unfit("received_at"))?;
        Ok(Self {
            received_at: whole_microseconds(received_at),
            submitted_by: message.submitted_by,
            submission: message.submission.ok_or_else(|| unfit("submission"))?,
            complainant_index: message.complainant_index,
            wrapped_key: message.sealed.ok_or_else(|| unfit("sealed"))?.wrapped_key,
        })
    }

    /// The case that begins with it.
    pub(super) fn file(&self, tenant: &TenantId, id: Uuid) -> CaseFile {
        CaseFile {
            tenant: tenant.clone(),
            id,
            case: Case {
                complaint_state: ComplaintState::Received,
                category: None,
                severity: None,
                urgent: false,
                received_at: self.received_at,
                ordered_at: case::ordered_at(&self.submission),
                live: self.submission.live.is_some(),
                respondents: case::respondents(&self.submission),
                handler: String::new(),
                group: TaskGroup::default(),
                state: State::NotOpened,
                round: 0,
                investigation_id: None,
                opened_at: None,
                issues: Vec::new(),
                concluded_at: None,
                concluded_by: String::new(),
                ended_reason: String::new(),
                incident: None,
            },
            submission: self.submission.clone(),
            wrapped_key: self.wrapped_key.clone(),
            complainant_index: self.complainant_index.clone(),
            submitted_by: self.submitted_by.clone(),
            assigned: String::new(),
            plan: Vec::new(),
            conclusion: Vec::new(),
            concluded_version: 0,
            stream_version: 0,
            entries: 0,
        }
    }
}
