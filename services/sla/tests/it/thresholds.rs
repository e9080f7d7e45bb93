//! Thresholds (D10), by hand.

use serde_json::{Value, json};

use crate::asking::answer;

fn at(unit: &str, amount: i64, percent: u8, pauses: &Value) -> String {
    let answer = answer(&json!({
        "calendarId": "cn-office", "start": "2026-03-09T10:00:00+08:00", "amount": amount,
        "unit": format!("DEADLINE_UNIT_{unit}"), "thresholds": [percent], "pauses": pauses,
    }));
    answer.thresholds[&percent].clone()
}

#[test]
fn a_threshold_lies_within_the_counted_time_of_its_day() {
    let none = json!([]);
    // 1.5 days: half of Wednesday's eight hours, which is an hour after lunch.
    assert_eq!(at("WORKING_DAYS", 3, 50, &none), "2026-03-11T14:00:00+08:00");
    assert_eq!(at("CALENDAR_DAYS", 4, 50, &none), "2026-03-12T00:00:00+08:00");
    assert_eq!(at("BUSINESS_HOURS", 4, 50, &none), "2026-03-09T12:00:00+08:00");
}

#[test]
fn paused_time_of_the_day_is_skipped_until_its_closing() {
    let pause =
        |to| json!([{"from": "2026-03-11T09:00:00+08:00", "to": format!("2026-03-11T{to}:00+08:00")}]);
    assert_eq!(at("WORKING_DAYS", 3, 50, &pause("11:00")), "2026-03-11T16:00:00+08:00");
    assert_eq!(at("WORKING_DAYS", 3, 50, &pause("17:00")), "2026-03-11T18:00:00+08:00");
}
