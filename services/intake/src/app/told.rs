//! Reading what a caller told, part by part: each part that does not fit is noted, so that all are told at once.

use jiff::Timestamp;
use redress_domain::{Problem, Violations};
use redress_proto::convert::from_wire_time;

/// A part that may not fit; `None` then, with its problems noted.
pub(super) fn part<T>(read: Result<T, Problem>, found: &mut Violations) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err(problem) => {
            for violation in problem.violations {
                found.add_unless_known(violation.field, violation.reason, violation.description);
            }
            None
        }
    }
}

/// A time, if there is one.
pub(super) fn time(
    field: &str,
    wire: Option<&pbjson_types::Timestamp>,
    found: &mut Violations,
) -> Option<Timestamp> {
    let time = wire.map(from_wire_time)?.ok();
    if time.is_none() {
        found.add_unless_known(field, "MALFORMED_TIME", "the time is outside the calendar");
    }
    time
}

/// A text to look for; `None` if it is empty. What the database keeps in clear holds no control characters, and a condition
/// that was dropped for one would answer another question.
pub(super) fn text(field: &str, text: &str, found: &mut Violations) -> Option<String> {
    if text.chars().any(char::is_control) {
        found.add_unless_known(field, "CONTROL_CHARACTER", "control characters are not allowed");
        return None;
    }
    (!text.is_empty()).then(|| text.to_owned())
}
