//! A case as resolution holds it: what intake and investigation told, and what was decided here.

use jiff::Timestamp;
use redress_domain::{
    Category, ComplaintId, Currency, Money, Origin, PartyKind, Problem, Severity, TenantId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::appeal::Appeal;
use super::guard::{Refusal, require};
use super::liability::Determination;
use super::party::{LiableParty, PartyRef, Respondent};
use super::proposal::Proposal;
use super::report::Report;
use super::ruling::{Outcome, Ruling};
use super::sanction::Sanction;
use super::settlement::{DecisionState, Settlement};
use super::state::State;
use super::terms::{Measure, RemedyTerms};
use super::window::Reached;

/// What the registration told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The number for people.
    pub complaint_no: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// Subject of the token that submitted it.
    pub submitted_by: String,
    /// Who brought it in.
    pub origin: Origin,
    /// What the complainant is.
    pub complainant_kind: PartyKind,
    /// Whom it is directed at.
    pub respondents: Vec<Respondent>,
    /// The order; may be empty.
    pub order_no: String,
    /// The currency of the order, if it was told.
    pub currency: Option<Currency>,
    /// What was paid for it, if that was told.
    #[serde(default)]
    pub paid: Option<Money>,
}

impl Facts {
    /// Whether the platform answers for itself: other people than those who decided handle it (F141).
    pub fn is_against_platform(&self) -> bool {
        self.respondents.iter().any(|respondent| respondent.kind == PartyKind::Platform)
    }
}

/// What happened since, apart from what has a record of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
// What an earlier release did not write is as if it had not happened.
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that came or did not")]
pub struct Course {
    /// The category, once reviewed.
    pub category: Option<Category>,
    /// Whether it is urgent.
    pub urgent: bool,
    /// Who answers for it.
    pub handler: String,
    /// Everybody who worked on the facts.
    pub investigators: Vec<String>,
    /// The latest round of investigation that was concluded.
    pub investigation: Option<Uuid>,
    /// How many conclusions investigation told: who worked on the facts is known as of these.
    pub conclusions_read: u32,
    /// How many the lifecycle has moved on.
    pub conclusions_taken: u32,
    /// By when the respondent is to answer in a negotiation (C10).
    pub negotiation_due: Option<Timestamp>,
    /// When the case came to its latest result: where appeal windows begin, unless it reached a party later.
    pub decided_at: Option<Timestamp>,
    /// What reached the parties of its decisions and results: where their windows begin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<Reached>,
    /// What the case came to, once something was settled or ruled.
    pub outcome: Option<Outcome>,
    /// Whether there is proof that the result reached the complainant (N12).
    pub notice_delivered: bool,
    /// Whether the handling report of the latest result was issued.
    pub report_issued: bool,
    /// Whether the objection window of the latest result has passed (C26).
    pub window_over: bool,
    /// Whether the complainant has answered the latest result.
    pub result_answered: bool,
    /// Whether the ruling to come is on money that failed while everything else was carried out (T24).
    pub ruling_on_failure: bool,
    /// Who made the decision that a merchant disputes (F141).
    pub contested_deciders: Vec<String>,
    /// Who may not be impartial, as declared in the investigation (L06). Nobody comes off this list.
    pub recused: Vec<String>,
}

/// A case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The tenant.
    pub tenant: TenantId,
    /// The complaint.
    pub id: ComplaintId,
    /// Where the lifecycle stands, as far as was heard.
    pub state: State,
    /// How grave it is.
    pub severity: Severity,
    /// Keyed hash of the complainant; empty if unknown.
    pub complainant_index: Vec<u8>,
    /// The version that callers name: counts every change.
    pub version: i64,
    /// Version of the last event on our topic.
    pub stream_version: i64,
    /// Length and last hash of the chain of offers.
    pub chain: (u32, String),
    /// What the registration told.
    pub facts: Facts,
    /// What happened since.
    pub course: Course,
    /// Who answers, in the order of deciding.
    pub liability: Vec<Determination>,
    /// The proposals, in the order of drafting.
    pub proposals: Vec<Proposal>,
    /// The settlements.
    pub settlements: Vec<Settlement>,
    /// The rulings.
    pub rulings: Vec<Ruling>,
    /// The appeals.
    pub appeals: Vec<Appeal>,
    /// The reports.
    pub reports: Vec<Report>,
    /// The recommendations.
    pub sanctions: Vec<Sanction>,
}

impl Case {
    /// Whether the case stands in one of `states`.
    pub fn require_state(&self, states: &[State]) -> Result<(), Problem> {
        if states.contains(&self.state) { Ok(()) } else { Err(Refusal::wrong_state(self.state, states)) }
    }

