//! Quiet hours: nobody is woken by a letter that can wait until morning.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

/// Between two times of day in a zone; may pass midnight. Equal times are refused by the configuration.
#[derive(Debug, Clone)]
pub struct QuietHours {
    /// When the night begins.
    pub from: Time,
    /// When it ends.
    pub until: Time,
}

impl QuietHours {
    /// When a letter that is ready at `now` may go out: at once, or at the end of the night.
    ///
    /// `deadline` is what the letter asks its reader to meet: if the night outlasts it, the letter does not wait.
    pub fn not_before(&self, now: Timestamp, zone: &TimeZone, deadline: Option<Timestamp>) -> Timestamp {
        let there = now.to_zoned(zone.clone());
        let time = there.time();
        let past_midnight = self.from > self.until;
        let (evening, morning) = (time >= self.from, time < self.until);
        let quiet = if past_midnight { evening || morning } else { evening && morning };
        if !quiet {
            return now;
        }
        let date = there.date();
        let day = if past_midnight && evening { date.tomorrow().unwrap_or(date) } else { date };
        // An hour that a clock change skips ends where the clock stands then.
        let end = day.to_datetime(self.until).to_zoned(zone.clone()).map_or(now, |end| end.timestamp());
        if deadline.is_some_and(|deadline| deadline <= end) { now } else { end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    const NIGHT: QuietHours = QuietHours { from: time(22, 0, 0, 0), until: time(8, 0, 0, 0) };

    fn released(now: &str, zone: &str, deadline: Option<&str>) -> String {
        let deadline = deadline.map(|text| text.parse().unwrap());
        NIGHT.not_before(now.parse().unwrap(), &TimeZone::get(zone).unwrap(), deadline).to_string()
    }

    #[test]
    fn what_is_ready_at_night_waits_for_the_morning_of_the_tenants_zone() {
        let shanghai = "Asia/Shanghai";
        assert_eq!(released("2026-11-25T13:59:59Z", shanghai, None), "2026-11-25T13:59:59Z");
        assert_eq!(released("2026-11-25T14:00:00Z", shanghai, None), "2026-11-26T00:00:00Z");
        assert_eq!(released("2026-11-25T23:59:59Z", shanghai, None), "2026-11-26T00:00:00Z");
        assert_eq!(released("2026-11-26T00:00:00Z", shanghai, None), "2026-11-26T00:00:00Z");
        assert_eq!(released("2026-11-25T14:00:00Z", "Europe/Berlin", None), "2026-11-25T14:00:00Z");
    }

    #[test]
    fn a_deadline_within_the_night_is_told_at_once() {
        let shanghai = "Asia/Shanghai";
        let now = "2026-11-25T15:00:00Z";
        assert_eq!(released(now, shanghai, Some("2026-11-26T00:00:00Z")), now);
        assert_eq!(released(now, shanghai, Some("2026-11-26T00:00:01Z")), "2026-11-26T00:00:00Z");
    }

    #[test]
    fn a_night_with_a_clock_change_ends_at_its_hour_by_the_wall() {
        // Clocks go back at 03:00 on 25 October 2026 in Berlin.
        assert_eq!(released("2026-10-24T22:00:00Z", "Europe/Berlin", None), "2026-10-25T07:00:00Z");
    }
}
