//! The worked examples of the design, by their numbers.

use serde_json::{Value, json};

use crate::asking::answer;

/// Calendar, start and amount with unit; `more` are the options.
struct Example {
    number: u8,
    calendar: &'static str,
    start: &'static str,
    amount: i64,
    unit: &'static str,
    more: Value,
    due_at: &'static str,
    due_date: Option<&'static str>,
}

fn check(example: &Example) {
    let mut request = json!({
        "calendarId": example.calendar,
        "start": example.start,
        "amount": example.amount,
        "unit": format!("DEADLINE_UNIT_{}", example.unit),
    });
    request.as_object_mut().unwrap().extend(example.more.as_object().unwrap().clone());
    let answer = answer(&request);
    let number = example.number;
    assert_eq!(answer.due_at.as_deref(), Some(example.due_at), "example {number}");
    assert_eq!(answer.due_date.as_deref(), example.due_date, "example {number}");
    assert_eq!(answer.provisional, number == 7, "example {number}");
    assert_eq!(answer.thresholds.get(&100), answer.due_at.as_ref(), "example {number}");
    assert_eq!(answer.counted_days.is_empty(), example.due_date.is_none(), "example {number}");
    assert_eq!(answer.intervals.is_empty(), example.due_date.is_some(), "example {number}");
}

macro_rules! examples {
    ($($name:ident: $number:literal, $calendar:literal, $start:literal, $amount:literal $unit:literal, $more:tt
        => $due_at:literal $($due_date:literal)?;)+) => {
        $(#[test]
        fn $name() {
            check(&Example {
                number: $number,
                calendar: $calendar,
                start: $start,
                amount: $amount,
                unit: $unit,
                more: json!($more),
                due_at: $due_at,
                due_date: [$($due_date)?].first().copied(),
            });
        })+
    };
}

