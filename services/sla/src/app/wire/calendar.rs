//! Calendars: the message and the draft have the same shape, and share their codes.

use redress_proto::sla::v1 as wire;

use crate::domain::calendar::{Draft, ExceptionDraft, IntervalDraft, WeekdayDraft};

/// The draft that a message describes; nothing checked yet.
pub fn draft(told: &wire::Calendar) -> Draft {
    let weekday = |hours: &wire::WeeklyHours| WeekdayDraft {
        day: wire::DayOfWeek::try_from(hours.day).map_or(String::new(), |day| day.as_str_name().to_owned()),
        intervals: intervals(&hours.intervals),
    };
    let exception = |day: &wire::CalendarException| ExceptionDraft {
        date: day.date.clone(),
        kind: wire::ExceptionKind::try_from(day.kind)
            .map_or(String::new(), |kind| kind.as_str_name().to_owned()),
        intervals: intervals(&day.intervals),
        name: day.name.clone(),
    };
    let date = |date: &String| Some(date.clone()).filter(|date| !date.is_empty());
    Draft {
        id: told.id.clone(),
        version: told.version.clone(),
        zone: told.zone.clone(),
        weekly: told.weekly.iter().map(weekday).collect(),
        makeup_intervals: intervals(&told.makeup_intervals),
        exceptions: told.exceptions.iter().map(exception).collect(),
        covers_from: date(&told.covers_from),
        covers_to: date(&told.covers_to),
    }
}

fn intervals(told: &[wire::WorkingInterval]) -> Vec<IntervalDraft> {
    told.iter().map(|i| IntervalDraft { from: i.from.clone(), to: i.to.clone() }).collect()
}

/// The message of a draft that holds together.
pub fn message(draft: Draft) -> wire::Calendar {
    let intervals = |drafts: Vec<IntervalDraft>| {
        drafts.into_iter().map(|i| wire::WorkingInterval { from: i.from, to: i.to }).collect()
    };
    let hours = |weekday: WeekdayDraft| wire::WeeklyHours {
        day: wire::DayOfWeek::from_str_name(&weekday.day).unwrap_or_default().into(),
        intervals: intervals(weekday.intervals),
    };
    let exception = |day: ExceptionDraft| wire::CalendarException {
        date: day.date,
        kind: wire::ExceptionKind::from_str_name(&day.kind).unwrap_or_default().into(),
        intervals: intervals(day.intervals),
        name: day.name,
    };
    wire::Calendar {
        id: draft.id,
        version: draft.version,
        zone: draft.zone,
        weekly: draft.weekly.into_iter().map(hours).collect(),
        makeup_intervals: intervals(draft.makeup_intervals),
        exceptions: draft.exceptions.into_iter().map(exception).collect(),
        covers_from: draft.covers_from.unwrap_or_default(),
        covers_to: draft.covers_to.unwrap_or_default(),
    }
}
