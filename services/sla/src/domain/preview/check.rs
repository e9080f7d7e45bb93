//! From the question as it came to the facts of the engine: everything that is wrong, each with its field.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use redress_domain::Violations;

use super::request::{CapDraft, PauseDraft, Request};
use crate::domain::calendar::{self, Calendar, FIRST_YEAR, LAST_YEAR};
use crate::domain::pause::Pause;
use crate::domain::time_limit::{Cap, TimeLimit, largest_amount};
use crate::domain::unit::{DayClose, EventDay, RollForward, Scale, Unit, UnitCode};

const MOST_PAUSES: usize = 1_000;
const MOST_EXTENSIONS: usize = 100;
const MOST_THRESHOLDS: usize = 20;
const LONGEST_REASON: usize = 64;

/// The facts; meaningless if anything was found.
pub(super) fn time_limit(
    request: &Request,
    now: Option<Timestamp>,
    found: &mut Violations,
) -> Option<TimeLimit> {
    let unit = unit(request, found);
    let start = start(request, now, found);
    let pauses = pauses(&request.pauses, found);
    if request.thresholds.len() > MOST_THRESHOLDS {
        found.add("thresholds", "TOO_MANY", format!("at most {MOST_THRESHOLDS} are answered at once"));
    }
    for (at, percent) in request.thresholds.iter().enumerate() {
        if !(1..=100).contains(percent) {
            found.add(format!("thresholds[{at}]"), "OUT_OF_RANGE", "1 to 100 percent are expected");
        }
    }
    in_range(unit, request.amount, "amount", found);
    let extension = extension(unit, request, found);
    let cap = request.cap.as_ref().map(|cap| self::cap(unit, cap, found));
    Some(TimeLimit { start: start?, unit: unit?, amount: request.amount, extension, cap, pauses })
}

/// The calendar that came with the request.
pub(super) fn inline_calendar(request: &Request, found: &mut Violations) -> Option<Calendar> {
    let draft = request.calendar.as_ref()?;
    if !request.calendar_id.is_empty() {
        found.add("calendarId", "CONFLICT", "a calendar is named by its id or comes inline, not both");
    }
    calendar::check(draft, "calendar", found)
}

/// The calendar that the request names.
pub(super) fn stored_calendar<'a>(
    request: &Request,
    stored: impl FnOnce(&str) -> Option<&'a Calendar>,
    found: &mut Violations,
) -> Option<&'a Calendar> {
    if request.calendar.is_some() {
        return None;
    }
    if request.calendar_id.is_empty() {
        found.add("calendarId", "REQUIRED", "a deadline needs a calendar, by its id or inline");
        return None;
    }
    let calendar = stored(&request.calendar_id);
    if calendar.is_none() {
        found.add("calendarId", "UNKNOWN_CALENDAR", "there is no calendar of that name");
    }
    calendar
}

/// Working time needs a calendar that has some.
pub(super) fn has_hours(calendar: &Calendar, unit: Unit, request: &Request, found: &mut Violations) {
    if unit.needs_hours() && !calendar.has_hours() {
        let field = if request.calendar.is_some() { "calendar.weekly" } else { "calendarId" };
        found.add_unless_known(
            field,
            "REQUIRED",
            "the calendar has no working hours, which this unit counts",
        );
    }
}

fn unit(request: &Request, found: &mut Violations) -> Option<Unit> {
    let close = option(&request.close, "close", "DAY_CLOSE_UNSPECIFIED", DayClose::BusinessEnd, found);
    let event_day =
        option(&request.event_day, "eventDay", "EVENT_DAY_UNSPECIFIED", EventDay::Excluded, found);
    let roll =
        option(&request.roll_forward, "rollForward", "ROLL_FORWARD_UNSPECIFIED", RollForward::Off, found);
    if matches!(request.unit.as_str(), "" | "DEADLINE_UNIT_UNSPECIFIED") {
        found.add("unit", "REQUIRED", "an amount needs its unit");
        return None;
    }
    let Ok(code) = request.unit.parse::<UnitCode>() else {
        found.add("unit", "UNKNOWN_ENUM_VALUE", "the enumeration has no such value");
        return None;
    };
    Some(Unit::of(code, close, event_day, roll))
}

fn option<T: FromStr>(code: &str, field: &str, unspecified: &str, default: T, found: &mut Violations) -> T {
    if code.is_empty() || code == unspecified {
        return default;
    }
    code.parse().unwrap_or_else(|_| {
        found.add(field, "UNKNOWN_ENUM_VALUE", "the enumeration has no such value");
        default
    })
}

