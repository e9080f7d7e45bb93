//! China's working days of 2026: the vectors of the law page, and Article 45's roll-forward.

use serde_json::json;

use crate::asking::answer;

const AMOUNTS: [i64; 5] = [2, 3, 7, 15, 30];

/// Received, and due after each of the amounts.
const VECTORS: [(&str, [&str; 5]); 8] = [
    ("01-01", ["01-05", "01-06", "01-12", "01-22", "02-12"]),
    ("02-12", ["02-14", "02-24", "02-28", "03-11", "04-01"]),
    ("02-13", ["02-24", "02-25", "03-02", "03-12", "04-02"]),
    ("04-30", ["05-07", "05-08", "05-13", "05-25", "06-15"]),
    ("09-18", ["09-21", "09-22", "09-29", "10-15", "11-05"]),
    ("09-24", ["09-29", "09-30", "10-12", "10-22", "11-12"]),
    ("10-08", ["10-10", "10-12", "10-16", "10-28", "11-18"]),
    ("11-11", ["11-13", "11-16", "11-20", "12-02", "12-23"]),
];

#[test]
fn working_days_of_2026_fall_as_the_state_council_planned_them() {
    for (received, due) in VECTORS {
        for (amount, due) in AMOUNTS.into_iter().zip(due) {
            let answer = answer(&json!({
                "calendarId": "cn-office", "start": format!("2026-{received}T10:00:00+08:00"),
                "amount": amount, "unit": "DEADLINE_UNIT_WORKING_DAYS",
            }));
            assert_eq!(answer.due_date, Some(format!("2026-{due}")), "{received} + {amount}");
            assert!(!answer.provisional, "{received} + {amount}");
        }
    }
}

#[test]
fn a_last_day_on_a_holiday_moves_as_far_as_the_setting_says() {
    for (roll, due) in
        [("OFF", "2026-10-02"), ("STATUTORY", "2026-10-04"), ("PLAN", "2026-10-08"), ("REST", "2026-10-08")]
    {
        let answer = answer(&json!({
            "calendarId": "cn-office", "start": "2026-08-03T10:00:00+08:00", "amount": 60,
            "unit": "DEADLINE_UNIT_CALENDAR_DAYS", "rollForward": format!("ROLL_FORWARD_{roll}"),
        }));
        assert_eq!(answer.due_date.as_deref(), Some(due), "{roll}");
    }
}
