//! What has happened. Events carry results, not the way to them: a replay needs neither rules nor windows, and a rule
//! that changes later rewrites no history.

use jiff::Timestamp;
use jiff::civil::Date;
use redress_domain::{ComplaintId, Matter};
use serde::{Deserialize, Serialize};

use super::assessment::Assessment;
use super::code::Code;
use super::fact::{Closing, Fact, FactKind};
use super::reasons::{EscalationReason, Outcome, RefusalReason, ReopenGround, SuspensionReason};
use super::refusal::GuardReason;
use super::regions::Level;
use super::state::{State, StateKind};

/// An event of the lifecycle. Time, actor and kind of decider travel beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", content = "data", deny_unknown_fields)]
pub enum Event {
    /// T01.
    ComplaintRegistered {
        /// The complaint.
        complaint: ComplaintId,
    },
    /// T02.
    CompletionRequested {
        /// Paths of the fields asked for.
        missing: Vec<String>,
        /// When.
        asked_at: Timestamp,
    },
    /// T03.
    CompletionSupplied {
        /// Paths of the fields supplied.
        supplied: Vec<String>,
    },
    /// T04.
    ComplaintLapsed {
        /// The last instant to ask for a review.
        review_until: Timestamp,
    },
    /// T05: the review rests on this assessment.
    AdmissibilityReviewStarted(Assessment),
    /// Category, severity or urgency changed outside T05.
    AssessmentApplied(Assessment),
    /// T06.
    ComplaintAccepted {
        /// The handler or staff number.
        handler: String,
    },
    /// T07.
    ComplaintRefused {
        /// Why.
        reason: RefusalReason,
        /// The rule with its version.
        rule: Code,
        /// Who decided.
        decider: String,
        /// The last instant to ask for a review.
        review_until: Timestamp,
    },
    /// T08.
    RefusalReviewRequested {
        /// Who will review.
        reviewer: String,
    },
    /// T09–T29: a fact was taken. `from` and `to` may be the same state: then only a region moved.
    ComplaintAdvanced {
        /// The state before.
        from: StateKind,
        /// The state after.
        to: State,
        /// What moved it.
        fact: Fact,
    },
    /// A fact could not be taken; its owner must undo or close its own side.
    FactRefused {
        /// Which.
        fact: FactKind,
        /// The state it met.
        state: StateKind,
        /// Why not.
        reason: GuardReason,
    },
    /// T25, T27, T29, T34: always the companion of the event that closed, for those to whom only the end matters.
    ComplaintClosed {
        /// What it came to.
        outcome: Outcome,
        /// Where the cause lay.
        cause: Code,
    },
    /// T30.
    ComplaintWithdrawn,
    /// T31.
    ComplaintMerged {
        /// The complaint that goes on.
        into: ComplaintId,
        /// The last instant to undo it.
        unmerge_until: Timestamp,
    },
    /// T32.
    ComplaintUnmerged {
        /// Why.
        reason: Code,
    },
    /// T33.
    ComplaintReferred {
        /// The outside body.
        body: Code,
    },
    /// T34.
    ReferralConcluded {
        /// What it came to, and when; absent where a remedy is to be carried out.
        closed: Option<ReferralEnd>,
    },
    /// T35.
    CaseSuspended {
        /// Why.
        reason: SuspensionReason,
        /// The second person.
        second: String,
        /// The day on which the reason is looked at again.
        review_on: Date,
    },
    /// T35.
    CaseResumed {
        /// The second person.
        second: String,
    },
    /// T36.
    ComplaintReopened {
        /// Why.
        ground: ReopenGround,
    },
    /// T37.
    ComplaintTransferred {
        /// The unit that took over.
        unit: Code,
    },
    /// T38, and T24 where no advance payment follows.
    ComplaintEscalated {
        /// The level reached.
        level: Level,
        /// Why.
        reason: EscalationReason,
    },
    /// T39.
    MatterSplit {
        /// The complaint made of the part.
        child: ComplaintId,
        /// What kind of matter it is.
        matter: Matter,
        /// Its confidentiality label.
        label: Code,
    },
}

/// The end of a case that an outside body dealt with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferralEnd {
    /// What it came to.
    pub closing: Closing,
    /// When.
    pub closed_at: Timestamp,
}

impl Event {
    /// The assessment that counts from this event on, if it brings one.
    pub const fn assessment(&self) -> Option<&Assessment> {
        match self {
            Self::AdmissibilityReviewStarted(assessment) | Self::AssessmentApplied(assessment) => {
                Some(assessment)
            }
            _ => None,
        }
    }

    /// The name of the message that is published for it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ComplaintRegistered { .. } => "ComplaintRegistered",
            Self::CompletionRequested { .. } => "CompletionRequested",
            Self::CompletionSupplied { .. } => "CompletionSupplied",
            Self::ComplaintLapsed { .. } => "ComplaintLapsed",
            Self::AdmissibilityReviewStarted(_) => "AdmissibilityReviewStarted",
            Self::AssessmentApplied(_) => "AssessmentApplied",
            Self::ComplaintAccepted { .. } => "ComplaintAccepted",
            Self::ComplaintRefused { .. } => "ComplaintRefused",
            Self::RefusalReviewRequested { .. } => "RefusalReviewRequested",
            Self::ComplaintAdvanced { .. } => "ComplaintAdvanced",
            Self::FactRefused { .. } => "FactRefused",
            Self::ComplaintClosed { .. } => "ComplaintClosed",
            Self::ComplaintWithdrawn => "ComplaintWithdrawn",
            Self::ComplaintMerged { .. } => "ComplaintMerged",
            Self::ComplaintUnmerged { .. } => "ComplaintUnmerged",
            Self::ComplaintReferred { .. } => "ComplaintReferred",
            Self::ReferralConcluded { .. } => "ReferralConcluded",
            Self::CaseSuspended { .. } => "CaseSuspended",
            Self::CaseResumed { .. } => "CaseResumed",
            Self::ComplaintReopened { .. } => "ComplaintReopened",
            Self::ComplaintTransferred { .. } => "ComplaintTransferred",
            Self::ComplaintEscalated { .. } => "ComplaintEscalated",
            Self::MatterSplit { .. } => "MatterSplit",
        }
    }
}
