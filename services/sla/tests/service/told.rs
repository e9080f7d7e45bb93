//! Events as the services of the platform tell them.

use jiff::Timestamp;
use prost::{Message, Name};
use redress_domain::event_id;
use redress_messaging::{EventMeta, Outgoing};
use uuid::Uuid;

/// An event on its way to a topic.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) topic: &'static str,
    pub(crate) meta: EventMeta,
    pub(crate) payload: Vec<u8>,
}

impl Told {
    pub(crate) fn outgoing(&self) -> Outgoing {
        Outgoing {
            topic: self.topic.into(),
            key: self.meta.subject.to_string(),
            headers: self.meta.to_headers(),
            payload: self.payload.clone(),
        }
    }
}

/// The events of one aggregate on one topic, with contiguous versions.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    topic: &'static str,
    tenant: &'static str,
    aggregate: Uuid,
    pub(crate) events: Vec<Told>,
}

impl Stream {
    pub(crate) fn new(topic: &'static str, tenant: &'static str, aggregate: Uuid) -> Self {
        Self { topic, tenant, aggregate, events: Vec::new() }
    }

    /// The next event, which happened `at`.
    pub(crate) fn tell<M: Message + Name>(&mut self, at: Timestamp, message: &M) {
        let version = i64::try_from(self.events.len()).unwrap() + 1;
        let meta = EventMeta {
            event_id: event_id(self.topic, self.aggregate, version),
            event_type: M::full_name().into(),
            source: "/redress/test".into(),
            tenant: self.tenant.parse().unwrap(),
            subject: self.aggregate,
            version: Some(version),
            occurred_at: at,
            recorded_at: None,
            actor: None,
            decided_by: None,
            causation: None,
            correlation: None,
            traceparent: None,
            tracestate: None,
        };
        self.events.push(Told { topic: self.topic, meta, payload: message.encode_to_vec() });
    }
}
