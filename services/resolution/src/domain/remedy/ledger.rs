//! The money of a case (I12): ordered = executed + advanced + failed + pending + cancelled.

use std::collections::BTreeMap;

use redress_domain::Money;

use super::recourse::{Claim, SETTLED};
use super::{Purse, Remedy, RemedyState};

/// The money of a case in one currency, minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Line {
    /// Ordered.
    pub ordered: i64,
    /// Paid by whoever had to.
    pub executed: i64,
    /// Paid by the platform first.
    pub advanced: i64,
    /// Given up.
    pub failed: i64,
    /// Still to be paid, or nobody knows yet.
    pub pending: i64,
    /// Not needed any more.
    pub cancelled: i64,
    /// Of what was executed or advanced: taken back afterwards.
    pub reversed: i64,
    /// Of what was advanced: claimed from whoever should have paid, and not given up.
    pub recourse: i64,
    /// Of what was claimed: paid.
    pub recovered: i64,
    /// In none of these: paid by the executor after a person had settled or given up the remedy, and not taken back.
    pub late: i64,
}

impl Line {
    /// Whether every amount is somewhere, and none in two places.
    pub const fn adds_up(&self) -> bool {
        let everywhere = self.executed + self.advanced + self.failed + self.pending + self.cancelled;
        self.late == 0 && self.ordered == everywhere && self.reversed <= self.executed + self.advanced
    }
}

/// A line per currency, in the order of their codes; `late` are the payments that moved beside the sums.
pub fn lines(remedies: &[Remedy], claims: &[Claim], late: &[Money]) -> BTreeMap<String, Line> {
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    for remedy in remedies {
        let Some(amount) = remedy.terms.amount else { continue };
        let (line, minor) = (lines.entry(amount.currency.to_string()).or_default(), amount.amount_minor);
        line.ordered += minor;
        let place = match (remedy.state, remedy.purse) {
            (RemedyState::Ordered | RemedyState::Dispatched | RemedyState::Parked, _) => &mut line.pending,
            (RemedyState::Confirmed | RemedyState::Reversed, Purse::Payer) => &mut line.executed,
            (RemedyState::AdvancedByPlatform, _)
            | (RemedyState::Confirmed | RemedyState::Reversed, Purse::Platform) => &mut line.advanced,
            (RemedyState::Failed, _) => &mut line.failed,
            (RemedyState::Cancelled, _) => &mut line.cancelled,
        };
        *place += minor;
        if remedy.state == RemedyState::Reversed {
            line.reversed += minor;
        }
    }
    for paid in late {
        lines.entry(paid.currency.to_string()).or_default().late += paid.amount_minor;
    }
    for claim in claims.iter().filter(|claim| claim.stands()) {
        let line = lines.entry(claim.amount.currency.to_string()).or_default();
        line.recourse += claim.amount.amount_minor;
        if claim.state == SETTLED {
            line.recovered += claim.amount.amount_minor;
        }
    }
    lines
}
