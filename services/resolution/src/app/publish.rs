//! Events on their way into the outbox.

use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::{DecidedBy, TenantId, event_id};
use redress_messaging::EventMeta;
use redress_outbox::OutboxEvent;
use redress_runtime::telemetry::{self, TraceContext};
use uuid::Uuid;

use super::out::{Emitted, Out};
use crate::domain::case::Case;
use crate::store::moment::Moment;
use crate::topics::CASES;

/// What events tell of their origin: who acted, when, and what led to it.
#[derive(Debug, Clone)]
pub struct Origin {
    actor: String,
    decided_by: DecidedBy,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    causation: Option<String>,
    trace: Option<TraceContext>,
}

impl Origin {
    /// A person's call.
    pub fn person(subject: &str, now: Timestamp) -> Self {
        Self {
            actor: subject.to_owned(),
            decided_by: DecidedBy::Human,
            occurred_at: now,
            recorded_at: now,
            causation: None,
            trace: telemetry::current_context(),
        }
    }

    /// What this service made of another event, at that event's time.
    pub fn machine(cause: &Arc<EventMeta>, now: Timestamp) -> Self {
        let trace = cause
            .traceparent
            .clone()
            .map(|traceparent| TraceContext { traceparent, tracestate: cause.tracestate.clone() });
        Self {
            actor: crate::SOURCE.to_owned(),
            decided_by: DecidedBy::Rule,
            occurred_at: redress_domain::whole_microseconds(cause.occurred_at),
            recorded_at: now,
            causation: Some(cause.event_id.to_string()),
            trace,
        }
    }

    /// What this service did by itself: an answer came, or time passed.
    pub fn own(now: Timestamp) -> Self {
        Self {
            actor: crate::SOURCE.to_owned(),
            decided_by: DecidedBy::Rule,
            occurred_at: now,
            recorded_at: now,
            causation: None,
            trace: None,
        }
    }

    fn event(&self, tenant: &TenantId, complaint: Uuid, version: i64, emitted: Emitted) -> OutboxEvent {
        OutboxEvent {
            topic: CASES.into(),
            key: complaint.to_string(),
            meta: EventMeta {
                event_id: event_id(CASES, complaint, version),
                event_type: emitted.event_type.into(),
                source: crate::SOURCE.into(),
                tenant: tenant.clone(),
                subject: complaint,
                version: Some(version),
                occurred_at: self.occurred_at,
                recorded_at: Some(self.recorded_at),
                actor: Some(emitted.actor.unwrap_or_else(|| self.actor.clone())),
                decided_by: Some(self.decided_by.code().to_owned()),
                causation: self.causation.clone(),
                correlation: Some(complaint.to_string()),
                traceparent: self.trace.as_ref().map(|t| t.traceparent.clone()),
                tracestate: self.trace.as_ref().and_then(|t| t.tracestate.clone()),
            },
            payload: emitted.payload,
        }
    }
}

/// Binds the events of `out` to the next versions of a locked case, in their order.
pub fn bind(case: &mut Case, origin: &Origin, out: &mut Out) -> Vec<OutboxEvent> {
    let mut events = Vec::with_capacity(out.events.len());
    for emitted in out.events.drain(..) {
        case.stream_version += 1;
        events.push(origin.event(&case.tenant, *case.id.as_uuid(), case.stream_version, emitted));
    }
    events
}

/// An event as a moment of its case.
pub fn told(meta: &EventMeta) -> Moment {
    let name = meta.event_type.rsplit('.').next().unwrap_or_default();
    Moment {
        tenant: meta.tenant.clone(),
        complaint: meta.subject,
        event_id: meta.event_id,
        at: redress_domain::whole_microseconds(meta.occurred_at),
        event: name.to_owned(),
    }
}