fn start(request: &Request, now: Option<Timestamp>, found: &mut Violations) -> Option<Timestamp> {
    match now {
        Some(now) if request.start.is_empty() => whole_milliseconds(now),
        _ => instant(&request.start, "start", found),
    }
}

/// An unknown unit hides no amount that fits none.
fn in_range(unit: Option<Unit>, amount: i64, field: &str, found: &mut Violations) {
    if amount < 1 {
        found.add(field, "OUT_OF_RANGE", "at least 1 is expected");
    } else if amount > largest(unit) {
        found.add(field, "OUT_OF_RANGE", "at most a hundred years are expected");
    }
}

/// The largest amount of the unit; of an unknown one that of the finest.
fn largest(unit: Option<Unit>) -> i64 {
    largest_amount(unit.unwrap_or(Unit::Elapsed(Scale::Seconds)))
}

fn extension(unit: Option<Unit>, request: &Request, found: &mut Violations) -> i64 {
    if request.extensions.len() > MOST_EXTENSIONS {
        found.add("extensions", "TOO_MANY", "at most 100 extensions");
        return 0;
    }
    for (at, extension) in request.extensions.iter().enumerate() {
        in_range(unit, *extension, &format!("extensions[{at}]"), found);
    }
    let sum = request.extensions.iter().fold(0_i64, |sum, extension| sum.saturating_add(*extension));
    if sum.saturating_add(request.amount) > largest(unit) {
        found.add_unless_known(
            "amount",
            "OUT_OF_RANGE",
            "at most a hundred years with all extensions are expected",
        );
    }
    sum
}

fn cap(unit: Option<Unit>, cap: &CapDraft, found: &mut Violations) -> Cap {
    in_range(unit, cap.amount, "cap.amount", found);
    Cap { amount: cap.amount, pause_reasons: cap.pause_reasons.clone() }
}

fn pauses(drafts: &[PauseDraft], found: &mut Violations) -> Vec<Pause> {
    if drafts.len() > MOST_PAUSES {
        found.add("pauses", "TOO_MANY", "at most 1,000 pauses");
        return vec![];
    }
    drafts.iter().enumerate().filter_map(|(at, draft)| pause(at, draft, found)).collect()
}

fn pause(at: usize, draft: &PauseDraft, found: &mut Violations) -> Option<Pause> {
    if draft.reason.chars().count() > LONGEST_REASON {
        found.add(format!("pauses[{at}].reason"), "TOO_LONG", "at most 64 characters");
    }
    let from = instant(&draft.from, &format!("pauses[{at}].from"), found);
    let field = format!("pauses[{at}].to");
    let to = if draft.to.is_empty() { None } else { Some(instant(&draft.to, &field, found)?) };
    let from = from?;
    if to.is_some_and(|to| to < from) {
        found.add(field, "REVERSED", "a pause does not end before its beginning");
    }
    Some(Pause { from, to, reason: draft.reason.clone() })
}

fn instant(text: &str, field: &str, found: &mut Violations) -> Option<Timestamp> {
    if text.is_empty() {
        found.add(field, "REQUIRED", "an instant is missing");
        return None;
    }
    let Some(instant) = rfc3339(text) else {
        found.add(field, "MALFORMED_TIME", "an instant of RFC 3339 with its offset is expected");
        return None;
    };
    // The last year stays free for the deadline; every zone is within a day of UTC.
    let year = TimeZone::UTC.to_datetime(instant).year();
    if !(FIRST_YEAR..LAST_YEAR).contains(&year) {
        found.add(field, "OUT_OF_RANGE", "an instant of the years 1970 to 2198 is expected");
        return None;
    }
    Some(instant)
}

/// jiff also reads other forms of ISO 8601; this takes date, `T`, time with seconds, and offset only.
fn rfc3339(text: &str) -> Option<Timestamp> {
    let shape = |at: usize| text.as_bytes().get(at).copied();
    let tail = text.get(19..)?;
    let offset = tail.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let has_offset = offset == "Z" || (offset.len() == 6 && offset.as_bytes()[3] == b':');
    let fits = shape(4) == Some(b'-')
        && shape(10) == Some(b'T')
        && shape(13) == Some(b':')
        && shape(16) == Some(b':');
    (fits && has_offset).then(|| text.parse().ok())?.and_then(whole_milliseconds)
}

/// Cut to the millisecond (D1).
fn whole_milliseconds(at: Timestamp) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.as_nanosecond().div_euclid(1_000_000).try_into().ok()?).ok()
}
