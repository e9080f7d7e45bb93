//! What the platform claims back of what it paid first (L43).

use jiff::Timestamp;
use redress_domain::{Money, Problem, Violations};
use uuid::Uuid;

use super::{Remedy, RemedyState, refused};
use crate::domain::party::{LiableParty, PartyRef};
use crate::domain::terms::RemedyType;

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
}

/// Who owes the platform, and how much at most, for what it paid first: in the payer's place, or as a ruling ordered after
/// somebody's payment had failed.
///
/// # Errors
/// `NOT_ADVANCED`, where the platform paid nothing first, or nobody is known to whom it has recourse.
pub fn owed(remedy: &Remedy, remedies: &[Remedy], claims: &[Claim]) -> Result<(PartyRef, Money), Problem> {
    let nothing = || refused("NOT_ADVANCED", "the platform has not paid this first", "an advanced remedy");
    let debtor = match (remedy.state, remedy.terms.kind) {
        (RemedyState::AdvancedByPlatform, _) => remedy.terms.payer.clone(),
        (RemedyState::Confirmed, RemedyType::PlatformAdvancePayment) => {
            let failed = |other: &&Remedy| {
                other.state == RemedyState::Failed
                    && other.terms.payee == remedy.terms.payee
                    && other.terms.payer.party != LiableParty::Platform
            };
            remedies.iter().find(failed).map(|other| other.terms.payer.clone()).ok_or_else(nothing)?
        }
        _ => return Err(nothing()),
    };
    let paid = remedy.terms.amount.ok_or_else(nothing)?;
    let claimed: i64 =
        claims.iter().filter(|claim| claim.remedy == remedy.id).map(|claim| claim.amount.amount_minor).sum();
    Ok((debtor, Money { amount_minor: paid.amount_minor - claimed, ..paid }))
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
