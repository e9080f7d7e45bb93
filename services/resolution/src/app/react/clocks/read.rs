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
        clock(event.clock, event.due_at.as_ref(), "breached")
    } else if is(sla::ClockMet::full_name()) {
        let event = sla::ClockMet::decode(payload)?;
        // Met after its breach it was missed all the same.
        let state = if event.after_breach { "met_late" } else { "met" };
        clock(event.clock, event.due_at.as_ref(), state)
    } else if is(sla::ClockCancelled::full_name()) {
        clock(sla::ClockCancelled::decode(payload)?.clock, None, "cancelled")
    } else {
        return Ok(None);
    };
    told.map(Some)
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
