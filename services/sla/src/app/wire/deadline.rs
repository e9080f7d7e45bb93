//! The question for a deadline and its answer, as messages.

use redress_proto::sla::v1 as wire;

use super::calendar;
use crate::domain::preview::{Answer, CapDraft, PauseDraft, Request};

/// The question that a message asks; nothing checked yet.
pub fn request(told: wire::PreviewDeadlineRequest) -> Request {
    let code = |name: Option<&'static str>| name.unwrap_or(UNKNOWN).to_owned();
    Request {
        calendar_id: told.calendar_id,
        calendar: told.calendar.as_ref().map(calendar::draft),
        unit: code(wire::DeadlineUnit::try_from(told.unit).ok().map(|unit| unit.as_str_name())),
        amount: told.amount,
        start: told.start,
        close: code(wire::DayClose::try_from(told.close).ok().map(|close| close.as_str_name())),
        event_day: code(wire::EventDay::try_from(told.event_day).ok().map(|day| day.as_str_name())),
        roll_forward: code(
            wire::RollForward::try_from(told.roll_forward).ok().map(|roll| roll.as_str_name()),
        ),
        pauses: told
            .pauses
            .into_iter()
            .map(|pause| PauseDraft { from: pause.from, to: pause.to, reason: pause.reason })
            .collect(),
        extensions: told.extensions,
        // A message does not tell an empty list from none.
        cap: told.cap.map(|cap| CapDraft {
            amount: cap.amount,
            pause_reasons: Some(cap.pause_reasons).filter(|reasons| !reasons.is_empty()),
        }),
        thresholds: told.thresholds.into_iter().map(i64::from).collect(),
    }
}

/// The code of a number that the enumeration does not have.
const UNKNOWN: &str = "UNKNOWN";

/// The message of an answer.
pub fn response(answer: Answer) -> wire::PreviewDeadlineResponse {
    wire::PreviewDeadlineResponse {
        due_at: answer.due_at,
        due_date: answer.due_date,
        provisional: answer.provisional,
        thresholds: answer.thresholds.into_iter().map(|(percent, at)| (percent.into(), at)).collect(),
        counted_days: answer.counted_days,
        held_days: answer.held_days,
        intervals: answer
            .intervals
            .into_iter()
            .map(|stretch| wire::CountedInterval { from: stretch.from, to: stretch.to })
            .collect(),
        calendar_version: answer.calendar_version,
        explanation: answer.explanation,
    }
}