examples! {
    example_1_a_make_up_saturday_counts: 1, "cn-office", "2026-02-12T10:00:00+08:00", 2 "WORKING_DAYS",
        {"close": "DAY_CLOSE_BUSINESS_END"}
        => "2026-02-14T18:00:00+08:00" "2026-02-14";
    example_2_national_day_is_passed_and_its_make_up_saturday_counts: 2, "cn-office", "2026-09-24T10:00:00+08:00", 7 "WORKING_DAYS",
        {"close": "DAY_CLOSE_BUSINESS_END"}
        => "2026-10-12T18:00:00+08:00" "2026-10-12";
    example_3_minutes_go_on_in_the_make_up_saturday: 3, "cn-office", "2026-05-08T17:45:00+08:00", 30 "BUSINESS_MINUTES",
        {}
        => "2026-05-09T09:15:00+08:00";
    example_4_a_last_day_on_a_holiday_moves_past_the_plan: 4, "cn-office", "2026-08-03T10:00:00+08:00", 60 "CALENDAR_DAYS",
        {"rollForward": "ROLL_FORWARD_PLAN"}
        => "2026-10-09T00:00:00+08:00" "2026-10-08";
    example_5_a_last_day_on_a_statutory_holiday_moves_past_statutory_days_only: 5, "cn-office", "2026-08-03T10:00:00+08:00", 60 "CALENDAR_DAYS",
        {"rollForward": "ROLL_FORWARD_STATUTORY"}
        => "2026-10-05T00:00:00+08:00" "2026-10-04";
    example_6_the_hour_of_the_event_does_not_matter: 6, "cn-office", "2026-06-10T20:15:00+08:00", 7 "CALENDAR_DAYS",
        {"rollForward": "ROLL_FORWARD_OFF"}
        => "2026-06-18T00:00:00+08:00" "2026-06-17";
    example_7_a_year_without_a_plan_makes_it_provisional: 7, "cn-office", "2026-12-28T10:00:00+08:00", 4 "WORKING_DAYS",
        {"close": "DAY_CLOSE_BUSINESS_END"}
        => "2027-01-01T18:00:00+08:00" "2027-01-01";
    example_8_new_year_with_the_plan_known: 8, "cn-office", "2025-12-29T10:00:00+08:00", 5 "WORKING_DAYS",
        {"close": "DAY_CLOSE_BUSINESS_END"}
        => "2026-01-06T18:00:00+08:00" "2026-01-06";
    example_9_lunch_does_not_count: 9, "cn-office", "2026-03-09T11:58:00+08:00", 5 "BUSINESS_MINUTES",
        {}
        => "2026-03-09T13:03:00+08:00";
    example_10_used_up_at_closing_is_due_at_closing: 10, "cn-office", "2026-03-09T17:30:00+08:00", 30 "BUSINESS_MINUTES",
        {}
        => "2026-03-09T18:00:00+08:00";
    example_11_seconds_over_the_night: 11, "cn-7x12", "2026-03-09T20:59:50+08:00", 15 "BUSINESS_SECONDS",
        {}
        => "2026-03-10T09:00:05+08:00";
    example_12_a_shift_across_midnight: 12, "cn-live", "2026-03-10T01:45:00+08:00", 30 "BUSINESS_MINUTES",
        {}
        => "2026-03-10T20:15:00+08:00";
    example_13_elapsed_hours_over_the_spring_change: 13, "de-24x7", "2026-03-28T12:00:00+01:00", 24 "ELAPSED_HOURS",
        {}
        => "2026-03-29T13:00:00+02:00";
    example_14_a_day_of_23_hours_is_one_day: 14, "de-24x7", "2026-03-28T12:00:00+01:00", 1 "CALENDAR_DAYS",
        {"rollForward": "ROLL_FORWARD_OFF"}
        => "2026-03-30T00:00:00+02:00" "2026-03-29";
    example_15_the_event_day_is_that_of_the_calendars_zone: 15, "cn-office", "2026-03-02T16:30:00Z", 1 "WORKING_DAYS",
        {"close": "DAY_CLOSE_BUSINESS_END"}
        => "2026-03-04T18:00:00+08:00" "2026-03-04";
    example_16_a_pause_that_begins_at_the_deadline_comes_too_late: 16, "cn-office", "2026-03-09T10:00:00+08:00", 240 "BUSINESS_MINUTES",
        {"pauses": [{"from": "2026-03-09T15:00:00+08:00", "to": "2026-03-09T16:00:00+08:00"}]}
        => "2026-03-09T15:00:00+08:00";
    example_17_paused_minutes_do_not_count: 17, "cn-office", "2026-03-09T10:00:00+08:00", 240 "BUSINESS_MINUTES",
        {"pauses": [{"from": "2026-03-09T14:00:00+08:00", "to": "2026-03-10T10:00:00+08:00"}]}
        => "2026-03-10T11:00:00+08:00";
    example_18_a_pause_within_a_day_holds_no_day: 18, "cn-office", "2026-03-09T10:00:00+08:00", 3 "WORKING_DAYS",
        {"close": "DAY_CLOSE_BUSINESS_END", "pauses": [{"from": "2026-03-10T09:00:00+08:00", "to": "2026-03-10T12:00:00+08:00"}]}
        => "2026-03-12T18:00:00+08:00" "2026-03-12";
    example_19_two_closings_in_the_pause_hold_two_days: 19, "cn-office", "2026-03-09T10:00:00+08:00", 3 "WORKING_DAYS",
        {"close": "DAY_CLOSE_BUSINESS_END", "pauses": [{"from": "2026-03-10T10:00:00+08:00", "to": "2026-03-12T10:00:00+08:00"}]}
        => "2026-03-16T18:00:00+08:00" "2026-03-16";
    example_20_a_pause_over_the_end_of_business_holds_the_day: 20, "cn-office", "2026-03-09T10:00:00+08:00", 3 "WORKING_DAYS",
        {"close": "DAY_CLOSE_BUSINESS_END", "pauses": [{"from": "2026-03-10T10:00:00+08:00", "to": "2026-03-10T20:00:00+08:00"}]}
        => "2026-03-13T18:00:00+08:00" "2026-03-13";
    example_21_a_pause_that_ends_before_midnight_holds_no_day_that_closes_then: 21, "cn-office", "2026-03-09T10:00:00+08:00", 3 "WORKING_DAYS",
        {"close": "DAY_CLOSE_MIDNIGHT", "pauses": [{"from": "2026-03-10T10:00:00+08:00", "to": "2026-03-10T20:00:00+08:00"}]}
        => "2026-03-13T00:00:00+08:00" "2026-03-12";
    example_22_the_pause_contains_the_deadline: 22, "cn-office", "2026-03-09T10:00:00+08:00", 3 "WORKING_DAYS",
        {"close": "DAY_CLOSE_BUSINESS_END", "pauses": [{"from": "2026-03-12T17:00:00+08:00", "to": "2026-03-13T10:00:00+08:00"}]}
        => "2026-03-13T18:00:00+08:00" "2026-03-13";
    example_23_twenty_midnights_in_the_pause_hold_twenty_days: 23, "cn-office", "2026-05-06T10:00:00+08:00", 60 "CALENDAR_DAYS",
        {"rollForward": "ROLL_FORWARD_OFF", "pauses": [{"from": "2026-05-20T10:00:00+08:00", "to": "2026-06-09T16:00:00+08:00"}]}
        => "2026-07-26T00:00:00+08:00" "2026-07-25";
    example_24_an_extension_ends_at_the_cap: 24, "cn-office", "2026-03-02T10:00:00+08:00", 15 "WORKING_DAYS",
        {"close": "DAY_CLOSE_BUSINESS_END", "extensions": [20], "cap": {"amount": 30}}
        => "2026-04-14T18:00:00+08:00" "2026-04-14";
    example_25_a_pause_for_the_complainant_does_not_move_the_cap: 25, "cn-office", "2026-03-02T10:00:00+08:00", 15 "WORKING_DAYS",
        {"close": "DAY_CLOSE_BUSINESS_END", "extensions": [15], "cap": {"amount": 30, "pauseReasons": ["lab", "suspended"]}, "pauses": [{"from": "2026-03-10T10:00:00+08:00", "to": "2026-03-12T10:00:00+08:00", "reason": "complainant"}]}
        => "2026-04-14T18:00:00+08:00" "2026-04-14";
}

