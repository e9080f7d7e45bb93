//! Events on their way into the outbox.

use std::sync::Arc;

use jiff::Timestamp;
use prost::{Message, Name};
use redress_domain::{DecidedBy, TenantId, event_id};
use redress_messaging::EventMeta;
use redress_outbox::OutboxEvent;
use redress_runtime::telemetry::{self, TraceContext};
use uuid::Uuid;

use crate::topics::CASES;

/// What events tell of their origin: who acted, when, and what led to it.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Who did it.
    pub actor: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    decided_by: DecidedBy,
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

    /// A call, of a person or of this service itself.
    pub fn call(subject: &str, now: Timestamp) -> Self {
        if subject == crate::SOURCE { Self::service(now) } else { Self::person(subject, now) }
    }

    /// What this service made of another event; `occurred_at` is that event's matter, not the consumer's hour.
    pub fn machine(cause: &Arc<EventMeta>, occurred_at: Timestamp, now: Timestamp) -> Self {
        let trace = cause
            .traceparent
            .clone()
            .map(|traceparent| TraceContext { traceparent, tracestate: cause.tracestate.clone() });
        Self {
            actor: crate::SOURCE.to_owned(),
            decided_by: DecidedBy::Rule,
            occurred_at,
            recorded_at: now,
            causation: Some(cause.event_id.to_string()),
            trace,
        }
    }

    /// What this service did by itself.
    pub fn service(now: Timestamp) -> Self {
        Self {
            actor: crate::SOURCE.to_owned(),
            decided_by: DecidedBy::Rule,
            occurred_at: now,
            recorded_at: now,
            causation: None,
            trace: None,
        }
    }

    /// The event that brought a complaint or an incident to `version` of the cases topic.
    pub fn event<M: Message + Name>(
        &self,
        tenant: &TenantId,
        aggregate: Uuid,
        version: i64,
        message: &M,
    ) -> OutboxEvent {
        OutboxEvent {
            topic: CASES.into(),
            key: aggregate.to_string(),
            meta: EventMeta {
                event_id: event_id(CASES, aggregate, version),
                event_type: M::full_name().into(),
                source: crate::SOURCE.into(),
                tenant: tenant.clone(),
                subject: aggregate,
                version: Some(version),
                occurred_at: self.occurred_at,
                recorded_at: Some(self.recorded_at),
                actor: Some(self.actor.clone()),
                decided_by: Some(self.decided_by.code().to_owned()),
                causation: self.causation.clone(),
                correlation: Some(aggregate.to_string()),
                traceparent: self.trace.as_ref().map(|t| t.traceparent.clone()),
                tracestate: self.trace.as_ref().and_then(|t| t.tracestate.clone()),
            },
            payload: message.encode_to_vec(),
        }
    }
}
