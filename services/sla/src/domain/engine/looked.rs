//! Which dates an answer depends on (D11).

use jiff::civil::Date;

use crate::domain::calendar::{Calendar, Day};

/// A calendar that remembers the first date that was looked at and for which no plan is known yet.
#[derive(Debug)]
pub(super) struct Looked<'a> {
    calendar: &'a Calendar,
    unknown: Option<Date>,
}

impl<'a> Looked<'a> {
    pub(super) fn new(calendar: &'a Calendar) -> Self {
        Self { calendar, unknown: None }
    }

    /// What holds on `date`. Dates are asked for in order.
    pub(super) fn at(&mut self, date: Date) -> Day<'a> {
        if self.unknown.is_none() && !self.calendar.knows(date) {
            self.unknown = Some(date);
        }
        self.calendar.day(date)
    }

    /// The first date whose plan was not known.
    pub(super) fn unknown(&self) -> Option<Date> {
        self.unknown
    }
}
