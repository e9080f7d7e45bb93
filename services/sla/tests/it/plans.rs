//! China's plans against an independent source.

use chinese_holiday::{Ymd, chinese_holiday};
use jiff::civil::{Date, date};
use redress_sla::domain::calendar::{Calendar, ExceptionKind, known};

/// As far as the other source goes; all of 2026 that is planned lies before its end.
fn days() -> impl Iterator<Item = Date> {
    date(2024, 1, 1).series(jiff::Span::new().days(1)).take_while(|day| *day <= date(2026, 12, 25))
}

#[test]
fn every_day_of_2024_to_2026_is_a_working_day_here_exactly_if_it_is_one_there() {
    let office = known("cn-office").unwrap();
    for day in days() {
        let (year, month, of_month) = (day.year(), day.month(), day.day());
        let there = Ymd::new(year.unsigned_abs(), month.unsigned_abs(), of_month.unsigned_abs());
        assert_eq!(office.day(day).is_working(), chinese_holiday(there).is_workday(), "{day}");
        assert!(office.knows(day), "{day}");
    }
}

#[test]
fn since_2025_thirteen_days_a_year_are_statutory_and_before_eleven() {
    let office = known("cn-office").unwrap();
    let statutory = |year| {
        days().filter(|d| d.year() == year && office.day(*d).kind == Some(ExceptionKind::Statutory)).count()
    };
    assert_eq!([2024, 2025, 2026].map(statutory), [11, 13, 13]);
}

#[test]
fn every_calendar_that_is_compiled_in_can_be_found() {
    for id in ["cn-office", "cn-7x12", "cn-24x7", "cn-live", "de-24x7"] {
        assert_eq!(known(id).map(Calendar::id), Some(id));
    }
    assert!(known("cn-moon").is_none());
}
