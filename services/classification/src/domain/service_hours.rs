//! The hours in which handlers serve: an offer that comes at night is not over before anybody could see it (U18, C16).

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// From one time of day to another in a zone; may pass midnight. Equal times are day and night.
#[derive(Debug, Clone)]
pub struct ServiceHours {
    /// Whose times of day.
    pub zone: TimeZone,
    /// When service begins.
    pub from: Time,
    /// When it ends.
    pub until: Time,
}

impl ServiceHours {
    /// When `lasts` of these hours have passed since `now`; used up exactly at closing is over then, not in the morning.
    pub fn after(&self, now: Timestamp, lasts: SignedDuration) -> Timestamp {
        let whole = || now.saturating_add(lasts).unwrap_or(Timestamp::MAX);
        if self.from == self.until {
            return whole();
        }
        let today = self.zone.to_datetime(now).date();
        // Yesterday's service may last beyond midnight.
        let mut day = today.yesterday().unwrap_or(today);
        let mut left = lasts;
        while let Some((opens, closes)) = self.service_of(day) {
            let from = opens.max(now);
            if from < closes {
                let open = closes.duration_since(from);
                if left <= open {
                    return from.saturating_add(left).unwrap_or(Timestamp::MAX);
                }
                left -= open;
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        whole()
    }

    /// A time of day that a clock change skips is the first one after it.
    fn service_of(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        let last = if self.until <= self.from { day.tomorrow().ok()? } else { day };
        let at = |day: Date, time| self.zone.to_timestamp(day.to_datetime(time)).ok();
        Some((at(day, self.from)?, at(last, self.until)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    fn over(from: Time, until: Time, zone: &str, now: &str, minutes: i64) -> String {
        let hours = ServiceHours { zone: TimeZone::get(zone).unwrap(), from, until };
        let over = hours.after(now.parse().unwrap(), SignedDuration::from_mins(minutes));
        over.to_zoned(hours.zone).strftime("%m-%dT%H:%M").to_string()
    }

    #[test]
    fn only_the_hours_of_service_are_counted() {
        let (nine, nine_at_night) = (time(9, 0, 0, 0), time(21, 0, 0, 0));
        let day = |now, minutes| over(nine, nine_at_night, "Asia/Shanghai", now, minutes);
        assert_eq!(day("2026-03-09T10:00:00+08:00", 15), "03-09T10:15");
        assert_eq!(day("2026-03-09T20:45:00+08:00", 15), "03-09T21:00", "used up at closing");
        assert_eq!(day("2026-03-09T20:50:00+08:00", 15), "03-10T09:05");
        assert_eq!(day("2026-03-09T21:00:00+08:00", 15), "03-10T09:15");
        assert_eq!(day("2026-03-09T23:30:00+08:00", 15), "03-10T09:15");
        assert_eq!(day("2026-03-10T03:00:00+08:00", 15), "03-10T09:15");
        assert_eq!(day("2026-03-09T10:00:00+08:00", 24 * 60), "03-11T10:00", "two days of twelve hours");
    }

    #[test]
    fn service_may_pass_midnight_or_never_end() {
        let (eight, two) = (time(20, 0, 0, 0), time(2, 0, 0, 0));
        let live = |now| over(eight, two, "Asia/Shanghai", now, 30);
        assert_eq!(live("2026-03-10T01:45:00+08:00"), "03-10T20:15");
        assert_eq!(live("2026-03-10T23:45:00+08:00"), "03-11T00:15");
        assert_eq!(over(two, two, "Asia/Shanghai", "2026-03-10T01:45:00+08:00", 30), "03-10T02:15");
    }

    #[test]
    fn a_night_with_a_clock_change_ends_at_its_hour_by_the_wall() {
        let (nine, nine_at_night) = (time(9, 0, 0, 0), time(21, 0, 0, 0));
        // Clocks go forward at 02:00 on 29 March 2026 in Berlin.
        let over = over(nine, nine_at_night, "Europe/Berlin", "2026-03-28T20:55:00+01:00", 15);
        assert_eq!(over, "03-29T09:10");
    }
}
