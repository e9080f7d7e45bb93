//! Whether a draft holds together: everything that is wrong with it, each with its field.

use jiff::civil::Date;
use jiff::tz::TimeZoneDatabase;
use redress_domain::Violations;

use super::draft::{Draft, ExceptionDraft, IntervalDraft, weekday_place};
use super::{Calendar, Covers, Exception, ExceptionKind, LAST_YEAR, weekday_index};
use crate::domain::interval::{DAY, WorkingInterval};

/// The first year of which dates are taken: before it many zones kept local mean time.
pub(crate) const FIRST_YEAR: i16 = 1970;
/// More than ten years of an authority's plans.
const MOST_EXCEPTIONS: usize = 4_000;
const MOST_INTERVALS: usize = 48;
const LONGEST_NAME: usize = 64;

impl TryFrom<&Draft> for Calendar {
    type Error = Violations;

    /// Fields are named from the draft's root.
    fn try_from(draft: &Draft) -> Result<Self, Violations> {
        let mut found = Violations::default();
        match check(draft, "", &mut found) {
            Some(calendar) if found.is_empty() => Ok(calendar),
            _ => Err(found),
        }
    }
}

/// The calendar of `draft`, whose fields are named behind `prefix`; meaningless if anything was found.
pub(crate) fn check(draft: &Draft, prefix: &str, found: &mut Violations) -> Option<Calendar> {
    let mut check = Check { prefix, found };
    check.text("id", &draft.id);
    check.text("version", &draft.version);
    let zone = check.zone(&draft.zone);
    let weekly = check.weekly(draft);
    let makeup = check.intervals("makeupIntervals", &draft.makeup_intervals);
    let covers = check.covers(draft);
    let exceptions = check.exceptions(draft, &makeup, covers);
    let every = weekly.iter().flatten().chain(exceptions.iter().flat_map(|(_, e)| &e.intervals));
    let overnight_until = every.map(|interval| interval.overnight_until()).max().unwrap_or_default();
    let mut calendar = Calendar {
        id: draft.id.clone(),
        version: draft.version.clone(),
        zone: zone?,
        weekly,
        makeup,
        exceptions: vec![],
        covers,
        overnight_until,
    };
    check.week_does_not_overlap(draft, &calendar);
    let places: Vec<(usize, Date)> = exceptions.iter().map(|(at, exception)| (*at, exception.date)).collect();
    calendar.exceptions = exceptions.into_iter().map(|(_, exception)| exception).collect();
    check.exceptions_do_not_overlap(&places, &calendar);
    Some(calendar)
}

struct Check<'a> {
    prefix: &'a str,
    found: &'a mut Violations,
}

