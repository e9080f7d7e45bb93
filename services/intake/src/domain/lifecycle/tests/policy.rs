use jiff::{Timestamp, tz};

use super::samples::now;
use crate::domain::lifecycle::Policy;

#[test]
fn a_window_leaves_out_its_first_day_and_lasts_to_the_end_of_its_last() {
    let policy = Policy::default();
    let end = |start: &str| policy.window_end(start.parse::<Timestamp>().unwrap(), 7).to_string();
    // 2026-11-25 in Shanghai lasts from 16:00 to 16:00 in UTC; the window ends with 2026-12-02.
    assert_eq!(end("2026-11-24T16:00:00Z"), "2026-12-02T16:00:00Z");
    assert_eq!(end("2026-11-25T15:59:59Z"), "2026-12-02T16:00:00Z");
    assert_eq!(end("2026-11-25T16:00:00Z"), "2026-12-03T16:00:00Z");
}

#[test]
fn a_window_follows_the_tenants_zone_and_ends_with_the_calendar() {
    let policy = Policy { zone: tz::TimeZone::fixed(tz::offset(-5)), ..Policy::default() };
    assert_eq!(policy.window_end(now(), 0).to_string(), "2026-11-25T05:00:00Z");
    assert_eq!(policy.window_end(Timestamp::MAX, u16::MAX), Timestamp::MAX);
}
