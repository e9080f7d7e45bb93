//! Calendars: when work is done, by weekday and by date, in one zone.
//!
//! A [`Calendar`] is always valid: it is only made from a [`Draft`], which is what people write and the contract
//! carries. Refused: holiday lists that only take days away (make-up workdays and shifted rest days are then missed), and
//! years fetched from a library (an authority's plan must be data with a version that an administrator can publish).

mod check;
mod draft;
mod known;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use redress_domain::coded_enum;
use thiserror::Error;

use super::interval::WorkingInterval;
pub(crate) use check::{FIRST_YEAR, check};
pub use draft::{Draft, ExceptionDraft, IntervalDraft, WeekdayDraft};
pub use known::{KNOWN, known};

coded_enum! {
    /// What an exception makes of a day (D3).
    ExceptionKind {
        /// A working day, usually a make-up day on a weekend.
        Work = "EXCEPTION_KIND_WORK",
        /// Free, but no holiday by statute: a shifted rest day, a day of the house.
        Off = "EXCEPTION_KIND_OFF",
        /// A holiday by statute (法定节假日).
        Statutory = "EXCEPTION_KIND_STATUTORY",
    }
}

/// A deadline would lie in a year that no calendar rule can be trusted for; see [`LAST_YEAR`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the deadline lies beyond the year {LAST_YEAR}")]
pub struct BeyondHorizon;

/// The last year in which a deadline may lie: it bounds every walk over days.
pub const LAST_YEAR: i16 = 2199;

/// When work is done: weekly hours, exceptions by date, the zone, and how far a yearly plan is known.
#[derive(Debug, Clone)]
pub struct Calendar {
    id: String,
    version: String,
    zone: TimeZone,
    /// From Monday.
    weekly: [Vec<WorkingInterval>; 7],
    makeup: Vec<WorkingInterval>,
    /// Sorted by date, no date twice.
    exceptions: Vec<Exception>,
    covers: Option<Covers>,
    /// The latest minute of a day at which a shift of the evening before can end; 0 if none crosses midnight.
    overnight_until: u16,
}

/// The dates for which the yearly plan is known, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covers {
    /// The first.
    pub from: Date,
    /// The last.
    pub to: Date,
}

#[derive(Debug, Clone)]
struct Exception {
    date: Date,
    kind: ExceptionKind,
    /// What holds on the day; empty for a free one.
    intervals: Vec<WorkingInterval>,
    name: String,
}

/// A date as a calendar sees it.
#[derive(Debug, Clone, Copy)]
pub struct Day<'a> {
    /// The date.
    pub date: Date,
    /// The exception that holds; `None` by the weekly pattern.
    pub kind: Option<ExceptionKind>,
    /// The exception's name; empty without one.
    pub name: &'a str,
    /// The working intervals that begin on it, in order.
    pub intervals: &'a [WorkingInterval],
}

impl Day<'_> {
    /// Whether it has working intervals.
    pub fn is_working(&self) -> bool {
        !self.intervals.is_empty()
    }
}

impl Calendar {
    /// Its name; empty for one that came with a request without a name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The version that a deadline quotes.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where its wall-clock times hold.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// For which dates the yearly plan is known; `None` if the calendar needs no plan.
    pub fn covers(&self) -> Option<Covers> {
        self.covers
    }

    /// Whether any weekday has working intervals.
    pub fn has_hours(&self) -> bool {
        self.weekly.iter().any(|day| !day.is_empty())
    }

    /// What holds on `date`.
    pub fn day(&self, date: Date) -> Day<'_> {
        match self.exceptions.binary_search_by_key(&date, |exception| exception.date) {
            Ok(at) => {
                let exception = &self.exceptions[at];
                let Exception { kind, ref name, ref intervals, .. } = *exception;
                Day { date, kind: Some(kind), name, intervals }
            }
            Err(_) => {
                Day { date, kind: None, name: "", intervals: &self.weekly[weekday_index(date.weekday())] }
            }
        }
    }

    /// Whether no later plan can change what holds on `date`.
    pub fn knows(&self, date: Date) -> bool {
        self.covers.is_none_or(|covers| covers.from <= date && date <= covers.to)
    }

    /// The civil date of an instant in the calendar's zone.
    pub fn date_of(&self, instant: Timestamp) -> Date {
        self.zone.to_datetime(instant).date()
    }

    /// The first instant from `at` on that lies in a working interval; `at` itself if it does.
    ///
    /// # Errors
    /// If there is none: a calendar without hours, or the end of time.
    pub fn next_opening(&self, at: Timestamp) -> Result<Timestamp, BeyondHorizon> {
        if !self.has_hours() {
            return Err(BeyondHorizon);
        }
        // A shift of the evening before may still run.
        let mut date = self.date_of(at).yesterday().map_err(|_| BeyondHorizon)?;
        while date.year() <= LAST_YEAR {
            for interval in self.day(date).intervals {
                let to = self.instant(date, interval.to_minute())?;
                if at < to {
                    return Ok(at.max(self.instant(date, interval.from_minute())?));
                }
            }
            date = date.tomorrow().map_err(|_| BeyondHorizon)?;
        }
        Err(BeyondHorizon)
    }

    /// The instant at which `minute` of `date` stands on the wall: a skipped time moves forward over the gap, of one
    /// that comes twice the first is meant (D4).
    pub(super) fn instant(&self, date: Date, minute: u16) -> Result<Timestamp, BeyondHorizon> {
        let days = minute / super::interval::DAY;
        let minute = minute % super::interval::DAY;
        let date = if days == 0 {
            date
        } else {
            date.checked_add(i32::from(days).days()).map_err(|_| BeyondHorizon)?
        };
        // Below 24 and below 60.
        let wall = date.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
        self.zone.to_timestamp(wall).map_err(|_| BeyondHorizon)
    }

    /// Until which minute of a day a shift of the evening before can last.
    pub(super) fn overnight_until(&self) -> u16 {
        self.overnight_until
    }
}

/// Monday is 0.
fn weekday_index(weekday: Weekday) -> usize {
    usize::from(weekday.to_monday_zero_offset().unsigned_abs())
}
