//! What other services report. They check their own guards; here is only what the lifecycle needs to know.

use serde::{Deserialize, Serialize};

use super::code::Code;
use super::reasons::{Outcome, TerminationReason};
use super::regions::Awaited;
use redress_domain::coded_enum;

/// What a case came to. Without it nothing closes (F005).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// The outcome.
    pub outcome: Outcome,
    /// Where the cause lay: an entry of the tenant's list of causes.
    pub cause: Code,
}

/// Where a case goes after an appeal was decided (T29).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum AfterAppeal {
    /// Something is to be carried out.
    Execute,
    /// Facts are to be found again.
    Investigate,
    /// Nothing more is to be done.
    Close {
        /// What the case came to.
        closing: Option<Closing>,
    },
}

coded_enum! {
    /// The name of a fact; the code is the name of the owner's event where there is one.
    FactKind {
        /// T04: clock C09 of sla ran out. It is no [`Fact`]: what follows has its own event, and only its refusal this name.
        CompletionDue = "ClockBreached",
        /// T09, of resolution.
        NegotiationOpened = "NegotiationOpened",
        /// T10 and T20, of resolution.
        SettlementReached = "SettlementReached",
        /// T11, of resolution, also when clock C10 ran out.
        PlatformInterventionRequested = "PlatformInterventionRequested",
        /// T12, of investigation.
        InvestigationOpened = "InvestigationOpened",
        /// T13, of investigation.
        EvidenceRequested = "EvidenceRequested",
        /// The answer to T13, of investigation.
        EvidenceSubmitted = "EvidenceSubmitted",
        /// T14, of investigation.
        EvidenceRequestLapsed = "EvidenceRequestLapsed",
        /// T15, of investigation.
        TestOrdered = "TestOrdered",
        /// The answer to T15, of investigation.
        TestReported = "TestReported",
        /// Another department is asked, of investigation.
        ConsultationRequested = "ConsultationRequested",
        /// It has answered, of investigation.
        ConsultationAnswered = "ConsultationAnswered",
        /// T16, of investigation.
        InvestigationConcluded = "InvestigationConcluded",
        /// T17, of resolution.
        PlanApproved = "PlanApproved",
        /// T18, of resolution.
        PlanReturned = "PlanReturned",
        /// T19, of resolution.
        ProposalRevised = "ProposalRevised",
        /// T21, of resolution, also when clock C21 ran out.
        MediationTerminated = "MediationTerminated",
        /// T22, of resolution.
        RulingIssued = "RulingIssued",
        /// T23, of resolution.
        RemedyExecuted = "RemedyExecuted",
        /// T24, of resolution.
        RemedyFailed = "RemedyFailed",
        /// T25, of resolution.
        ResultAccepted = "ResultAccepted",
        /// T26, of resolution.
        ResultRejected = "ResultRejected",
        /// T27: clock C26 ran out without an objection.
        ObjectionWindowEnded = "ObjectionWindowEnded",
        /// T28, of resolution.
        AppealFiled = "AppealFiled",
        /// T29, of resolution.
        AppealDecided = "AppealDecided",
        /// Of classification.
        AssignmentOffered = "AssignmentOffered",
        /// Of classification.
        AssignmentAccepted = "AssignmentAccepted",
        /// Of classification.
        AssignmentReturned = "AssignmentReturned",
    }
}

