//! Stretches of time: on the wall, and between two instants. Both are half open (D1).
//!
//! Wall-clock times are kept in minutes from the midnight of the day on which the interval begins, beyond 24:00 where it
//! crosses midnight: so order, overlap and "belongs to the day on which it begins" (D2) are plain comparisons.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Minutes of a day on the wall.
pub(super) const DAY: u16 = 24 * 60;

/// A working interval as a calendar states it: wall-clock minutes from the midnight of its day.
///
/// Invariant: `from < 1440`, `from < to <= from + 1440`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkingInterval {
    from: u16,
    to: u16,
}

impl WorkingInterval {
    /// The interval from `from` ("HH:MM") to `to` ("HH:MM" or "24:00"); an end that is not after the start is on the
    /// next day. `None` for anything else.
    pub fn parse(from: &str, to: &str) -> Option<Self> {
        let from = minute(from).filter(|from| *from < DAY)?;
        let to = minute(to)?;
        Some(Self { from, to: if to > from { to } else { to + DAY } })
    }

    /// First minute, from the day's midnight.
    pub fn from_minute(self) -> u16 {
        self.from
    }

    /// The minute at which it ends, from the midnight of the day on which it began; above 1440 on the next day.
    pub fn to_minute(self) -> u16 {
        self.to
    }

    /// The minute of the next day until which it lasts; 0 if it ends by midnight.
    pub(super) fn overnight_until(self) -> u16 {
        self.to.saturating_sub(DAY)
    }

    /// Both ends as they are written; an end at midnight as "24:00".
    pub(super) fn as_written(self) -> (String, String) {
        let text = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        (text(self.from), text(if self.to == DAY { DAY } else { self.to % DAY }))
    }
}

/// "HH:MM" up to "24:00", in minutes.
fn minute(text: &str) -> Option<u16> {
    let two_digits = |digits: &str| {
        (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| digits.parse::<u16>().ok())?
    };
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY).then_some(minute)
}

/// From one instant up to, not including, another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first instant inside.
    pub from: Timestamp,
    /// The first instant behind it.
    pub to: Timestamp,
}

impl Span {
    /// Length in milliseconds; 0 if the end is not after the beginning.
    pub fn milliseconds(self) -> i64 {
        (self.to.as_millisecond() - self.from.as_millisecond()).max(0)
    }

    pub(super) fn is_empty(self) -> bool {
        self.to <= self.from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_is_not_after_the_start_is_on_the_next_day() {
        let minutes = |from, to| WorkingInterval::parse(from, to).map(|i| (i.from, i.to));
        assert_eq!(minutes("09:00", "12:00"), Some((540, 720)));
        assert_eq!(minutes("20:00", "02:00"), Some((1200, 1560)));
        assert_eq!(minutes("00:00", "24:00"), Some((0, 1440)));
        assert_eq!(minutes("00:00", "00:00"), Some((0, 1440)));
        assert_eq!(minutes("09:00", "09:00"), Some((540, 1980)));
    }

    #[test]
    fn what_is_no_time_of_day_is_no_interval() {
        for (from, to) in [
            ("24:00", "25:00"),
            ("24:00", "24:00"),
            ("9:00", "12:00"),
            ("09:60", "12:00"),
            ("09:00", "24:01"),
            ("+9:00", "12:00"),
            ("09:00:00", "12:00"),
            ("", "12:00"),
            ("九点", "12:00"),
        ] {
            assert_eq!(WorkingInterval::parse(from, to), None, "{from} {to}");
        }
    }

    #[test]
    fn an_interval_is_written_as_it_was_read() {
        for (from, to) in [("09:00", "12:00"), ("20:00", "02:00"), ("00:00", "24:00"), ("09:00", "09:00")] {
            let interval = WorkingInterval::parse(from, to).unwrap();
            assert_eq!(interval.as_written(), (from.to_owned(), to.to_owned()));
        }
    }
}
