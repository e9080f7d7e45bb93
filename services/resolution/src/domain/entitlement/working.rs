//! A calculation on its way: every step is noted with the rule it rests on.

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan as _};
use redress_domain::{ErrorKind, Money, Problem};

use super::facts::EntitlementKind;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was looked at, as a code.
    pub step: &'static str,
    /// What came of it, in plain words, with what went in.
    pub explanation: String,
    /// The rule, as rule@version.
    pub rule: String,
}

/// What came of a calculation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    /// Which.
    pub kind: EntitlementKind,
    /// Whether the claim stands.
    pub entitled: bool,
    /// How much; absent where it is no money or does not stand.
    pub amount: Option<Money>,
    /// Why, as codes.
    pub reasons: Vec<&'static str>,
    /// Until when it can be claimed, or by when it is to be fulfilled.
    pub until: Option<Timestamp>,
    /// Every step.
    pub trace: Vec<Step>,
    /// The rule whose parameters were used, as rule@version.
    pub parameters: String,
}

pub(super) struct Working {
    result: Entitlement,
    refused: bool,
    offset: Offset,
}

impl Working {
    pub(super) fn new(kind: EntitlementKind, rule: &str, offset: Offset) -> Self {
        let result = Entitlement {
            kind,
            entitled: false,
            amount: None,
            reasons: Vec::new(),
            until: None,
            trace: Vec::new(),
            parameters: rule.to_owned(),
        };
        Self { result, refused: false, offset }
    }

    /// Notes a step.
    pub(super) fn note(&mut self, step: &'static str, explanation: impl Into<String>) {
        let rule = self.result.parameters.clone();
        self.result.trace.push(Step { step, explanation: explanation.into(), rule });
    }

    /// Notes a reason that speaks for the claim, or qualifies it.
    pub(super) fn because(&mut self, reason: &'static str) {
        self.result.reasons.push(reason);
    }

    /// Notes a reason against the claim, with the step that showed it. The steps after it are still taken: a person
    /// sees all that stands against a claim at once.
    pub(super) fn against(&mut self, step: &'static str, reason: &'static str, explanation: &str) {
        self.note(step, explanation);
        self.because(reason);
        self.refused = true;
    }

    pub(super) fn amount(&mut self, amount: Option<Money>) {
        self.result.amount = amount;
    }

    pub(super) fn until(&mut self, until: Timestamp) {
        self.result.until = Some(until);
    }

    /// 24:00 of the last of `days` days, not counting the one of `event` (L14, L42).
    pub(super) fn closing(&self, event: Timestamp, days: u32) -> Timestamp {
        let last = self.offset.to_datetime(event).date().saturating_add(i64::from(days).days());
        let midnight = last.saturating_add(1.day()).to_datetime(jiff::civil::Time::midnight());
        self.offset.to_timestamp(midnight).unwrap_or(Timestamp::MAX)
    }

    /// A day as people of the place call it.
    pub(super) fn day(&self, at: Timestamp) -> String {
        at.to_zoned(TimeZone::fixed(self.offset)).strftime("%Y-%m-%d").to_string()
    }

    /// The last day that ends at `closing`.
    pub(super) fn last_day(&self, closing: Timestamp) -> String {
        self.day(closing.saturating_sub(1.second()).unwrap_or(closing))
    }

    /// What came of it. A claim that something stands against has no amount.
    pub(super) fn finish(mut self) -> Entitlement {
        self.result.entitled = !self.refused;
        if self.refused {
            self.result.amount = None;
        }
        self.result
    }
}

/// An amount in words: major units with two digits, as of the currencies that are calculated with.
pub(super) fn shown(amount: Money) -> String {
    format!("{}.{:02} {}", amount.amount_minor / 100, amount.amount_minor % 100, amount.currency)
}

/// `multiple` times an amount.
pub(super) fn times(amount: Money, multiple: u32) -> Result<Money, Problem> {
    let product = amount.amount_minor.checked_mul(i64::from(multiple)).ok_or_else(overflow)?;
    Ok(Money { amount_minor: product, ..amount })
}

/// Two amounts together.
pub(super) fn plus(one: Money, other: Money) -> Result<Money, Problem> {
    let sum = one.amount_minor.checked_add(other.amount_minor).ok_or_else(overflow)?;
    Ok(Money { amount_minor: sum, ..one })
}

fn overflow() -> Problem {
    Problem::new(ErrorKind::InvalidArgument, "AMOUNT_OVERFLOW", "the result is no amount that could be paid")
}
