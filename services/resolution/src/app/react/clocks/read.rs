//! sla's events as far as they matter here.

use jiff::Timestamp;
use prost::{Message, Name};
use redress_outbox::DecodeError;
use redress_proto::convert::from_wire_time;
use redress_proto::sla::v1 as sla;
use uuid::Uuid;

use super::ClockTold;

/// Reads a message by its name; none for what is of no use here.
pub(super) fn read(event_type: &str, payload: &[u8]) -> Result<Option<ClockTold>, DecodeError> {
    let is = |name: String| event_type == name;
    let told = if is(sla::ClockStarted::full_name()) {
        let event = sla::ClockStarted::decode(payload)?;
        clock(event.clock, event.due_at.as_ref(), "running")
    } else if is(sla::ClockBreached::full_name()) {
        let event = sla::ClockBreached::decode(payload)?;
        // A window that nobody used: what follows from silence follows, and nobody was late.
        let state = if is_window(event.clock.as_ref()) { "lapsed" } else { "breached" };
        clock(event.clock, event.due_at.as_ref(), state)
    } else if is(sla::ClockMet::full_name()) {
        let event = sla::ClockMet::decode(payload)?;
        // Met after its breach it was missed all the same.
        let state = match (is_window(event.clock.as_ref()), event.after_breach) {
            (true, _) => "used",
            (false, true) => "met_late",
            (false, false) => "met",
        };
        clock(event.clock, event.due_at.as_ref(), state)
    } else if is(sla::ClockCancelled::full_name()) {
        clock(sla::ClockCancelled::decode(payload)?.clock, None, "cancelled")
    } else {
        return Ok(None);
    };
    told.map(Some)
}

/// Whether it is the time in which somebody may act and owes nothing.
fn is_window(clock: Option<&sla::ClockRef>) -> bool {
    clock.is_some_and(|clock| clock.window)
}

fn clock(
    clock: Option<sla::ClockRef>,
    due_at: Option<&pbjson_types::Timestamp>,
    state: &'static str,
) -> Result<ClockTold, DecodeError> {
    let unfit = |field: &'static str| DecodeError::new(format!("{field} does not fit"));
    let clock = clock.ok_or_else(|| unfit("clock"))?;
    let subject = match clock.subject_id.as_str() {
        "" => None,
        id => Some(Uuid::try_parse(id).map_err(|_| unfit("clock.subject_id"))?),
    };
    let due_at: Option<Timestamp> = due_at.map(from_wire_time).transpose().map_err(|_| unfit("due_at"))?;
    let due_at = due_at.map(redress_domain::whole_microseconds);
    Ok(ClockTold { clock_id: clock.clock_id, definition: clock.definition, subject, due_at, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(window: bool, event: &str, after_breach: bool) -> &'static str {
        let clock = Some(sla::ClockRef { window, ..Default::default() });
        let (name, payload) = if event == "met" {
            let met = sla::ClockMet { clock, after_breach, ..Default::default() };
            (sla::ClockMet::full_name(), met.encode_to_vec())
        } else {
            let breached = sla::ClockBreached { clock, ..Default::default() };
            (sla::ClockBreached::full_name(), breached.encode_to_vec())
        };
        read(&name, &payload).unwrap().unwrap().state
    }

    #[test]
    fn a_window_is_neither_kept_nor_missed_whether_it_was_used_or_not() {
        assert_eq!([state(false, "met", false), state(false, "met", true)], ["met", "met_late"]);
        assert_eq!(state(false, "breached", false), "breached");
        assert_eq!([state(true, "met", false), state(true, "met", true)], ["used", "used"]);
        assert_eq!(state(true, "breached", false), "lapsed");
    }
}
