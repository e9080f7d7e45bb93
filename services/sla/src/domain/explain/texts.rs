//! The sentences, kept as data: `data/explain`, one file a language.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::Language;
use crate::domain::calendar::{Day, ExceptionKind};
use crate::domain::unit::{EventDay, Unit, UnitCode};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    /// From Monday.
    weekdays: [String; 7],
    date: String,
    at: String,
    /// A time of the day after the one that was named.
    pub(super) next_day: String,
    /// An instant whose offset must be said.
    pub(super) other_offset: String,
    pub(super) answer: String,
    pub(super) answer_none: String,
    pub(super) answer_extended: String,
    pub(super) answer_held_one: String,
    pub(super) answer_held: String,
    pub(super) answer_stood: String,
    pub(super) subject: String,
    pub(super) sources: String,
    pub(super) and: String,
    pub(super) opening: String,
    pub(super) granted: String,
    pub(super) extended: String,
    pub(super) paused: String,
    pub(super) paused_open: String,
    because: String,
    pub(super) effect_none: String,
    pub(super) effect_one: String,
    pub(super) effect_days: String,
    pub(super) effect_later: String,
    pub(super) effect_not_of_cap: String,
    pub(super) counted: String,
    pub(super) counted_makeup: String,
    pub(super) counted_in_part: String,
    pub(super) held: String,
    pub(super) idle: String,
    pub(super) closed: String,
    pub(super) passed: String,
    pub(super) landed: String,
    pub(super) ran: String,
    pub(super) stood: String,
    pub(super) stood_open: String,
    pub(super) outside: String,
    name: String,
    first_excluded: String,
    first_included: String,
    first_at_once: String,
    statutory: String,
    off: String,
    weekly: String,
    pub(super) capped: String,
    pub(super) due: String,
    pub(super) no_deadline: String,
    pub(super) provisional: String,
    pub(super) announced: String,
    pub(super) announced_put_off: String,
    /// Of one, and of several.
    units: BTreeMap<UnitCode, [String; 2]>,
    /// Of pauses, by their codes.
    reasons: BTreeMap<String, String>,
}

impl Texts {
    pub(super) fn of(language: Language) -> &'static Self {
        #[expect(clippy::expect_used, reason = "the files are compiled in; a test reads each of them")]
        static ALL: LazyLock<[Texts; 2]> = LazyLock::new(|| {
            let read = |text| toml::from_str(text).expect("compiled-in texts are valid");
            [
                read(include_str!("../../../data/explain/zh.toml")),
                read(include_str!("../../../data/explain/en.toml")),
            ]
        });
        match language {
            Language::Chinese => &ALL[0],
            Language::English => &ALL[1],
        }
    }

    pub(super) fn date(&self, date: Date) -> String {
        let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        let (month, day) = (date.month().to_string(), date.day().to_string());
        let (month_of_two, day_of_two) = (format!("{month:0>2}"), format!("{day:0>2}"));
        let year = date.year().to_string();
        fill(
            &self.date,
            &[
                ("year", &year),
                ("month", &month),
                ("day", &day),
                ("mm", &month_of_two),
                ("dd", &day_of_two),
                ("weekday", &self.weekdays[weekday]),
            ],
        )
    }

    /// A time of a day that is named.
    pub(super) fn at(&self, date: &str, time: &str) -> String {
        fill(&self.at, &[("date", date), ("time", time)])
    }

    /// Date and time on the wall.
    pub(super) fn moment(&self, at: Timestamp, zone: &TimeZone) -> String {
        let wall = zone.to_datetime(at);
        self.at(&self.date(wall.date()), &time(wall.time()))
    }

    /// What becomes of the first day, or that there is none.
    pub(super) fn first(&self, unit: Unit) -> &str {
        match unit {
            Unit::WorkingDays { event_day: EventDay::Included, .. }
            | Unit::CalendarDays { event_day: EventDay::Included, .. } => &self.first_included,
            Unit::WorkingDays { .. } | Unit::CalendarDays { .. } | Unit::Months { .. } => {
                &self.first_excluded
            }
            Unit::Business(_) | Unit::Elapsed(_) => &self.first_at_once,
        }
    }

    /// Why no work is done on a day: a lawyer tells a holiday by statute from a day off that a plan shifts.
    pub(super) fn kind(&self, day: &Day<'_>) -> &str {
        match day.kind {
            Some(ExceptionKind::Statutory) => &self.statutory,
            Some(ExceptionKind::Off) => &self.off,
            Some(ExceptionKind::Work) | None => &self.weekly,
        }
    }

    /// A holiday's name as an aside; nothing for a day without one.
    pub(super) fn name(&self, name: &str) -> String {
        if name.is_empty() { String::new() } else { fill(&self.name, &[("name", name)]) }
    }

    /// Why a clock stood still, as an aside; a code that nobody knows as it is, and nothing without one.
    pub(super) fn because(&self, code: &str) -> String {
        if code.is_empty() {
            return String::new();
        }
        let reason = self.reasons.get(code).map_or(code, String::as_str);
        fill(&self.because, &[("reason", reason)])
    }

    pub(super) fn unit(&self, unit: UnitCode, amount: i64) -> &str {
        self.units.get(&unit).map_or(unit.code(), |[one, several]| if amount == 1 { one } else { several })
    }
}

/// To the minute, and finer only where it is.
pub(super) fn time(time: Time) -> String {
    let finer = match (time.second(), time.millisecond()) {
        (0, 0) => String::new(),
        (second, 0) => format!(":{second:02}"),
        (second, millisecond) => format!(":{second:02}.{millisecond:03}"),
    };
    format!("{:02}:{:02}{finer}", time.hour(), time.minute())
}

/// By how much the wall differs from UTC then.
pub(super) fn offset(at: Timestamp, zone: &TimeZone) -> String {
    let seconds = zone.to_offset(at).seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// `template` with each `{name}` replaced by its value; what stands in a value is not looked at again.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
    {
        text.push_str(before);
        text.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = after;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_has_a_name_in_every_language() {
        for language in [Language::Chinese, Language::English] {
            let named: Vec<UnitCode> = Texts::of(language).units.keys().copied().collect();
            assert_eq!(named, UnitCode::ALL);
        }
    }

    #[test]
    fn a_value_that_looks_like_a_placeholder_stays_as_it_is() {
        assert_eq!(fill("{a} and {b}", &[("a", "{b}"), ("b", "two")]), "{b} and two");
    }
}
