//! The facts of which a deadline is a function, apart from the calendar.

use jiff::Timestamp;

use super::pause::Pause;
use super::unit::Unit;

/// The largest amount, extensions included: a hundred years of days, of which nothing lawful comes near.
pub const LARGEST_AMOUNT_DAYS: i64 = 36_525;
/// The largest amount of seconds, minutes or hours, in seconds: the same hundred years.
pub const LARGEST_AMOUNT_SECONDS: i64 = LARGEST_AMOUNT_DAYS * 86_400;

/// A time limit as it applies to one case.
///
/// Instants count to the millisecond (D1): give none with a finer fraction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeLimit {
    /// The event from which it runs.
    pub start: Timestamp,
    /// What is counted.
    pub unit: Unit,
    /// How much of it: 1 up to the largest.
    pub amount: i64,
    /// The sum of the granted extensions, 0 or more; `amount + extension` stays within the largest.
    pub extension: i64,
    /// What no extension passes.
    pub cap: Option<Cap>,
    /// When the clock stood still, in any order; no end before its beginning.
    pub pauses: Vec<Pause>,
}

/// A second clock of the same start and unit that an extended one never outlasts (D12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    /// How much: 1 up to the largest.
    pub amount: i64,
    /// The reasons whose pauses move the cap too; `None` = all, empty = none.
    pub pause_reasons: Option<Vec<String>>,
}

impl Cap {
    /// Whether a pause of that reason moves the cap.
    pub fn honours(&self, reason: &str) -> bool {
        self.pause_reasons.as_ref().is_none_or(|reasons| reasons.iter().any(|listed| listed == reason))
    }
}

/// The largest amount of `unit`.
pub fn largest_amount(unit: Unit) -> i64 {
    match unit {
        Unit::WorkingDays { .. } | Unit::CalendarDays { .. } => LARGEST_AMOUNT_DAYS,
        Unit::Months { .. } => 1_200,
        Unit::Business(scale) | Unit::Elapsed(scale) => LARGEST_AMOUNT_SECONDS * 1_000 / scale.milliseconds(),
    }
}