/// A fact with what the lifecycle takes from it. Who did it and when stands in the [`Act`](super::Act).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", content = "data")]
pub enum Fact {
    /// T09: the parties talk first.
    NegotiationOpened,
    /// T10, T20: both sides accepted the same revision.
    SettlementReached,
    /// T11: the platform is asked in, or the respondent was silent.
    PlatformInterventionRequested,
    /// T12.
    InvestigationOpened,
    /// T13.
    EvidenceRequested {
        /// Who is asked.
        party: Awaited,
    },
    /// A request of T13 was answered in full, or was cancelled.
    EvidenceSubmitted {
        /// Who answered.
        party: Awaited,
    },
    /// T14: a request was not answered in time.
    EvidenceRequestLapsed {
        /// Who was silent.
        party: Awaited,
    },
    /// T15: a test runs; its time does not count (L07).
    TestOrdered,
    /// The test of T15 was reported or abandoned.
    TestReported,
    /// Another department is asked for its view.
    ConsultationRequested,
    /// The department has answered.
    ConsultationAnswered,
    /// T16: the actor is the author of the plan that follows.
    InvestigationConcluded,
    /// T17: the actor is the reviewer.
    PlanApproved {
        /// A party does not want mediation (it is voluntary, L20): the case goes to a ruling.
        mediation_refused: bool,
    },
    /// T18: the actor is the reviewer.
    PlanReturned,
    /// T19: the actor is the author of the revision.
    ProposalRevised {
        /// Whether it stays within what the review approved; otherwise it is reviewed again.
        within_bounds: bool,
    },
    /// T21.
    MediationTerminated {
        /// Why (L08).
        reason: TerminationReason,
        /// The outside body that goes on with the case, if one does.
        referred_to: Option<Code>,
    },
    /// T22: the actor is the decider.
    RulingIssued {
        /// Whether something is to be carried out.
        remedy_ordered: bool,
    },
    /// T23.
    RemedyExecuted {
        /// Whether this was the last remedy of the case.
        all: bool,
    },
    /// T24.
    RemedyFailed {
        /// Whether an advance payment by the platform is to be ruled on (L43).
        advance_payment: bool,
    },
    /// T25.
    ResultAccepted {
        /// What the case came to.
        closing: Option<Closing>,
    },
    /// T26.
    ResultRejected {
        /// Whether the objection is an appeal; otherwise facts are found again.
        appeal: bool,
    },
    /// T27.
    ObjectionWindowEnded {
        /// Whether there is proof that the result reached the complainant.
        notice_delivered: bool,
        /// Whether the handling report was issued.
        report_issued: bool,
        /// What the case came to.
        closing: Option<Closing>,
    },
    /// T28.
    AppealFiled,
    /// T29: the actor is the reviewer.
    AppealDecided(AfterAppeal),
    /// The case is offered to someone.
    AssignmentOffered {
        /// To whom.
        to: String,
    },
    /// Someone has taken the case.
    AssignmentAccepted {
        /// Who.
        by: String,
    },
    /// Whoever had or was offered the case has given it back.
    AssignmentReturned,
}

impl Fact {
    /// The fact's name.
    pub const fn kind(&self) -> FactKind {
        match self {
            Self::NegotiationOpened => FactKind::NegotiationOpened,
            Self::SettlementReached => FactKind::SettlementReached,
            Self::PlatformInterventionRequested => FactKind::PlatformInterventionRequested,
            Self::InvestigationOpened => FactKind::InvestigationOpened,
            Self::EvidenceRequested { .. } => FactKind::EvidenceRequested,
            Self::EvidenceSubmitted { .. } => FactKind::EvidenceSubmitted,
            Self::EvidenceRequestLapsed { .. } => FactKind::EvidenceRequestLapsed,
            Self::TestOrdered => FactKind::TestOrdered,
            Self::TestReported => FactKind::TestReported,
            Self::ConsultationRequested => FactKind::ConsultationRequested,
            Self::ConsultationAnswered => FactKind::ConsultationAnswered,
            Self::InvestigationConcluded => FactKind::InvestigationConcluded,
            Self::PlanApproved { .. } => FactKind::PlanApproved,
            Self::PlanReturned => FactKind::PlanReturned,
            Self::ProposalRevised { .. } => FactKind::ProposalRevised,
            Self::MediationTerminated { .. } => FactKind::MediationTerminated,
            Self::RulingIssued { .. } => FactKind::RulingIssued,
            Self::RemedyExecuted { .. } => FactKind::RemedyExecuted,
            Self::RemedyFailed { .. } => FactKind::RemedyFailed,
            Self::ResultAccepted { .. } => FactKind::ResultAccepted,
            Self::ResultRejected { .. } => FactKind::ResultRejected,
            Self::ObjectionWindowEnded { .. } => FactKind::ObjectionWindowEnded,
            Self::AppealFiled => FactKind::AppealFiled,
            Self::AppealDecided(_) => FactKind::AppealDecided,
            Self::AssignmentOffered { .. } => FactKind::AssignmentOffered,
            Self::AssignmentAccepted { .. } => FactKind::AssignmentAccepted,
            Self::AssignmentReturned => FactKind::AssignmentReturned,
        }
    }
}
