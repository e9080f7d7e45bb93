//! Counting time: inside working intervals, or day and night. Paused time is not counted, and nothing else changes
//! (closing rule 3).

use jiff::Timestamp;
use jiff::civil::Date;

use super::days::next;
use super::looked::Looked;
use super::{Step, Trace};
use crate::domain::calendar::{BeyondHorizon, Calendar, LAST_YEAR};
use crate::domain::interval::Span;
use crate::domain::pause::Pauses;

/// A clock that counts time.
#[derive(Debug)]
pub(super) struct TimeClock<'a> {
    calendar: &'a Calendar,
    start: Timestamp,
    pauses: Pauses,
    business: bool,
}

impl<'a> TimeClock<'a> {
    pub(super) fn business(calendar: &'a Calendar, start: Timestamp, pauses: Pauses) -> Self {
        Self { calendar, start, pauses, business: true }
    }

    pub(super) fn elapsed(calendar: &'a Calendar, start: Timestamp, pauses: Pauses) -> Self {
        Self { calendar, start, pauses, business: false }
    }

    /// The first instant at which `milliseconds` have been counted; `None` if an open pause keeps it out of reach.
    pub(super) fn run(
        &self,
        milliseconds: i64,
        looked: &mut Looked<'_>,
        trace: &mut impl Trace,
    ) -> Result<Option<Timestamp>, BeyondHorizon> {
        let mut left = Left { milliseconds, pauses: &self.pauses, reached: self.start };
        let due = if self.business {
            self.through_working_intervals(&mut left, looked, trace)?
        } else {
            left.spend(Span { from: self.start, to: Timestamp::MAX }, trace)
        };
        match due {
            Some(at) if self.calendar.date_of(at).year() > LAST_YEAR => Err(BeyondHorizon),
            due => Ok(due),
        }
    }

    fn through_working_intervals(
        &self,
        left: &mut Left<'_>,
        looked: &mut Looked<'_>,
        trace: &mut impl Trace,
    ) -> Result<Option<Timestamp>, BeyondHorizon> {
        let last_in_reach = self.pauses.open_since().map(|since| self.calendar.date_of(since));
        let mut date = self.first_date()?;
        while last_in_reach.is_none_or(|last| date <= last) {
            let day = looked.at(date);
            if !day.is_working() {
                trace.saw(Step::Idle { day: date });
            }
            for interval in day.intervals {
                let from = self.calendar.instant(date, interval.from_minute())?;
                let to = self.calendar.instant(date, interval.to_minute())?;
                let due = left.enter(Span { from, to }, trace);
                if due.is_some() {
                    return Ok(due);
                }
            }
            date = next(date)?;
        }
        Ok(None)
    }

    /// The day of the start, or the one before if a shift of its evening may still run.
    fn first_date(&self) -> Result<Date, BeyondHorizon> {
        let date = self.calendar.date_of(self.start);
        if self.start < self.calendar.instant(date, self.calendar.overnight_until())? {
            return date.yesterday().map_err(|_| BeyondHorizon);
        }
        Ok(date)
    }
}

/// What is left to count, and how far the clock has come.
struct Left<'a> {
    milliseconds: i64,
    pauses: &'a Pauses,
    reached: Timestamp,
}

impl Left<'_> {
    /// Counts in a working interval what of it was not passed yet.
    fn enter(&mut self, interval: Span, trace: &mut impl Trace) -> Option<Timestamp> {
        if interval.to <= self.reached {
            return None;
        }
        let outside = Span { from: self.reached, to: interval.from };
        if !outside.is_empty() {
            trace.saw(Step::Outside(outside));
        }
        self.spend(Span { from: self.reached.max(interval.from), to: interval.to }, trace)
    }

    /// Counts what of `span` is not paused, and says when nothing is left.
    fn spend(&mut self, span: Span, trace: &mut impl Trace) -> Option<Timestamp> {
        for piece in self.pauses.pieces(span) {
            if piece.paused {
                trace.saw(Step::Stood(piece.span));
                continue;
            }
            let runs = piece.span.milliseconds();
            if self.milliseconds <= runs {
                let to =
                    Timestamp::from_millisecond(piece.span.from.as_millisecond() + self.milliseconds).ok()?;
                trace.saw(Step::Ran(Span { from: piece.span.from, to }));
                return Some(to);
            }
            self.milliseconds -= runs;
            trace.saw(Step::Ran(piece.span));
        }
        self.reached = span.to;
        None
    }
}
