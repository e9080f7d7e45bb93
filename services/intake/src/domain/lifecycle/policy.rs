//! The windows that a tenant may set.

use jiff::tz::{self, TimeZone};
use jiff::{Timestamp, ToSpan};

/// The windows of one tenant, in calendar days of its zone.
///
/// A window ends as law and deadline rules count days (L14, D5, D6): the day of the event does not count, the last day
/// counts to its end, and the last instant is still in time. It does not roll over holidays: that is for the clocks
/// that the law binds, and they belong to another service. The window of an appeal is not here either: the service
/// that takes appeals owns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The zone in which days begin and end.
    pub zone: TimeZone,
    /// How long a refusal may be put to review (T08).
    pub review_days: u16,
    /// The shortest silence that may count as consent with a result (T27, C26).
    pub objection_days: u16,
    /// How long a merge may be undone (T32).
    pub unmerge_days: u16,
    /// How long the file of a closed complaint is kept, and it may be opened again (T36).
    pub retention_days: u16,
}

impl Default for Policy {
    /// China Standard Time (which knows no summer time); 30 days for a review, 7 for an objection, 30 to undo a merge, three
    /// years to keep the file (the least that the E-Commerce Law asks of a transaction's records).
    fn default() -> Self {
        Self {
            zone: TimeZone::fixed(tz::offset(8)),
            review_days: 30,
            objection_days: 7,
            unmerge_days: 30,
            retention_days: 1_096,
        }
    }
}

impl Policy {
    /// The last instant of a window of `days` that an event at `start` opens. Past the end of the calendar (the year
    /// 9999) it is the last instant there is.
    pub fn window_end(&self, start: Timestamp, days: u16) -> Timestamp {
        let last_day = start.to_zoned(self.zone.clone()).date().saturating_add(i64::from(days).days());
        last_day
            .tomorrow()
            .and_then(|day_after| day_after.to_zoned(self.zone.clone()))
            .map_or(Timestamp::MAX, |midnight| midnight.timestamp())
    }
}
