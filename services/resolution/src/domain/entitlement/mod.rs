//! What the law gives, calculated with every step told. Advice: nothing is ever applied by it (L44, L49).
//!
//! Amounts are minor units, multiplied and compared as integers with checked arithmetic; what would overflow is refused.
//! Only a partial refund can leave a remainder: it is rounded to the nearest minor unit, halves in the consumer's
//! favour. Days are counted without the day of the event and end at 24:00 of the last one (L14); a last day that is a
//! statutory holiday is moved by the calendar of clock C30, not here, and the trace says so.

mod amounts;
mod facts;
mod parameters;
mod terms;
mod working;

pub use facts::{EntitlementKind, Facts, GoodsClass};
pub use parameters::{Parameters, Shipped, ShippedError};
pub use working::{Entitlement, Step};

use jiff::Timestamp;
use redress_domain::{ErrorKind, Problem, Violations};

use working::Working;

/// Calculates `kind` from `facts` by the parameters in force at `at`.
///
/// # Errors
/// `INVALID_INPUT` names each fact that is needed and absent, of another currency, or out of range;
/// `NO_PARAMETERS_IN_FORCE` if nothing was in force then; `AMOUNT_OVERFLOW` if the result cannot be an amount.
pub fn calculate(
    kind: EntitlementKind,
    facts: &Facts,
    shipped: &Shipped,
    at: Timestamp,
) -> Result<Entitlement, Problem> {
    let version = shipped.in_force(kind, at).ok_or_else(|| {
        Problem::new(
            ErrorKind::FailedPrecondition,
            "NO_PARAMETERS_IN_FORCE",
            "no such right was in force then",
        )
        .with("satisfied_by", "a later day")
    })?;
    let mut found = Violations::default();
    facts.check(kind, shipped.currency(), &mut found);
    if !found.is_empty() {
        return Err(Problem::invalid(found));
    }
    let mut working = Working::new(kind, &version.rule, shipped.offset());
    match &version.parameters {
        Parameters::NoReasonReturn(rule) => terms::no_reason_return(&mut working, facts, rule, at),
        Parameters::QualityReturn(rule) => amounts::quality_return(&mut working, facts, rule.days, at)?,
        Parameters::Fraud3x(rule) => amounts::fraud(&mut working, facts, rule)?,
        Parameters::Food10x(rule) => amounts::food(&mut working, facts, rule)?,
        Parameters::PartialRefund {} => amounts::partial_refund(&mut working, facts),
        Parameters::PriceDifference {} => amounts::price_difference(&mut working, facts),
        Parameters::Freight {} => amounts::freight(&mut working, facts),
        Parameters::RefundLimit(rule) => terms::refund_limit(&mut working, facts, rule.days, at),
        Parameters::DeliberateDelay(rule) => terms::deliberate_delay(&mut working, facts, rule.days, at),
    }
    Ok(working.finish())
}

#[cfg(test)]
mod tests;
