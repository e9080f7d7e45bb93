//! The states of the main region, each with the data that its own transitions need.

use jiff::Timestamp;
use jiff::civil::Date;
use redress_domain::ComplaintId;
use serde::{Deserialize, Serialize};

use super::code::Code;
use super::reasons::{Outcome, RefusalReason, SuspensionReason};
use redress_domain::coded_enum;

coded_enum! {
    /// The name of a state.
    StateKind {
        /// 已登记
        Received = "received",
        /// 待补正
        AwaitingCompletion = "awaiting_completion",
        /// 受理审查
        AdmissibilityReview = "admissibility_review",
        /// 不予受理
        NotAccepted = "not_accepted",
        /// 已受理
        Accepted = "accepted",
        /// 双方协商
        DirectNegotiation = "direct_negotiation",
        /// 调查取证
        Investigating = "investigating",
        /// 方案内审
        PlanReview = "plan_review",
        /// 调解协商
        Mediating = "mediating",
        /// 裁决中
        Ruling = "ruling",
        /// 执行中
        Executing = "executing",
        /// 已反馈待确认
        ResultNotified = "result_notified",
        /// 申诉复核
        UnderAppeal = "under_appeal",
        /// 已结案
        Closed = "closed",
        /// 已撤诉
        Withdrawn = "withdrawn",
        /// 已并案
        Merged = "merged",
        /// 转外部处理
        Referred = "referred",
        /// 中止
        Suspended = "suspended",
    }
}

impl StateKind {
    /// Whether the state ends the case: every case clock stops. Each end but withdrawal has one way back (T08, T28,
    /// T32, T36).
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::NotAccepted | Self::Closed | Self::Withdrawn | Self::Merged)
    }

    /// Whether the case goes on ("any open" of the transition table).
    pub const fn is_open(self) -> bool {
        !self.is_terminal()
    }
}

/// A state with its data. Persons are the pseudonyms of [`Actor::subject`](super::Actor).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "data", rename_all = "snake_case", deny_unknown_fields)]
pub enum State {
    /// Registered, or completed and to be looked at again.
    Received,
    /// Mandatory particulars are asked from the complainant.
    AwaitingCompletion {
        /// What is missing: paths of fields.
        missing: Vec<String>,
        /// When it was asked.
        asked_at: Timestamp,
    },
    /// Is it for us to handle?
    AdmissibilityReview {
        /// Who refused before. They do not decide again (I10).
        deciders: Vec<String>,
    },
    /// Refused, or lapsed for want of completion.
    NotAccepted {
        /// Why.
        reason: RefusalReason,
        /// The last instant to ask for a review.
        review_until: Timestamp,
        /// Who refused, the latest last; nobody if the clock did.
        deciders: Vec<String>,
    },
    /// Taken on.
    Accepted {
        /// The handler or staff number told to the complainant (F022).
        handler: String,
    },
    /// The parties talk to each other first.
    DirectNegotiation,
    /// Facts and evidence are gathered.
    Investigating,
    /// The plan is looked at by another person before it goes out (F149).
    PlanReview {
        /// Whose plan it is.
        author: String,
    },
    /// The parties look for agreement on a proposal.
    Mediating,
    /// Someone decides.
    Ruling,
    /// What was agreed or decided is carried out.
    Executing {
        /// Who decided; nobody where the parties agreed.
        decider: Option<String>,
    },
    /// The complainant has the result and may object.
    ResultNotified {
        /// The earliest instant at which silence counts as consent.
        objection_until: Timestamp,
        /// Who decided; nobody where the parties agreed.
        decider: Option<String>,
    },
    /// The decision is looked at by someone else.
    UnderAppeal {
        /// Whose decision it is; nobody where the parties had agreed.
        decider: Option<String>,
    },
    /// Ended with an outcome.
    Closed {
        /// What it came to.
        outcome: Outcome,
        /// Where the cause lay.
        cause: Code,
        /// When.
        closed_at: Timestamp,
        /// Who decided; nobody where the parties agreed.
        decider: Option<String>,
    },
    /// Taken back by the complainant.
    Withdrawn,
    /// Goes on as part of another complaint.
    Merged {
        /// The complaint that goes on.
        into: ComplaintId,
        /// The last instant to undo it.
        unmerge_until: Timestamp,
        /// Where it would go on by itself.
        former: Box<State>,
    },
    /// With an outside body.
    Referred {
        /// Which.
        body: Code,
    },
    /// Stands still for a formal reason.
    Suspended {
        /// Why.
        reason: SuspensionReason,
        /// The day on which two people look again whether the reason still holds.
        review_on: Date,
        /// Where it goes on.
        former: Box<State>,
    },
}

impl State {
    /// The state's name.
    pub const fn kind(&self) -> StateKind {
        match self {
            Self::Received => StateKind::Received,
            Self::AwaitingCompletion { .. } => StateKind::AwaitingCompletion,
            Self::AdmissibilityReview { .. } => StateKind::AdmissibilityReview,
            Self::NotAccepted { .. } => StateKind::NotAccepted,
            Self::Accepted { .. } => StateKind::Accepted,
            Self::DirectNegotiation => StateKind::DirectNegotiation,
            Self::Investigating => StateKind::Investigating,
            Self::PlanReview { .. } => StateKind::PlanReview,
            Self::Mediating => StateKind::Mediating,
            Self::Ruling => StateKind::Ruling,
            Self::Executing { .. } => StateKind::Executing,
            Self::ResultNotified { .. } => StateKind::ResultNotified,
            Self::UnderAppeal { .. } => StateKind::UnderAppeal,
            Self::Closed { .. } => StateKind::Closed,
            Self::Withdrawn => StateKind::Withdrawn,
            Self::Merged { .. } => StateKind::Merged,
            Self::Referred { .. } => StateKind::Referred,
            Self::Suspended { .. } => StateKind::Suspended,
        }
    }
}
