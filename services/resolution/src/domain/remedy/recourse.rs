//! What the platform claims back of what it paid first (L43).

use jiff::Timestamp;
use redress_domain::{Money, Problem, Violations};
use uuid::Uuid;

use super::{Remedy, RemedyState, refused};
use crate::domain::party::{LiableParty, PartyRef};
use crate::domain::terms::RemedyType;

/// Made, and not paid yet.
pub const CLAIMED: &str = "claimed";
/// Paid.
pub const SETTLED: &str = "settled";
/// Claimed no more.
pub const GIVEN_UP: &str = "given_up";

/// A claim against whoever should have paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its id.
    pub id: Uuid,
    /// The remedy that was advanced.
    pub remedy: Uuid,
    /// Against whom.
    pub debtor: PartyRef,
    /// How much.
    pub amount: Money,
    /// Where it stands: `claimed`, `settled`, `given_up`.
    pub state: String,
    /// Who claimed it.
    pub claimed_by: String,
    /// When.
    pub claimed_at: Timestamp,
    /// The reference of its payment; empty unless it is settled.
    pub reference: String,
    /// Why it was given up; empty otherwise.
    pub reason: String,
}

impl Claim {
    /// Whether it counts against its debtor: nobody owes what was given up.
    pub fn stands(&self) -> bool {
        self.state != GIVEN_UP
    }

    /// It is over: paid under a reference, or given up for a reason. Who made it does not say so (I10).
    ///
    /// # Errors
    /// `RECOURSE_SETTLED`, where it is over already; `SETTLER_IS_CLAIMANT`.
    pub fn settle(&mut self, by: &str, reference: &str, reason: &str) -> Result<(), Problem> {
        if self.state != CLAIMED {
            return Err(refused("RECOURSE_SETTLED", "the claim is over", "a claim that is open"));
        }
        if self.claimed_by == by {
            let message = "who made a claim does not say what became of it";
            return Err(refused("SETTLER_IS_CLAIMANT", message, "another person"));
        }
        let state = if reference.is_empty() { GIVEN_UP } else { SETTLED };
        state.clone_into(&mut self.state);
        reference.clone_into(&mut self.reference);
        reason.clone_into(&mut self.reason);
        Ok(())
    }
}

/// Who owes the platform, and how much at most, for what it paid first: in the payer's place, or as a ruling ordered after
/// somebody's payment had failed.
///
/// # Errors
/// `NOT_ADVANCED`, where the platform paid nothing first, or nobody is known to whom it has recourse.
pub fn owed(remedy: &Remedy, remedies: &[Remedy], claims: &[Claim]) -> Result<(PartyRef, Money), Problem> {
    let nothing = || refused("NOT_ADVANCED", "the platform has not paid this first", "an advanced remedy");
    let paid = remedy.terms.amount.ok_or_else(nothing)?;
    let of_this = claims.iter().filter(|claim| claim.stands() && claim.remedy == remedy.id);
    let left = paid.amount_minor - of_this.map(|claim| claim.amount.amount_minor).sum::<i64>();
    match (remedy.state, remedy.terms.kind) {
        (RemedyState::AdvancedByPlatform, _) => {
            Ok((remedy.terms.payer.clone(), Money { amount_minor: left, ..paid }))
        }
        (RemedyState::Confirmed, RemedyType::PlatformAdvancePayment) => {
            let failed = |other: &&Remedy| {
                other.state == RemedyState::Failed
                    && other.terms.payee == remedy.terms.payee
                    && other.terms.payer.party != LiableParty::Platform
                    && other.terms.amount.is_some_and(|amount| amount.currency == paid.currency)
            };
            let debtor =
                remedies.iter().find(failed).map(|one| one.terms.payer.clone()).ok_or_else(nothing)?;
            // What the platform paid beyond what was owed to it is its own affair.
            let owes = remedies.iter().filter(failed).filter(|one| one.terms.payer == debtor);
            let owed: i64 = owes.filter_map(|one| one.terms.amount).map(|amount| amount.amount_minor).sum();
            let advanced_otherwise = |claim: &&Claim| {
                remedies
                    .iter()
                    .any(|one| one.id == claim.remedy && one.state == RemedyState::AdvancedByPlatform)
            };
            let against = claims.iter().filter(|claim| claim.stands() && claim.debtor == debtor);
            let claimed: i64 = against
                .filter(|claim| !advanced_otherwise(claim))
                .map(|claim| claim.amount.amount_minor)
                .sum();
            Ok((debtor, Money { amount_minor: left.min(owed - claimed), ..paid }))
        }
        _ => Err(nothing()),
    }
}

/// How much is claimed: what was asked, or all that is left.
///
/// # Errors
/// `RECOURSE_EXHAUSTED`, where all was claimed; a violation, where more than is left or another currency is asked.
pub fn claimed(asked: Option<Money>, left: Money) -> Result<Money, Problem> {
    if left.amount_minor <= 0 {
        return Err(refused("RECOURSE_EXHAUSTED", "all that was paid first is claimed", "nothing"));
    }
    let asked = asked.unwrap_or(left);
    let mut found = Violations::default();
    if asked.currency != left.currency {
        found.add("amount.currency", "WRONG_CURRENCY", format!("{} is expected", left.currency));
    } else if !(1..=left.amount_minor).contains(&asked.amount_minor) {
        let description = format!("1 to {} minor units are left to claim", left.amount_minor);
        found.add("amount.amountMinor", "OUT_OF_RANGE", description);
    }
    if found.is_empty() { Ok(asked) } else { Err(Problem::invalid(found)) }
}