impl Check<'_> {
    fn add(&mut self, field: &str, reason: &'static str, description: &'static str) {
        let field =
            if self.prefix.is_empty() { field.to_owned() } else { format!("{}.{field}", self.prefix) };
        self.found.add(field, reason, description);
    }

    fn text(&mut self, field: &str, text: &str) {
        if text.chars().count() > LONGEST_NAME {
            self.add(field, "TOO_LONG", "at most 64 characters");
        }
    }

    fn zone(&mut self, name: &str) -> Option<jiff::tz::TimeZone> {
        if name.is_empty() {
            self.add("zone", "REQUIRED", "a calendar needs a time zone");
            return None;
        }
        let zone = TimeZoneDatabase::bundled().get(name).ok();
        if zone.is_none() {
            self.add("zone", "UNKNOWN_ZONE", "no time zone of the IANA database has this name");
        }
        zone
    }

    fn weekly(&mut self, draft: &Draft) -> [Vec<WorkingInterval>; 7] {
        let mut weekly = <[Vec<WorkingInterval>; 7]>::default();
        let mut seen = [false; 7];
        for (at, day) in draft.weekly.iter().enumerate() {
            let intervals = self.intervals(&format!("weekly[{at}].intervals"), &day.intervals);
            let field = format!("weekly[{at}].day");
            match weekday_place(&day.day) {
                Err(_) if day.day.is_empty() => self.add(&field, "REQUIRED", "the weekday is missing"),
                Err(_) => self.add(&field, "UNKNOWN_ENUM_VALUE", "the enumeration has no such value"),
                Ok(place) if seen[place] => {
                    self.add(&field, "DUPLICATE_DAY", "this weekday stands here twice");
                }
                Ok(place) => {
                    seen[place] = true;
                    weekly[place] = intervals;
                }
            }
        }
        weekly
    }

    /// The intervals of one day, in order and apart from each other.
    fn intervals(&mut self, field: &str, drafts: &[IntervalDraft]) -> Vec<WorkingInterval> {
        if drafts.len() > MOST_INTERVALS {
            self.add(field, "TOO_MANY", "at most 48 intervals a day");
            return vec![];
        }
        let mut intervals: Vec<WorkingInterval> = Vec::with_capacity(drafts.len());
        for (at, draft) in drafts.iter().enumerate() {
            let field = format!("{field}[{at}]");
            let Some(interval) = WorkingInterval::parse(&draft.from, &draft.to) else {
                self.add(
                    &field,
                    "MALFORMED_INTERVAL",
                    "\"HH:MM\" to \"HH:MM\" is expected; an end may be \"24:00\"",
                );
                continue;
            };
            match intervals.last() {
                Some(before) if interval.from_minute() < before.from_minute() => {
                    self.add(
                        &field,
                        "REVERSED_INTERVALS",
                        "the intervals of a day stand in the order of their times",
                    );
                }
                Some(before) if interval.from_minute() < before.to_minute() => {
                    self.add(&field, "OVERLAPPING_INTERVALS", "begins before the interval before it ends");
                }
                _ => intervals.push(interval),
            }
        }
        intervals
    }

    fn date(&mut self, field: &str, text: &str) -> Option<Date> {
        // jiff also reads other forms of ISO 8601, such as 20260214.
        let date = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
        match date {
            None => self.add(field, "MALFORMED_DATE", "a date \"YYYY-MM-DD\" is expected"),
            Some(date) if !(FIRST_YEAR..=LAST_YEAR).contains(&date.year()) => {
                self.add(field, "OUT_OF_RANGE", "a date of the years 1970 to 2199 is expected");
                return None;
            }
            Some(_) => {}
        }
        date
    }

    fn covers(&mut self, draft: &Draft) -> Option<Covers> {
        let from = draft.covers_from.as_deref().filter(|text| !text.is_empty());
        let to = draft.covers_to.as_deref().filter(|text| !text.is_empty());
        let (Some(from), Some(to)) = (from, to) else {
            if from.is_some() || to.is_some() {
                let missing = if from.is_none() { "coversFrom" } else { "coversTo" };
                self.add(missing, "REQUIRED", "a known plan has a first and a last date");
            }
            return None;
        };
        let covers = Covers { from: self.date("coversFrom", from)?, to: self.date("coversTo", to)? };
        if covers.to < covers.from {
            self.add("coversTo", "OUT_OF_RANGE", "lies before coversFrom");
            return None;
        }
        Some(covers)
    }

    /// The exceptions by date, each with its place in the draft.
    fn exceptions(
        &mut self,
        draft: &Draft,
        makeup: &[WorkingInterval],
        covers: Option<Covers>,
    ) -> Vec<(usize, Exception)> {
        if draft.exceptions.len() > MOST_EXCEPTIONS {
            self.add("exceptions", "TOO_MANY", "at most 4,000 exceptions");
            return vec![];
        }
        let drafts = draft.exceptions.iter().enumerate();
        let mut exceptions: Vec<(usize, Exception)> =
            drafts.filter_map(|(at, draft)| Some((at, self.exception(at, draft, makeup, covers)?))).collect();
        exceptions.sort_by_key(|(_, exception)| exception.date);
        for pair in exceptions.windows(2) {
            if pair[0].1.date == pair[1].1.date {
                let field = format!("exceptions[{}].date", pair[1].0);
                self.add(&field, "DUPLICATE_DATE", "this date stands here twice");
            }
        }
        if let Some(covers) = covers {
            self.no_year_is_missing(&exceptions, covers);
        }
        exceptions
    }

    fn exception(
        &mut self,
        at: usize,
        draft: &ExceptionDraft,
        makeup: &[WorkingInterval],
        covers: Option<Covers>,
    ) -> Option<Exception> {
        let field = |name: &str| format!("exceptions[{at}].{name}");
        self.text(&field("name"), &draft.name);
        let intervals = self.intervals(&field("intervals"), &draft.intervals);
        let date = self.date(&field("date"), &draft.date);
        if date.zip(covers).is_some_and(|(date, covers)| date < covers.from || covers.to < date) {
            self.add(&field("date"), "OUTSIDE_COVERS", "lies outside the dates for which the plan is known");
        }
        let Ok(kind) = draft.kind.parse::<ExceptionKind>() else {
            self.add(&field("kind"), "UNKNOWN_ENUM_VALUE", "work, off or statutory is expected");
            return None;
        };
        let intervals = match kind {
            ExceptionKind::Work if draft.intervals.is_empty() => makeup.to_vec(),
            _ => intervals,
        };
        if kind == ExceptionKind::Work && draft.intervals.is_empty() && makeup.is_empty() {
            self.add(
                &field("intervals"),
                "REQUIRED",
                "a day of work needs hours, its own or makeupIntervals",
            );
        }
        Some(Exception { date: date?, kind, intervals, name: draft.name.clone() })
    }

    /// A plan of 2024 and one of 2026 do not make a plan of 2024 to 2026: a covered year between two that have
    /// exceptions needs some of its own.
    fn no_year_is_missing(&mut self, exceptions: &[(usize, Exception)], covers: Covers) {
        for pair in exceptions.windows(2) {
            let (before, after) = (&pair[0].1.date, &pair[1].1.date);
            let covered = |year| covers.from.year() < year && year < covers.to.year();
            if (before.year() + 1..after.year()).any(covered) {
                let field = format!("exceptions[{}].date", pair[1].0);
                self.add(&field, "YEAR_MISSING", "a year before this date is covered but has no plan");
            }
        }
    }

    /// No weekday's last shift reaches into the first of the next.
    fn week_does_not_overlap(&mut self, draft: &Draft, calendar: &Calendar) {
        for (at, day) in draft.weekly.iter().enumerate() {
            let Ok(place) = weekday_place(&day.day) else { continue };
            let before = &calendar.weekly[(place + 6) % 7];
            if overlap(before, &calendar.weekly[place]) {
                let field = format!("weekly[{at}].intervals[0]");
                self.add(
                    &field,
                    "OVERLAPPING_INTERVALS",
                    "begins before the shift of the evening before ends",
                );
            }
        }
    }

    /// No exception's hours overlap with those of its neighbours.
    fn exceptions_do_not_overlap(&mut self, places: &[(usize, Date)], calendar: &Calendar) {
        for &(at, date) in places {
            let today = calendar.day(date).intervals;
            let before = date.yesterday().map(|date| calendar.day(date).intervals).unwrap_or_default();
            let after = date.tomorrow().ok().filter(|date| calendar.day(*date).kind.is_none());
            let after = after.map(|date| &calendar.weekly[weekday_index(date.weekday())]);
            if overlap(before, today) || after.is_some_and(|after| overlap(today, after)) {
                let field = format!("exceptions[{at}].intervals");
                self.add(
                    &field,
                    "OVERLAPPING_INTERVALS",
                    "overlaps with the hours of the day before or after",
                );
            }
        }
    }
}

fn overlap(before: &[WorkingInterval], after: &[WorkingInterval]) -> bool {
    let ends = before.last().map_or(0, |last| last.to_minute());
    after.first().is_some_and(|first| first.from_minute() + DAY < ends)
}
