//! The edges at which a rule turns: the last instant that still belongs, and the first that does not.

use jiff::Timestamp;
use jiff::civil::date;
use redress_sla::domain::calendar::{Calendar, Draft, known};
use redress_sla::domain::engine::{Reckoning, Step};
use redress_sla::domain::pause::{Pause, Pauses};
use redress_sla::domain::time_limit::{Cap, TimeLimit};
use redress_sla::domain::unit::{DayClose, EventDay, RollForward, Scale, Unit};
use serde_json::{Value, json};

use crate::asking::{answer, faults};

const WORKING: Unit = Unit::WorkingDays { close: DayClose::BusinessEnd, event_day: EventDay::Excluded };
const HOURS: Unit = Unit::Business(Scale::Hours);

fn at(text: &str) -> Timestamp {
    format!("{text}+08:00").parse().unwrap()
}

fn office() -> &'static Calendar {
    known("cn-office").unwrap()
}

fn limit(start: &str, unit: Unit, amount: i64) -> TimeLimit {
    TimeLimit { start: at(start), unit, amount, extension: 0, cap: None, pauses: vec![] }
}

fn steps(calendar: &Calendar, limit: &TimeLimit) -> Vec<Step> {
    let mut steps = Vec::new();
    Reckoning::new(calendar, limit).explain(&mut steps).unwrap();
    steps
}

