//! What is told of clocks, as events on their way into the outbox.

use std::sync::Arc;

use jiff::Timestamp;
use prost::{Message, Name};
use redress_domain::{DecidedBy, event_id, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::OutboxEvent;
use redress_proto::sla::v1 as wire;

use super::telemetry;
use super::wire::time;
use crate::domain::course::CalendarPin;
use crate::domain::fact::FactRef;
use crate::domain::telling::{Breach, Telling, Told, Warning, What};
use crate::store::case::Held;
use crate::topics::CLOCKS;

/// An event that is to be published, not yet bound to a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitted {
    /// When what it tells happened.
    pub at: Timestamp,
    /// The event it follows from.
    pub cause: Option<FactRef>,
    /// Whose act it is; none for the rules'.
    pub actor: Option<String>,
    /// Whether a person decided it.
    pub by_person: bool,
    event_type: String,
    payload: Vec<u8>,
}

impl Emitted {
    /// What the rules make of something.
    pub fn new<M: Message + Name>(message: &M, at: Timestamp, cause: Option<FactRef>) -> Self {
        Self {
            at,
            cause,
            actor: None,
            by_person: false,
            event_type: M::full_name(),
            payload: message.encode_to_vec(),
        }
    }

    /// The same as a person's act.
    #[must_use]
    pub fn by(mut self, subject: &str) -> Self {
        self.actor = Some(subject.to_owned());
        self.by_person = true;
        self
    }

    /// The same as told by a system of the platform's.
    #[must_use]
    pub fn through(mut self, subject: &str) -> Self {
        self.actor = Some(subject.to_owned());
        self
    }
}

/// Which clock, as events name it.
pub fn clock_ref(told: &Told) -> wire::ClockRef {
    wire::ClockRef {
        clock_id: told.clock_id.to_string(),
        definition: told.definition.clone(),
        definition_version: told.definition_version,
        subject_id: told.subject.clone(),
        generation: told.generation,
        window: told.window,
    }
}

/// What a change of a clock tells.
pub fn telling(told: &Told, telling: &Telling) -> Emitted {
    let clock = Some(clock_ref(told));
    let at = |at: Option<Timestamp>| at.and_then(time);
    let (when, cause) = (telling.at, telling.cause.clone());
    match &telling.what {
        What::Started { started_at, due_at, provisional, announced, calendar } => {
            let (calendar_id, calendar_version) = pinned(calendar.as_ref());
            let message = wire::ClockStarted {
                clock,
                started_at: time(*started_at),
                due_at: at(*due_at),
                provisional: *provisional,
                announced: *announced,
                calendar_id,
                calendar_version,
            };
            Emitted::new(&message, when, cause)
        }
        What::Paused { reason } => {
            Emitted::new(&wire::ClockPaused { clock, reason: reason.clone() }, when, cause)
        }
        What::Resumed { due_at, provisional } => {
            let message = wire::ClockResumed { clock, due_at: at(*due_at), provisional: *provisional };
            Emitted::new(&message, when, cause)
        }
        What::Met { due_at, after_breach, corrects } => {
            if let (Some(due_at), false) = (*due_at, *after_breach) {
                telemetry::met(due_at.duration_since(when));
            }
            let message = wire::ClockMet {
                clock,
                due_at: at(*due_at),
                after_breach: *after_breach,
                corrects: *corrects,
            };
            Emitted::new(&message, when, cause)
        }
        What::Cancelled { reason, corrects } => {
            let message = wire::ClockCancelled { clock, reason: reason.clone(), corrects: *corrects };
            Emitted::new(&message, when, cause)
        }
        What::Recalculated { old_due_at, new_due_at, reason } => {
            let message = wire::DeadlineRecalculated {
                clock,
                old_due_at: at(*old_due_at),
                new_due_at: at(*new_due_at),
                reason: (*reason).to_owned(),
            };
            Emitted::new(&message, when, cause)
        }
    }
}

/// What a share that has passed tells, at its own instant.
pub fn warning(told: &Told, warning: Warning) -> Emitted {
    let message = wire::ClockWarned {
        clock: Some(clock_ref(told)),
        percent: warning.percent.into(),
        due_at: warning.due_at.and_then(time),
    };
    Emitted::new(&message, warning.at, None)
}

/// What a breach tells, at the instant at which it was due.
pub fn breach(told: &Told, breach: &Breach) -> Emitted {
    let message = wire::ClockBreached {
        clock: Some(clock_ref(told)),
        due_at: time(breach.due_at),
        warned: breach.warned.iter().map(|percent| u32::from(*percent)).collect(),
        late: breach.late,
    };
    Emitted::new(&message, breach.due_at, None)
}

fn pinned(pin: Option<&CalendarPin>) -> (String, u32) {
    pin.map_or((String::new(), 0), |pin| (pin.id.clone(), pin.version.parse().unwrap_or(0)))
}

/// Binds `emitted` to the next versions of a locked case, in their order. `traced` finds the event that caused one, if it
/// is at hand, so that the trace goes on.
pub fn bind(
    case: &mut Held,
    emitted: Vec<Emitted>,
    recorded_at: Timestamp,
    traced: impl Fn(&FactRef) -> Option<Arc<EventMeta>>,
) -> Vec<OutboxEvent> {
    let (tenant, complaint) = case.key.clone();
    let mut events = Vec::with_capacity(emitted.len());
    for Emitted { at, cause, actor, by_person, event_type, payload } in emitted {
        case.stream_version += 1;
        let trace = cause.as_ref().and_then(&traced);
        let decided_by = if by_person { DecidedBy::Human } else { DecidedBy::Rule };
        let meta = EventMeta {
            event_id: event_id(CLOCKS, complaint, case.stream_version),
            event_type: event_type.into(),
            source: crate::SOURCE.into(),
            tenant: tenant.clone(),
            subject: complaint,
            version: Some(case.stream_version),
            occurred_at: whole_microseconds(at),
            recorded_at: Some(recorded_at),
            actor: Some(actor.unwrap_or_else(|| crate::SOURCE.to_owned())),
            decided_by: Some(decided_by.code().to_owned()),
            causation: cause.map(|cause| event_id(&cause.topic, complaint, cause.version).to_string()),
            correlation: Some(complaint.to_string()),
            traceparent: trace.as_ref().and_then(|meta| meta.traceparent.clone()),
            tracestate: trace.as_ref().and_then(|meta| meta.tracestate.clone()),
        };
        events.push(OutboxEvent { topic: CLOCKS.into(), key: complaint.to_string(), meta, payload });
    }
    events
}