#[test]
fn example_8_before_the_plan_of_2026_was_out_is_provisional_and_a_day_earlier() {
    let hours = json!([{"from": "09:00", "to": "12:00"}, {"from": "13:00", "to": "18:00"}]);
    let weekly: Vec<Value> = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
        .iter()
        .map(|day| json!({"day": format!("DAY_OF_WEEK_{day}"), "intervals": hours}))
        .collect();
    let answer = answer(&json!({
        "calendar": {"zone": "Asia/Shanghai", "version": 7, "weekly": weekly,
            "coversFrom": "2025-01-01", "coversTo": "2025-12-31"},
        "start": "2025-12-29T10:00:00+08:00", "amount": 5, "unit": "DEADLINE_UNIT_WORKING_DAYS",
    }));
    assert_eq!(answer.due_at.as_deref(), Some("2026-01-05T18:00:00+08:00"));
    assert!(answer.provisional);
    assert_eq!(answer.calendar_version, "7");
}

#[test]
fn the_days_that_count_and_those_that_are_held_are_listed() {
    let answer = answer(&json!({
        "calendarId": "cn-office", "start": "2026-03-09T10:00:00+08:00", "amount": 3,
        "unit": "DEADLINE_UNIT_WORKING_DAYS",
        "pauses": [{"from": "2026-03-10T10:00:00+08:00", "to": "2026-03-12T10:00:00+08:00", "reason": "lab"}],
    }));
    assert_eq!(answer.counted_days, ["2026-03-12", "2026-03-13", "2026-03-16"]);
    assert_eq!(answer.held_days, ["2026-03-10", "2026-03-11"]);
}

#[test]
fn business_time_lists_the_stretches_that_count() {
    let answer = answer(&json!({
        "calendarId": "cn-office", "start": "2026-03-09T11:58:00+08:00", "amount": 5,
        "unit": "DEADLINE_UNIT_BUSINESS_MINUTES",
    }));
    let stretches: Vec<_> = answer.intervals.iter().map(|i| (&i.from[11..16], &i.to[11..16])).collect();
    assert_eq!(stretches, [("11:58", "12:00"), ("13:00", "13:03")]);
}

#[test]
fn an_open_pause_leaves_no_deadline_until_it_is_closed() {
    for unit in ["WORKING_DAYS", "CALENDAR_DAYS", "MONTHS", "BUSINESS_HOURS", "ELAPSED_HOURS"] {
        let mut request = json!({
            "calendarId": "cn-office", "start": "2026-03-09T10:00:00+08:00", "amount": 30,
            "unit": format!("DEADLINE_UNIT_{unit}"),
            "pauses": [{"from": "2026-03-10T10:00:00+08:00", "to": null, "reason": "lab"}],
        });
        let open = answer(&request);
        assert_eq!((&open.due_at, &open.due_date, open.thresholds.get(&100)), (&None, &None, None), "{unit}");
        request["pauses"][0]["to"] = json!("2026-03-12T10:00:00+08:00");
        assert!(answer(&request).due_at.is_some(), "{unit}");
    }
}

#[test]
fn an_open_pause_from_the_deadline_on_changes_nothing() {
    let answer = answer(&json!({
        "calendarId": "cn-office", "start": "2026-03-09T10:00:00+08:00", "amount": 3,
        "unit": "DEADLINE_UNIT_WORKING_DAYS", "pauses": [{"from": "2026-03-12T18:00:00+08:00"}],
    }));
    assert_eq!(answer.due_at.as_deref(), Some("2026-03-12T18:00:00+08:00"));
}

#[test]
fn months_end_on_the_same_day_number_or_the_last_of_a_shorter_month() {
    for (start, amount, due) in [
        ("2026-01-31T10:00:00+08:00", 1, "2026-02-28"),
        ("2026-03-15T23:59:59+08:00", 6, "2026-09-15"),
        ("2023-12-31T00:00:00+08:00", 2, "2024-02-29"),
        ("2026-02-28T10:00:00+08:00", 1, "2026-03-28"),
    ] {
        let answer = answer(&json!({
            "calendarId": "cn-24x7", "start": start, "amount": amount, "unit": "DEADLINE_UNIT_MONTHS",
        }));
        assert_eq!(answer.due_date.as_deref(), Some(due), "{start}");
        assert!(answer.due_at.unwrap().ends_with("T00:00:00+08:00"));
    }
}