fn asked(calendar: &str, unit: &str, amount: i64, more: &Value) -> Value {
    let mut request = json!({
        "calendarId": calendar, "start": "2026-03-09T10:00:00+08:00",
        "unit": format!("DEADLINE_UNIT_{unit}"), "amount": amount,
    });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

#[test]
fn a_plan_is_known_from_its_first_day_to_its_last() {
    let covers = office().covers().unwrap();
    assert_eq!((covers.from, covers.to), (date(2024, 1, 1), date(2026, 12, 31)));
    for (day, knows) in [
        (date(2023, 12, 31), false),
        (date(2024, 1, 1), true),
        (date(2026, 12, 31), true),
        (date(2027, 1, 1), false),
    ] {
        assert_eq!(office().knows(day), knows, "{day}");
    }
    assert!(known("cn-7x12").unwrap().knows(date(2150, 1, 1)), "it needs no plan");
}

#[test]
fn an_office_opens_at_its_next_interval_and_at_once_while_it_is_open() {
    let opens = |calendar: &str, from: &str| known(calendar).unwrap().next_opening(at(from)).unwrap();
    for (calendar, from, opening) in [
        ("cn-office", "2026-03-09T08:59:59.999", "2026-03-09T09:00:00"),
        ("cn-office", "2026-03-09T09:00:00", "2026-03-09T09:00:00"),
        ("cn-office", "2026-03-09T11:59:59.999", "2026-03-09T11:59:59.999"),
        ("cn-office", "2026-03-09T12:00:00", "2026-03-09T13:00:00"),
        ("cn-office", "2026-03-13T18:00:00", "2026-03-16T09:00:00"),
        // A shift of the evening before; its end; the next one.
        ("cn-live", "2026-03-10T01:59:00", "2026-03-10T01:59:00"),
        ("cn-live", "2026-03-10T02:00:00", "2026-03-10T20:00:00"),
    ] {
        assert_eq!(opens(calendar, from), at(opening), "{calendar} at {from}");
    }
    let closed = Draft { weekly: vec![], ..Draft::from(known("cn-24x7").unwrap()) };
    assert!(Calendar::try_from(&closed).unwrap().next_opening(at("2026-03-09T10:00:00")).is_err());
    assert!(office().next_opening(at("2200-01-01T10:00:00")).is_err(), "beyond all calendars");
}

#[test]
fn an_extension_that_ends_with_the_cap_is_not_capped_and_a_day_more_is() {
    let capped = |extension| {
        let cap = Some(Cap { amount: 30, pause_reasons: None });
        let limit = TimeLimit { extension, cap, ..limit("2026-03-02T10:00:00", WORKING, 15) };
        Reckoning::new(office(), &limit).deadline().unwrap()
    };
    assert!(!capped(15).capped);
    assert!(capped(16).capped);
    assert_eq!(capped(15).due, capped(16).due);
}

#[test]
fn a_cap_makes_an_answer_certain_only_where_no_plan_can_let_the_other_clock_come_first() {
    let provisional = |start, unit, amount, cap, extension| {
        let cap = Some(Cap { amount: cap, pause_reasons: None });
        let limit = TimeLimit { cap, extension, ..limit(start, unit, amount) };
        let deadline = Reckoning::new(office(), &limit).deadline().unwrap();
        assert!(deadline.capped);
        deadline.provisional
    };
    // Both end in 2026.
    assert!(!provisional("2026-03-02T10:00:00", WORKING, 2, 3, 5));
    // The cap ends with the last day of 2026, the other clock after it.
    assert!(!provisional("2026-12-28T10:00:00", WORKING, 3, 3, 9));
    // The cap looks at 2027 itself.
    assert!(provisional("2026-12-28T10:00:00", WORKING, 4, 4, 9));
    assert!(!provisional("2026-03-09T10:00:00", HOURS, 2, 3, 5));
    // Of time nobody can say on which date the other clock would come first.
    assert!(provisional("2026-12-31T09:00:00", HOURS, 4, 5, 9));
}

#[test]
fn the_event_day_counts_only_if_it_closes_after_the_start() {
    let unit = Unit::WorkingDays { close: DayClose::BusinessEnd, event_day: EventDay::Included };
    let first = |start| steps(office(), &limit(start, unit, 1))[0];
    let day = date(2026, 3, 9);
    assert_eq!(first("2026-03-09T17:59:59.999"), Step::Counted { day, number: 1 });
    assert_eq!(first("2026-03-09T18:00:00"), Step::Closed { day });
    assert_eq!(first("2026-03-09T18:00:00").rule(), "D5");
}

#[test]
fn every_step_names_its_rule() {
    let calendar_days = Unit::CalendarDays { event_day: EventDay::Excluded, roll: RollForward::Statutory };
    let mut held = limit("2026-03-09T10:00:00", WORKING, 1);
    let (from, to) = (at("2026-03-10T10:00:00"), at("2026-03-11T10:00:00"));
    held.pauses = vec![Pause { from, to: Some(to), reason: String::new() }];
    let stood = TimeLimit { unit: HOURS, amount: 10, ..held.clone() };
    let mut rules: Vec<&str> = [
        steps(office(), &held),
        steps(office(), &stood),
        steps(office(), &limit("2026-03-13T10:00:00", WORKING, 1)),
        steps(office(), &limit("2026-09-30T10:00:00", calendar_days, 2)),
    ]
    .iter()
    .flatten()
    .map(Step::rule)
    .collect();
    rules.sort_unstable();
    rules.dedup();
    assert_eq!(rules, ["D2", "D3", "D6", "D7", "D9.3", "D9.5"]);
}

#[test]
fn stretches_that_touch_are_one_and_those_with_something_between_are_not() {
    let always = known("cn-24x7").unwrap();
    let ran =
        |limit: &TimeLimit| steps(always, limit).iter().filter(|step| matches!(step, Step::Ran(_))).count();
    let mut limit = limit("2026-03-09T10:00:00", HOURS, 60);
    assert_eq!(ran(&limit), 1, "over two midnights");
    let pause = |from: &str, to: &str| Pause { from: at(from), to: Some(at(to)), reason: String::new() };
    limit.pauses = vec![pause("2026-03-09T22:00:00", "2026-03-10T00:00:00")];
    assert_eq!(steps(always, &limit).len(), 3);
    limit.pauses = vec![pause("2026-03-09T22:00:00", "2026-03-10T02:00:00")];
    assert_eq!(steps(always, &limit).len(), 3, "a pause over midnight is one too");
}

#[test]
fn a_last_day_that_is_not_moved_is_not_told_as_moved() {
    let unit = |roll| Unit::CalendarDays { event_day: EventDay::Excluded, roll };
    for roll in RollForward::ALL {
        let told = steps(office(), &limit("2026-03-09T10:00:00", unit(*roll), 2));
        let counted = told.iter().filter(|step| matches!(step, Step::Counted { .. })).count();
        assert_eq!((told.len(), counted), (2, 2), "{roll:?}");
    }
    // A plain Saturday: only `rest` passes it.
    let lands = |roll| steps(office(), &limit("2026-03-12T10:00:00", unit(roll), 2)).len() > 2;
    let moved: Vec<bool> = RollForward::ALL.iter().map(|roll| lands(*roll)).collect();
    assert_eq!(moved, [false, false, false, true]);
}

#[test]
fn the_last_day_of_the_last_year_can_be_a_deadline() {
    let last_day = json!({"start": "2198-12-30T10:00:00+08:00"});
    assert!(answer(&asked("cn-7x12", "CALENDAR_DAYS", 366, &last_day)).due_at.is_some());
    assert_eq!(faults(&asked("cn-7x12", "CALENDAR_DAYS", 367, &last_day)), ["amount OUT_OF_RANGE"]);
    assert!(answer(&asked("cn-7x12", "ELAPSED_HOURS", 24 * 366, &last_day)).due_at.is_some());
    assert_eq!(faults(&asked("cn-7x12", "ELAPSED_HOURS", 24 * 368, &last_day)), ["amount OUT_OF_RANGE"]);
}

#[test]
fn a_hundred_years_of_each_unit_are_the_most() {
    for (unit, most) in [
        ("CALENDAR_DAYS", 36_525),
        ("MONTHS", 1_200),
        ("ELAPSED_SECONDS", 36_525 * 86_400),
        ("ELAPSED_MINUTES", 36_525 * 1_440),
        ("ELAPSED_HOURS", 36_525 * 24),
    ] {
        let more = asked("cn-24x7", unit, most + 1, &json!({}));
        assert_eq!(faults(&more), ["amount OUT_OF_RANGE"], "{unit}");
        // So long a count of days is not explained, but neither is its amount too large: the reason differs in words.
        let limit = TimeLimit { amount: most, ..limit("2026-03-09T10:00:00", by_name(unit), 1) };
        assert!(Reckoning::new(known("cn-24x7").unwrap(), &limit).deadline().is_ok(), "{unit}");
    }
    assert!(answer(&asked("cn-24x7", "ELAPSED_SECONDS", 36_525 * 86_400, &json!({}))).due_at.is_some());
}

fn by_name(unit: &str) -> Unit {
    let code = format!("DEADLINE_UNIT_{unit}").parse().unwrap();
    Unit::of(code, DayClose::Midnight, EventDay::Excluded, RollForward::Off)
}

#[test]
fn working_hours_are_asked_of_a_calendar_only_by_units_that_need_them() {
    let bare = json!({"calendarId": "", "calendar": {"id": "bare", "version": "1", "zone": "Asia/Shanghai"}});
    let needs = |unit: &str, more: Value| {
        let mut all = bare.as_object().unwrap().clone();
        all.extend(more.as_object().unwrap().clone());
        let mut request = asked("", unit, 3, &Value::Object(all));
        request.as_object_mut().unwrap().remove("calendarId");
        match crate::asking::ask(&request) {
            Ok(_) => false,
            Err(found) => {
                assert!(found.iter().any(|fault| fault.field == "calendar.weekly"), "{found:?}");
                true
            }
        }
    };
    assert!(needs("WORKING_DAYS", json!({})));
    assert!(needs("BUSINESS_MINUTES", json!({})));
    assert!(needs("CALENDAR_DAYS", json!({"rollForward": "ROLL_FORWARD_REST"})));
    assert!(needs("MONTHS", json!({"rollForward": "ROLL_FORWARD_REST"})));
    assert!(!needs("CALENDAR_DAYS", json!({"rollForward": "ROLL_FORWARD_PLAN"})));
    assert!(!needs("ELAPSED_HOURS", json!({})));
}

#[test]
fn the_end_of_all_pauses_is_that_of_the_last() {
    let pause =
        |from: &str, to: Option<&str>| Pause { from: at(from), to: to.map(at), reason: String::new() };
    let two = [pause("2026-03-10T10:00:00", Some("2026-03-11T10:00:00")), pause("2026-03-09T10:00:00", None)];
    assert_eq!(Pauses::union(&two[..1]).last_end(), Some(at("2026-03-11T10:00:00")));
    assert_eq!(Pauses::union(&two).last_end(), Some(Timestamp::MAX));
    assert_eq!(Pauses::union(&two[..0]).last_end(), None);
    assert_eq!(Pauses::union(&two).open_since(), Some(at("2026-03-09T10:00:00")));
    assert_eq!(Pauses::union(&two[..1]).open_since(), None);
}
