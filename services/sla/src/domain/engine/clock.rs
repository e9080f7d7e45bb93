//! One clock without cap or extension: the two ways of counting behind one face.

use jiff::Timestamp;
use jiff::civil::Date;

use super::days::DayClock;
use super::looked::Looked;
use super::time::TimeClock;
use super::{Due, Trace, threshold};
use crate::domain::calendar::{BeyondHorizon, Calendar};
use crate::domain::pause::Pauses;
use crate::domain::unit::{DayClose, EventDay, RollForward, Unit};

#[derive(Debug)]
pub(super) struct Clock<'a> {
    calendar: &'a Calendar,
    kind: Kind<'a>,
}

#[derive(Debug)]
enum Kind<'a> {
    Days { clock: DayClock<'a>, amount: Amount, roll: RollForward },
    Time { clock: TimeClock<'a>, milliseconds: i64 },
}

/// How many days: as given, or as many as the months have.
#[derive(Debug, Clone, Copy)]
enum Amount {
    Days(i64),
    Months(i64),
}

/// Where a clock gets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// `None` while an open pause is in the way.
    pub(super) due: Option<Due>,
    /// The first date that mattered and whose plan is not known.
    pub(super) unknown: Option<Date>,
}

impl<'a> Clock<'a> {
    pub(super) fn new(
        calendar: &'a Calendar,
        start: Timestamp,
        unit: Unit,
        amount: i64,
        pauses: Pauses,
    ) -> Self {
        let days = |close, event_day| DayClock::new(calendar, start, pauses.clone(), close, event_day);
        let kind = match unit {
            Unit::WorkingDays { close, event_day } => Kind::Days {
                clock: days(Some(close), event_day),
                amount: Amount::Days(amount),
                roll: RollForward::Off,
            },
            Unit::CalendarDays { event_day, roll } => {
                Kind::Days { clock: days(None, event_day), amount: Amount::Days(amount), roll }
            }
            Unit::Months { roll } => {
                Kind::Days { clock: days(None, EventDay::Excluded), amount: Amount::Months(amount), roll }
            }
            Unit::Business(scale) => Kind::Time {
                clock: TimeClock::business(calendar, start, pauses),
                milliseconds: amount * scale.milliseconds(),
            },
            Unit::Elapsed(scale) => Kind::Time {
                clock: TimeClock::elapsed(calendar, start, pauses),
                milliseconds: amount * scale.milliseconds(),
            },
        };
        Self { calendar, kind }
    }

    /// Walks to the deadline.
    pub(super) fn reach(&self, trace: &mut impl Trace) -> Result<Reach, BeyondHorizon> {
        let mut looked = Looked::new(self.calendar);
        let due = match &self.kind {
            Kind::Days { clock, amount, roll } => {
                let last = clock.count(amount.days(clock)?, &mut looked, trace)?;
                let last = match last {
                    Some(last) => clock.roll(last, *roll, &mut looked, trace)?,
                    None => None,
                };
                let due = |date| clock.closing(date).map(|at| Due { at, date: Some(date) });
                last.map(due).transpose()?
            }
            Kind::Time { clock, milliseconds } => {
                clock.run(*milliseconds, &mut looked, trace)?.map(|at| Due { at, date: None })
            }
        };
        Ok(Reach { due, unknown: looked.unknown() })
    }

    /// When `date` is used up, if days are counted.
    pub(super) fn closing(&self, date: Date) -> Result<Option<Timestamp>, BeyondHorizon> {
        match &self.kind {
            Kind::Days { clock, .. } => clock.closing(date).map(Some),
            Kind::Time { .. } => Ok(None),
        }
    }

    /// Walks to the instant at which `percent` of the amount is used up.
    pub(super) fn threshold(&self, percent: u8) -> Result<Option<Timestamp>, BeyondHorizon> {
        if percent >= 100 {
            return Ok(self.reach(&mut ())?.due.map(|due| due.at));
        }
        match &self.kind {
            Kind::Days { clock, amount, .. } => threshold::of_days(clock, amount.days(clock)?, percent),
            Kind::Time { clock, milliseconds } => {
                // Whole seconds: their hundredth is a whole number of milliseconds.
                let part = milliseconds / 100 * i64::from(percent);
                clock.run(part, &mut Looked::new(self.calendar), &mut ())
            }
        }
    }
}

impl Amount {
    fn days(self, clock: &DayClock<'_>) -> Result<i64, BeyondHorizon> {
        match self {
            Self::Days(days) => Ok(days),
            Self::Months(months) => clock.days_of_months(months),
        }
    }
}

/// How working days close; calendar days have no choice.
pub(super) type Close = Option<DayClose>;
