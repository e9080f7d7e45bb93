//! What sla tells, as far as intake acts on it: the clock of the completion that was waited for (C09, T04), and how high
//! its ladder stands (T38).

use jiff::Timestamp;
use prost::{Message, Name};
use redress_outbox::DecodeError;
use redress_proto::convert::from_wire_time;
use redress_proto::sla::v1::{ClockBreached, ClockRef, ClockWarned, EscalationRaised};

use super::Told;
use super::words::unfit;
use crate::domain::lifecycle::{EscalationReason, Level};

/// The clock of a completion.
const COMPLETION: &str = "C09";

/// Reads a message by its name; none for what moves nothing.
pub(super) fn read(event_type: &str, payload: &[u8]) -> Result<Option<Told>, DecodeError> {
    if event_type == ClockWarned::full_name() {
        let warned = ClockWarned::decode(payload)?;
        return Ok(is_completion(warned.clock.as_ref()).then_some(Told::CompletionWarned));
    }
    if event_type == EscalationRaised::full_name() {
        return raised(&EscalationRaised::decode(payload)?);
    }
    if event_type != ClockBreached::full_name() {
        return Ok(None);
    }
    let breached = ClockBreached::decode(payload)?;
    if !is_completion(breached.clock.as_ref()) {
        return Ok(None);
    }
    Ok(Some(Told::CompletionDue { due_at: time(breached.due_at.as_ref())? }))
}

fn is_completion(clock: Option<&ClockRef>) -> bool {
    clock.is_some_and(|clock| clock.definition == COMPLETION)
}

fn time(told: Option<&pbjson_types::Timestamp>) -> Result<Timestamp, DecodeError> {
    told.and_then(|told| from_wire_time(told).ok()).ok_or_else(|| unfit("due_at"))
}

/// What clocks call for. All other reasons are the lifecycle's own, told to sla by its events: taking them back from there
/// would answer each escalation with another.
fn raised(raised: &EscalationRaised) -> Result<Option<Told>, DecodeError> {
    let Ok(reason @ (EscalationReason::ClockWarned | EscalationReason::ClockBreached)) =
        raised.reason.parse()
    else {
        return Ok(None);
    };
    let level = u8::try_from(raised.level).ok().and_then(|level| Level::try_from(level).ok());
    Ok(Some(Told::Escalated { reason, level: level.ok_or_else(|| unfit("level"))? }))
}
