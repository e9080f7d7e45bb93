//! Counting days: working days, and calendar days with roll-forward, under the closing rule.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::clock::Close;
use super::looked::Looked;
use super::{Step, Trace};
use crate::domain::calendar::{BeyondHorizon, Calendar, Day, ExceptionKind, LAST_YEAR};
use crate::domain::interval::{DAY, Span};
use crate::domain::pause::Pauses;
use crate::domain::unit::{DayClose, EventDay, RollForward};

/// A clock that counts days.
#[derive(Debug)]
pub(super) struct DayClock<'a> {
    calendar: &'a Calendar,
    start: Timestamp,
    pauses: Pauses,
    /// Of working days, how they close; `None` counts every day.
    working: Close,
    event_day: EventDay,
    /// The last day that can still close running; later ones are held by an open pause.
    last_in_reach: Option<Date>,
}

impl<'a> DayClock<'a> {
    pub(super) fn new(
        calendar: &'a Calendar,
        start: Timestamp,
        pauses: Pauses,
        working: Close,
        event_day: EventDay,
    ) -> Self {
        let last_in_reach = pauses.open_since().map(|since| calendar.date_of(since));
        Self { calendar, start, pauses, working, event_day, last_in_reach }
    }

    /// The `target`-th counted day that is not held; `None` if an open pause keeps it out of reach.
    pub(super) fn count(
        &self,
        target: i64,
        looked: &mut Looked<'_>,
        trace: &mut impl Trace,
    ) -> Result<Option<Date>, BeyondHorizon> {
        let event_day = self.calendar.date_of(self.start);
        let mut date = match self.event_day {
            EventDay::Included => event_day,
            EventDay::Excluded => next(event_day)?,
        };
        let mut counted = 0;
        while self.in_reach(date) {
            // Calendar days count whatever the plan says: they look at no date (D11).
            if self.working.is_some() && !looked.at(date).is_working() {
                trace.saw(Step::Idle { day: date });
            } else if date == event_day && self.closing(date)? <= self.start {
                trace.saw(Step::Closed { day: date });
            } else if self.held(date)? {
                trace.saw(Step::Held { day: date });
            } else {
                counted += 1;
                trace.saw(Step::Counted { day: date, number: counted });
                if counted == target {
                    return Ok(Some(date));
                }
            }
            date = next(date)?;
        }
        Ok(None)
    }

    /// The first day from `last` on that is neither a holiday under `mode` nor held (closing rule 7).
    pub(super) fn roll(
        &self,
        last: Date,
        mode: RollForward,
        looked: &mut Looked<'_>,
        trace: &mut impl Trace,
    ) -> Result<Option<Date>, BeyondHorizon> {
        if mode == RollForward::Off {
            return Ok(Some(last));
        }
        let mut date = last;
        while self.in_reach(date) {
            let holiday = is_holiday(&looked.at(date), mode);
            if holiday {
                trace.saw(Step::Passed { day: date });
            } else if self.held(date)? {
                trace.saw(Step::Held { day: date });
            } else {
                if date != last {
                    trace.saw(Step::Landed { day: date });
                }
                return Ok(Some(date));
            }
            date = next(date)?;
        }
        Ok(None)
    }

    /// When a counted day is used up (D6).
    pub(super) fn closing(&self, date: Date) -> Result<Timestamp, BeyondHorizon> {
        if self.working != Some(DayClose::BusinessEnd) {
            return self.calendar.instant(date, DAY);
        }
        // The latest end, not the last interval's: a zone's gap can carry the end of an earlier one past it.
        let ends =
            self.calendar.day(date).intervals.iter().map(|i| self.calendar.instant(date, i.to_minute()));
        ends.reduce(|one, other| Ok(one?.max(other?))).unwrap_or_else(|| self.calendar.instant(date, DAY))
    }

    /// The day's own counted time, in order and apart from each other: its intervals, or 00:00 to 24:00.
    pub(super) fn counted_time(&self, date: Date) -> impl Iterator<Item = Result<Span, BeyondHorizon>> {
        let whole = self.working != Some(DayClose::BusinessEnd);
        let day = if whole { &[] } else { self.calendar.day(date).intervals };
        let all_day = whole.then_some((0, DAY));
        let minutes = day.iter().map(|i| (i.from_minute(), i.to_minute())).chain(all_day);
        let mut before = Timestamp::MIN;
        minutes.map(move |(from, to)| {
            let from = self.calendar.instant(date, from)?.max(before);
            before = self.calendar.instant(date, to)?.max(from);
            Ok(Span { from, to: before })
        })
    }

    /// How many days lie between the event day and the same day number `months` later, else that month's last (D13).
    pub(super) fn days_of_months(&self, months: i64) -> Result<i64, BeyondHorizon> {
        let event_day = self.calendar.date_of(self.start);
        let months = i32::try_from(months).map_err(|_| BeyondHorizon)?;
        let last = event_day.checked_add(months.months()).map_err(|_| BeyondHorizon)?;
        Ok(last.since(event_day).map_err(|_| BeyondHorizon)?.get_days().into())
    }

    pub(super) fn pauses(&self) -> &Pauses {
        &self.pauses
    }

    pub(super) fn calendar(&self) -> &'a Calendar {
        self.calendar
    }

    fn in_reach(&self, date: Date) -> bool {
        self.last_in_reach.is_none_or(|last| date <= last)
    }

    fn held(&self, date: Date) -> Result<bool, BeyondHorizon> {
        Ok(!self.pauses.is_empty() && self.pauses.holds(self.closing(date)?))
    }
}

fn is_holiday(day: &Day<'_>, mode: RollForward) -> bool {
    match mode {
        RollForward::Off => false,
        RollForward::Plan => matches!(day.kind, Some(ExceptionKind::Off | ExceptionKind::Statutory)),
        RollForward::Statutory => day.kind == Some(ExceptionKind::Statutory),
        RollForward::Rest => !day.is_working(),
    }
}

/// The day after, up to the horizon.
pub(super) fn next(date: Date) -> Result<Date, BeyondHorizon> {
    date.tomorrow().ok().filter(|date| date.year() <= LAST_YEAR).ok_or(BeyondHorizon)
}
