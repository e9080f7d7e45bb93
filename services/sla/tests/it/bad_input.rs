//! What does not fit is refused with its field.

use serde_json::{Value, json};

use crate::asking::{answer, faults};

fn good() -> Value {
    json!({
        "calendarId": "cn-office", "start": "2026-03-09T10:00:00+08:00", "amount": 3,
        "unit": "DEADLINE_UNIT_WORKING_DAYS",
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut request = good();
    request[field] = value;
    request
}

fn inline(field: &str, value: Value) -> Value {
    let mut calendar = json!({
        "zone": "Asia/Shanghai",
        "weekly": [{"day": "DAY_OF_WEEK_MONDAY", "intervals": [{"from": "09:00", "to": "18:00"}]}],
    });
    calendar[field] = value;
    let mut request = with("calendar", calendar);
    request["calendarId"] = Value::Null;
    request
}

#[test]
fn a_request_that_does_not_fit_is_refused_with_the_field() {
    for (field, value, fault) in [
        ("amount", json!(0), "amount OUT_OF_RANGE"),
        ("amount", json!(-1), "amount OUT_OF_RANGE"),
        ("amount", json!(40_000), "amount OUT_OF_RANGE"),
        ("amount", json!(1.5), "amount OUT_OF_RANGE"),
        ("amount", json!("many"), "amount OUT_OF_RANGE"),
        ("amount", json!([3]), "amount WRONG_TYPE"),
        ("start", json!(7), "start WRONG_TYPE"),
        ("cap", json!([30]), "cap WRONG_TYPE"),
        ("pauses", json!([["2026-03-10T10:00:00Z"]]), "pauses[0] WRONG_TYPE"),
        ("pauses", json!({}), "pauses WRONG_TYPE"),
        ("thresholds", json!([60, {}]), "thresholds[1] WRONG_TYPE"),
        ("start_", json!(7), "start_ UNKNOWN_FIELD"),
        ("calendar_id", json!("cn-office"), "calendar_id DOUBLED_FIELD"),
        ("unit", json!(""), "unit REQUIRED"),
        ("unit", json!("DEADLINE_UNIT_MOONS"), "unit UNKNOWN_ENUM_VALUE"),
        ("close", json!("DAY_CLOSE_NOON"), "close UNKNOWN_ENUM_VALUE"),
        ("eventDay", json!("EVENT_DAY_TWICE"), "eventDay UNKNOWN_ENUM_VALUE"),
        ("rollForward", json!("ROLL_FORWARD_FAR"), "rollForward UNKNOWN_ENUM_VALUE"),
        ("start", json!(null), "start REQUIRED"),
        ("start", json!("2026-03-09"), "start MALFORMED_TIME"),
        ("start", json!("2026-03-09T10:00:00"), "start MALFORMED_TIME"),
        ("start", json!("2026-02-30T10:00:00+08:00"), "start MALFORMED_TIME"),
        ("start", json!("1890-03-09T10:00:00+08:00"), "start OUT_OF_RANGE"),
        ("calendarId", json!(""), "calendarId REQUIRED"),
        ("calendarId", json!("cn-moon"), "calendarId UNKNOWN_CALENDAR"),
        ("extensions", json!([5, 0]), "extensions[1] OUT_OF_RANGE"),
        ("cap", json!({"amount": 0}), "cap.amount OUT_OF_RANGE"),
        ("thresholds", json!([60, 101]), "thresholds[1] OUT_OF_RANGE"),
        ("thresholds", json!(vec![60; 21]), "thresholds TOO_MANY"),
        ("amount", json!(4_001), "amount OUT_OF_RANGE"),
        ("surprise", json!(1), "surprise UNKNOWN_FIELD"),
        ("tel 000 0000", json!(1), "? UNKNOWN_FIELD"),
        ("00000000000", json!(1), "? UNKNOWN_FIELD"),
        ("cap", json!({"amount": 9, "reasons": []}), "cap.reasons UNKNOWN_FIELD"),
        ("pauses", json!([{"from": "2026-03-10T10:00:00Z", "until": ""}]), "pauses[0].until UNKNOWN_FIELD"),
        ("pauses", json!([{"to": "2026-03-10T10:00:00Z"}]), "pauses[0].from REQUIRED"),
        (
            "pauses",
            json!([{"from": "2026-03-10T10:00:00Z", "to": "2026-03-10T09:00:00Z"}]),
            "pauses[0].to REVERSED",
        ),
    ] {
        assert_eq!(faults(&with(field, value.clone())), [fault], "{field}: {value}");
    }
}

#[test]
fn an_unknown_unit_hides_no_other_fault() {
    let request = json!({
        "calendarId": "cn-office", "start": "2026-03-09T10:00:00+08:00", "unit": "DEADLINE_UNIT_MOONS", "amount": 0,
        "extensions": [0], "cap": {"amount": -1},
    });
    let expected = [
        "unit UNKNOWN_ENUM_VALUE",
        "amount OUT_OF_RANGE",
        "extensions[0] OUT_OF_RANGE",
        "cap.amount OUT_OF_RANGE",
    ];
    assert_eq!(faults(&request), expected);
}

#[test]
fn everything_of_a_wrong_shape_is_told_at_once() {
    let request =
        json!({"amount": {}, "cap": [30], "pauses": [[], {"from": 1}], "calendar": {"weekly": [[]]}});
    let expected = [
        "amount WRONG_TYPE",
        "calendar.weekly[0] WRONG_TYPE",
        "cap WRONG_TYPE",
        "pauses[0] WRONG_TYPE",
        "pauses[1].from WRONG_TYPE",
    ];
    assert_eq!(faults(&request), expected);
    let whole = |body: &[u8]| {
        let found = redress_sla::domain::preview::decode(body).unwrap_err();
        found.iter().map(|v| format!("{} {}", v.field, v.reason)).collect::<Vec<_>>()
    };
    assert_eq!(whole(b"[]"), [" WRONG_TYPE"]);
    assert_eq!(whole(b"{"), [" MALFORMED_JSON"]);
    assert_eq!(whole(b"{} {}"), [" MALFORMED_JSON"]);
    assert_eq!(whole(b"{\"unit\": \"\xff\"}"), [" INVALID_UTF8"]);
}

#[test]
fn a_calendar_that_does_not_hold_together_is_refused_with_the_field() {
    let day =
        |day: &str, intervals: Value| json!({"day": format!("DAY_OF_WEEK_{day}"), "intervals": intervals});
    let nine_to = |to: &str| json!([{"from": "09:00", "to": to}]);
    let off = |date: &str| json!({"date": date, "kind": "EXCEPTION_KIND_OFF"});
    for (field, value, fault) in [
        ("zone", json!(""), "calendar.zone REQUIRED"),
        ("zone", json!("Asia/Atlantis"), "calendar.zone UNKNOWN_ZONE"),
        ("weekly", json!([]), "calendar.weekly REQUIRED"),
        ("weekly", json!([day("MOONDAY", nine_to("18:00"))]), "calendar.weekly[0].day UNKNOWN_ENUM_VALUE"),
        (
            "weekly",
            json!([day("MONDAY", nine_to("18:00")), day("MONDAY", nine_to("18:00"))]),
            "calendar.weekly[1].day DUPLICATE_DAY",
        ),
        (
            "weekly",
            json!([day("MONDAY", nine_to("25:00"))]),
            "calendar.weekly[0].intervals[0] MALFORMED_INTERVAL",
        ),
        (
            "weekly",
            json!([day(
                "MONDAY",
                json!([{"from": "09:00", "to": "13:00"}, {"from": "12:00", "to": "18:00"}])
            )]),
            "calendar.weekly[0].intervals[1] OVERLAPPING_INTERVALS",
        ),
        (
            "weekly",
            json!([day(
                "MONDAY",
                json!([{"from": "13:00", "to": "18:00"}, {"from": "09:00", "to": "12:00"}])
            )]),
            "calendar.weekly[0].intervals[1] REVERSED_INTERVALS",
        ),
        (
            "weekly",
            json!([
                day("MONDAY", json!([{"from": "20:00", "to": "10:00"}])),
                day("TUESDAY", nine_to("18:00"))
            ]),
            "calendar.weekly[1].intervals[0] OVERLAPPING_INTERVALS",
        ),
        (
            "exceptions",
            json!([off("2026-03-10"), off("2026-03-11"), off("2026-03-10")]),
            "calendar.exceptions[2].date DUPLICATE_DATE",
        ),
        ("exceptions", json!([off("2026-02-30")]), "calendar.exceptions[0].date MALFORMED_DATE"),
        (
            "exceptions",
            json!([{"date": "2026-03-14", "kind": "EXCEPTION_KIND_WORK"}]),
            "calendar.exceptions[0].intervals REQUIRED",
        ),
        (
            "exceptions",
            json!([{"date": "2026-03-14", "kind": "EXCEPTION_KIND_PARTY"}]),
            "calendar.exceptions[0].kind UNKNOWN_ENUM_VALUE",
        ),
        ("coversFrom", json!("2026-01-01"), "calendar.coversTo REQUIRED"),
        ("holidays", json!([]), "calendar.holidays UNKNOWN_FIELD"),
    ] {
        assert_eq!(faults(&inline(field, value.clone())), [fault], "{field}: {value}");
    }
}

#[test]
fn a_year_missing_between_two_plans_is_refused() {
    let mut request = inline("coversFrom", json!("2024-01-01"));
    request["calendar"]["coversTo"] = json!("2026-12-31");
    let off = |date: &str| json!({"date": date, "kind": "EXCEPTION_KIND_STATUTORY"});
    request["calendar"]["exceptions"] = json!([off("2024-10-01"), off("2026-10-01")]);
    assert_eq!(faults(&request), ["calendar.exceptions[1].date YEAR_MISSING"]);
    request["calendar"]["exceptions"] = json!([off("2024-10-01"), off("2025-10-01"), off("2026-10-01")]);
    answer(&request);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let request =
        json!({"calendarId": "cn-moon", "amount": 0, "unit": "DEADLINE_UNIT_MONTHS", "thresholds": [0]});
    let expected = [
        "start REQUIRED",
        "thresholds[0] OUT_OF_RANGE",
        "amount OUT_OF_RANGE",
        "calendarId UNKNOWN_CALENDAR",
    ];
    assert_eq!(faults(&request), expected);
}

#[test]
fn a_deadline_beyond_the_horizon_is_refused() {
    let mut request = with("amount", json!(36_000));
    request["start"] = json!("2190-01-01T10:00:00Z");
    assert_eq!(faults(&request), ["amount OUT_OF_RANGE"]);
}

#[test]
fn a_start_before_the_plan_is_answered_provisionally() {
    let answer = answer(&with("start", json!("2020-03-09T10:00:00+08:00")));
    assert_eq!((answer.due_date.as_deref(), answer.provisional), (Some("2020-03-12"), true));
}

#[test]
fn pauses_that_overlap_are_one_and_an_empty_one_is_none() {
    let pause = |from: &str, to: &str| json!({"from": format!("2026-03-{from}:00+08:00"), "to": format!("2026-03-{to}:00+08:00")});
    let one = answer(&with("pauses", json!([pause("10T10:00", "12T10:00")])));
    let cut = answer(&with(
        "pauses",
        json!([
            pause("11T09:00", "12T10:00"),
            pause("10T10:00", "11T15:00"),
            pause("11T10:00", "11T12:00"),
            pause("12T18:00", "12T18:00"),
        ]),
    ));
    assert_eq!((one.due_at, one.held_days), (cut.due_at, cut.held_days));
}
