//! Appeals (T28, T29): within the window, by either party, never refused for their form, decided outside the line.

use jiff::Timestamp;
use redress_domain::{Problem, coded_enum};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::guard::{Refusal, require};
use super::hearing::Reply;
use super::party::Side;
use super::ruling::Outcome;
use super::terms::RemedyTerms;

coded_enum! {
    /// Where an appeal stands.
    AppealState {
        /// Filed; the lifecycle has not moved yet.
        Filed = "filed",
        /// Under review.
        UnderReview = "under_review",
        /// Decided by one person in a major case; a second must confirm it.
        AwaitingSecond = "awaiting_second",
        /// Decided.
        Decided = "decided",
        /// The lifecycle could not take it.
        Void = "void",
    }
}

impl AppealState {
    /// Whether its end is still to come.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Filed | Self::UnderReview | Self::AwaitingSecond)
    }
}

coded_enum! {
    /// What came of an appeal.
    AppealOutcome {
        /// The decision stands.
        Uphold = "uphold",
        /// Another decision takes its place.
        Vary = "vary",
        /// It is taken back.
        Revoke = "revoke",
        /// Facts are to be found again.
        Remit = "remit",
    }
}

coded_enum! {
    /// Where a case goes after an appeal.
    AppealNext {
        /// Something is to be carried out.
        Execute = "execute",
        /// Facts are to be found again.
        Investigate = "investigate",
        /// Nothing more is to be done.
        Close = "close",
    }
}

/// A ground; its words are sealed apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    /// Its number, from 1.
    pub number: u32,
    /// What is complained of, as a code.
    pub code: String,
    /// New evidence for it.
    pub evidence: Vec<String>,
}

/// An appeal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appeal {
    /// Its id.
    pub id: Uuid,
    /// Who appeals.
    pub appellant: Side,
    /// Why; at least one ground.
    pub grounds: Vec<Ground>,
    /// Whether a person is asked for in the place of a machine (L25).
    pub human_required: bool,
    /// Where it stands.
    pub state: AppealState,
    /// When it was filed.
    pub filed_at: Timestamp,
    /// Until when the other parties are waited for; none where there is nobody to hear, or an earlier release took it.
    #[serde(default)]
    pub reply_until: Option<Timestamp>,
    /// What they replied, in the order of coming.
    #[serde(default)]
    pub replies: Vec<Reply>,
    /// Who decided; empty before.
    pub reviewer: String,
    /// Who confirmed it; empty unless four eyes are needed.
    #[serde(default)]
    pub seconded_by: String,
    /// What came of it.
    pub outcome: Option<AppealOutcome>,
    /// Where the case went.
    pub next: Option<AppealNext>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// What is to be done instead.
    pub terms: Vec<RemedyTerms>,
    /// What the case comes to by it; none leaves it as it was.
    pub case_outcome: Option<Outcome>,
    /// Whether it was filed by rejecting a result (T26).
    pub by_rejection: bool,
    /// Why it is void; empty otherwise.
    pub void_reason: String,
}

impl Appeal {
    /// It waits for a decision as if there had been none.
    pub fn forget_decision(&mut self) {
        self.reviewer.clear();
        self.seconded_by.clear();
        self.outcome = None;
        self.next = None;
        self.decided_at = None;
        self.terms.clear();
        self.case_outcome = None;
    }
}

/// Where the case goes. What stands and is still being carried out goes on; what was carried out is not begun again.
pub fn next(outcome: AppealOutcome, has_terms: bool, unsettled: bool) -> AppealNext {
    match outcome {
        AppealOutcome::Remit => AppealNext::Investigate,
        AppealOutcome::Vary | AppealOutcome::Revoke if has_terms => AppealNext::Execute,
        AppealOutcome::Uphold if unsettled => AppealNext::Execute,
        AppealOutcome::Uphold | AppealOutcome::Vary | AppealOutcome::Revoke => AppealNext::Close,
    }
}

/// Each ground is answered, and nothing else (N15).
pub fn check_answers(grounds: &[Ground], answered: &[u32]) -> Result<(), Problem> {
    let all = grounds.iter().all(|ground| answered.contains(&ground.number));
    require(all && answered.len() == grounds.len(), Refusal::GroundUnanswered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_still_carried_out_goes_on_and_what_is_remitted_is_investigated() {
        use AppealNext as Next;
        use AppealOutcome as Outcome;
        for (outcome, terms, unsettled, expected) in [
            (Outcome::Uphold, false, true, Next::Execute),
            (Outcome::Uphold, false, false, Next::Close),
            (Outcome::Vary, true, false, Next::Execute),
            (Outcome::Revoke, false, true, Next::Close),
            (Outcome::Revoke, true, false, Next::Execute),
            (Outcome::Remit, false, false, Next::Investigate),
        ] {
            assert_eq!(next(outcome, terms, unsettled), expected, "{outcome} {terms} {unsettled}");
        }
    }

    #[test]
    fn an_appeal_is_decided_by_an_answer_to_each_ground() {
        let ground = |number| Ground { number, code: "facts".into(), evidence: vec![] };
        let grounds = [ground(1), ground(2)];
        assert!(check_answers(&grounds, &[2, 1]).is_ok());
        for bad in [&[1][..], &[], &[1, 1], &[1, 3], &[1, 2, 3]] {
            assert!(check_answers(&grounds, bad).is_err(), "{bad:?}");
        }
    }
}