    /// Who is recused does nothing more here (L06); who made the disputed decision does not handle the dispute, and in a
    /// dispute with the platform they must be known (F141).
    pub fn require_impartial(&self, subject: &str) -> Result<(), Problem> {
        self.require_not_recused(subject)?;
        let named = !self.course.contested_deciders.is_empty();
        require(named || !self.facts.is_against_platform(), Refusal::DecidersNotNamed)?;
        let decided = self.course.contested_deciders.iter().any(|decider| decider == subject);
        require(!decided, Refusal::ContestedDecider)
    }

    /// Who is recused does nothing more here (L06).
    pub fn require_not_recused(&self, subject: &str) -> Result<(), Problem> {
        require(!self.course.recused.iter().any(|recused| recused == subject), Refusal::Recused)
    }

    /// What is paid goes to the complainant, a respondent or the platform, and what nobody agreed to is charged to one
    /// of these or to whom the determination names: whoever was never heard neither pays nor gains.
    ///
    /// # Errors
    /// [`Refusal::PayeeNotAParty`], [`Refusal::PayerNotAParty`].
    pub fn require_parties(&self, terms: &[RemedyTerms], imposed: bool) -> Result<(), Problem> {
        let moved = |terms: &&RemedyTerms| terms.kind.measure() != Measure::Deed;
        require(
            terms.iter().filter(moved).all(|terms| self.is_party(&terms.payee)),
            Refusal::PayeeNotAParty,
        )?;
        let answers = |payer: &PartyRef| {
            self.is_party(payer)
                || self
                    .determination()
                    .is_some_and(|one| one.shares.iter().any(|share| share.party == *payer))
        };
        require(!imposed || terms.iter().all(|terms| answers(&terms.payer)), Refusal::PayerNotAParty)
    }

    /// Whether somebody is a side of the case, or the platform. A case has one complainant, whose reference is sealed:
    /// only businesses may be named by it.
    fn is_party(&self, who: &PartyRef) -> bool {
        let complainant = LiableParty::of_kind(self.facts.complainant_kind);
        let is_business = !matches!(complainant, LiableParty::Consumer | LiableParty::OtherUser);
        let complains = who.party == complainant && (who.reference.is_empty() || is_business);
        let responds = |respondent: &Respondent| {
            LiableParty::of_kind(respondent.kind) == who.party
                && (who.reference.is_empty() || who.reference == respondent.reference)
        };
        who.party == LiableParty::Platform || complains || self.facts.respondents.iter().any(responds)
    }

    /// The latest determination.
    pub fn determination(&self) -> Option<&Determination> {
        self.liability.last()
    }

    /// The proposal of that id.
    pub fn proposal_mut(&mut self, id: Uuid) -> Result<&mut Proposal, Problem> {
        self.proposals.iter_mut().find(|proposal| proposal.id == id).ok_or_else(Problem::not_found)
    }

    /// Whether a settlement or ruling waits for the lifecycle or a second person.
    pub fn has_pending_decision(&self) -> bool {
        let pending = |state| matches!(state, DecisionState::Pending | DecisionState::AwaitingSecond);
        self.settlements.iter().any(|one| pending(one.state))
            || self.rulings.iter().any(|one| pending(one.state))
    }

    /// The ids of everything that orders remedies by a decision.
    pub fn decisions(&self) -> Vec<Uuid> {
        let settlements = self.settlements.iter().map(|one| one.id);
        settlements
            .chain(self.rulings.iter().map(|one| one.id))
            .chain(self.appeals.iter().map(|one| one.id))
            .collect()
    }

    /// Outcome and cause as codes; the cause is unknown where nobody determined liability. None without an outcome.
    pub fn closing(&self) -> Option<(&'static str, &'static str)> {
        self.closing_with(None)
    }

    /// The same with `outcome` in the place of the case's, if there is one.
    pub fn closing_with(&self, outcome: Option<Outcome>) -> Option<(&'static str, &'static str)> {
        let cause = self.determination().map_or("unknown", |determination| determination.cause.code());
        outcome.or(self.course.outcome).map(|outcome| (outcome.code(), cause))
    }

    /// Money in another currency than the order's, or in several within one option, is refused.
    pub fn currency_fits(&self, terms: &[RemedyTerms]) -> bool {
        let fits = |terms: &RemedyTerms| match (terms.amount, self.facts.currency) {
            (Some(amount), Some(currency)) => amount.currency == currency,
            _ => true,
        };
        !super::terms::is_mixed(terms) && terms.iter().all(fits)
    }
}
