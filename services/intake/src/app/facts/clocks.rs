//! Clocks that came due, as far as intake acts on them: the completion that was waited for (C09, T04).

use prost::{Message, Name};
use redress_outbox::DecodeError;
use redress_proto::convert::from_wire_time;
use redress_proto::sla::v1::ClockBreached;

use super::Told;
use super::words::unfit;
use crate::domain::lifecycle::Command;

/// The clock of a completion.
const COMPLETION: &str = "C09";

/// Reads a message by its name; none for what moves nothing.
///
/// The complainant is reminded when the clock warns, so that a clock that has warned has reminded.
pub(super) fn read(event_type: &str, payload: &[u8]) -> Result<Option<Told>, DecodeError> {
    if event_type != ClockBreached::full_name() {
        return Ok(None);
    }
    let breached = ClockBreached::decode(payload)?;
    if breached.clock.as_ref().is_none_or(|clock| clock.definition != COMPLETION) {
        return Ok(None);
    }
    let due_at = breached.due_at.as_ref().ok_or_else(|| unfit("due_at"))?;
    let due_at = from_wire_time(due_at).map_err(|_| unfit("due_at"))?;
    Ok(Some(Told(Command::LapseCompletion { due_at, reminder_sent: !breached.warned.is_empty() })))
}
