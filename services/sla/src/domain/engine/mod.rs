//! The arithmetic: due instant, thresholds and explanation of one time limit under one calendar.
//!
//! Everything is walked forward day by day, with comparisons only, and one walk serves all questions: what it sees goes
//! to a [`Trace`], which for a bare deadline is nothing, so that no day costs an allocation. Refused: closed formulas for
//! runs of weeks (exceptions, held days and zone changes each break them), and counting pauses in hours and adding them at
//! the end (it moves a deadline into a pause, and depends on how a pause is split).

mod clock;
mod days;
mod looked;
mod step;
mod threshold;
mod time;

use jiff::Timestamp;
use jiff::civil::Date;

use super::calendar::{BeyondHorizon, Calendar};
use super::pause::Pauses;
use super::time_limit::TimeLimit;
use clock::{Clock, Reach};
pub use step::{Step, Trace};

/// When something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The instant; what is done at it is in time (D1).
    pub at: Timestamp,
    /// Of day units: the day at whose closing it is due, which for 24:00 is the day before the instant's.
    pub date: Option<Date>,
}

/// A deadline with what must be known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// `None` while an open pause keeps it out of reach (closing rule 8).
    pub due: Option<Due>,
    /// A later plan may still change it (D11).
    pub provisional: bool,
    /// The cap ended the extended clock: a request for the extension that led here is refused (D12).
    pub capped: bool,
}

/// One time limit under one calendar, ready for questions.
#[derive(Debug)]
pub struct Reckoning<'a> {
    calendar: &'a Calendar,
    extended: Clock<'a>,
    cap: Option<Clock<'a>>,
}

/// The answer of both clocks.
#[derive(Debug, Clone, Copy)]
struct Verdict {
    extended: Reach,
    cap: Option<Reach>,
}

impl<'a> Reckoning<'a> {
    /// Prepares the question; the calendar must have working hours if the unit needs them.
    pub fn new(calendar: &'a Calendar, limit: &TimeLimit) -> Self {
        let clock = |amount, pauses| Clock::new(calendar, limit.start, limit.unit, amount, pauses);
        let extended = clock(limit.amount + limit.extension, Pauses::union(&limit.pauses));
        let cap = limit.cap.as_ref().map(|cap| {
            clock(cap.amount, Pauses::union(limit.pauses.iter().filter(|pause| cap.honours(&pause.reason))))
        });
        Self { calendar, extended, cap }
    }

    /// When it is due.
    pub fn deadline(&self) -> Result<Deadline, BeyondHorizon> {
        Ok(self.verdict()?.deadline())
    }

    /// The deadline, and every counted and skipped step of the clock that decides it (D12).
    pub fn explain(&self, trace: &mut impl Trace) -> Result<Deadline, BeyondHorizon> {
        let deadline = self.verdict()?.deadline();
        let decisive = self.cap.as_ref().filter(|_| deadline.capped).unwrap_or(&self.extended);
        decisive.reach(trace)?;
        Ok(deadline)
    }

    /// When `percent` (1 to 100) of it is used up: the earlier of the two clocks' (D10, D12). `None` while an open pause
    /// keeps it out of reach.
    pub fn threshold(&self, percent: u8) -> Result<Option<Timestamp>, BeyondHorizon> {
        let extended = self.extended.threshold(percent)?;
        let cap = self.cap.as_ref().map(|cap| cap.threshold(percent)).transpose()?.flatten();
        Ok(earlier(extended, cap))
    }

    /// When `date` is used up (D6), if days are counted.
    pub fn closing(&self, date: Date) -> Result<Option<Timestamp>, BeyondHorizon> {
        self.extended.closing(date)
    }

    /// The calendar under which it is reckoned.
    pub fn calendar(&self) -> &'a Calendar {
        self.calendar
    }

    fn verdict(&self) -> Result<Verdict, BeyondHorizon> {
        let cap = self.cap.as_ref().map(|cap| cap.reach(&mut ())).transpose()?;
        Ok(Verdict { extended: self.extended.reach(&mut ())?, cap })
    }
}

impl Verdict {
    fn deadline(self) -> Deadline {
        let Self { extended, cap } = self;
        let capped =
            cap.and_then(|cap| cap.due).is_some_and(|cap| extended.due.is_none_or(|due| cap.at < due.at));
        let (decisive, other) = match cap {
            Some(cap) if capped => (cap, Some(extended)),
            cap => (extended, cap),
        };
        // The other clock could overtake only by a plan for a date up to the deadline.
        let overtaken = other.and_then(|other| other.unknown).zip(decisive.due);
        let overtaken = overtaken.is_some_and(|(unknown, due)| due.date.is_none_or(|date| unknown <= date));
        Deadline { due: decisive.due, provisional: decisive.unknown.is_some() || overtaken, capped }
    }
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
