use jiff::Timestamp;
use prost::{Message, Name};
use redress_domain::{TenantId, event_id};
use redress_messaging::{EventMeta, Outgoing, Record};
use uuid::Uuid;

/// The metadata of an event that nobody in particular told: the aggregate's number `version` on `topic`, which happened
/// `at`. A test sets beside it what it is about.
pub fn event_meta<M: Name>(
    topic: &str,
    tenant: TenantId,
    aggregate: Uuid,
    version: i64,
    at: Timestamp,
) -> EventMeta {
    EventMeta {
        event_id: event_id(topic, aggregate, version),
        event_type: M::full_name().into(),
        source: "/redress/test".into(),
        tenant,
        subject: aggregate,
        version: Some(version),
        occurred_at: at,
        recorded_at: None,
        actor: None,
        decided_by: None,
        causation: None,
        correlation: None,
        traceparent: None,
        tracestate: None,
    }
}

/// An event on its way to a topic, under its aggregate's key.
pub fn outgoing(topic: &'static str, meta: &EventMeta, payload: Vec<u8>) -> Outgoing {
    Outgoing { topic: topic.into(), key: meta.subject.to_string(), headers: meta.to_headers(), payload }
}

/// A record as a handler is given it that reads nothing of it but the payload.
pub fn record(topic: &str, payload: Vec<u8>) -> Record {
    Record {
        topic: topic.into(),
        partition: 0,
        offset: 0,
        timestamp: Timestamp::UNIX_EPOCH,
        key: None,
        headers: Vec::new(),
        payload,
    }
}

/// An event as a service of the platform tells it.
#[derive(Debug, Clone)]
pub struct Told {
    /// Where it stands.
    pub topic: &'static str,
    /// Its metadata.
    pub meta: EventMeta,
    /// Its message.
    pub payload: Vec<u8>,
}

impl Told {
    /// On its way to its topic.
    pub fn outgoing(&self) -> Outgoing {
        outgoing(self.topic, &self.meta, self.payload.clone())
    }

    /// As it was read.
    pub fn record(&self) -> Record {
        record(self.topic, self.payload.clone())
    }
}

/// The events of one aggregate on one topic, with contiguous versions.
#[derive(Debug, Clone)]
pub struct EventStream {
    /// What was told so far, in order.
    pub events: Vec<Told>,
    topic: &'static str,
    tenant: TenantId,
    aggregate: Uuid,
}

impl EventStream {
    /// Nothing yet.
    ///
    /// # Panics
    /// If `tenant` is not a tenant's name.
    pub fn new(topic: &'static str, tenant: &str, aggregate: Uuid) -> Self {
        let tenant: TenantId = tenant.parse().unwrap_or_else(|error| panic!("{tenant}: {error}"));
        Self { events: Vec::new(), topic, tenant, aggregate }
    }

    /// Tells the next event, which happened `at`.
    pub fn tell<M: Message + Name>(&mut self, at: Timestamp, message: &M) {
        let version = self.events.last().and_then(|told| told.meta.version).unwrap_or(0) + 1;
        let meta = event_meta::<M>(self.topic, self.tenant.clone(), self.aggregate, version, at);
        self.events.push(Told { topic: self.topic, meta, payload: message.encode_to_vec() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_events_of_a_stream_are_numbered_without_holes_and_go_under_their_aggregate() {
        let aggregate = Uuid::from_u128(7);
        let mut stream = EventStream::new("redress.test.cases.v1", "tenant-a", aggregate);
        for second in 1..=3 {
            stream.tell(Timestamp::constant(second, 0), &());
        }
        let versions: Vec<_> = stream.events.iter().map(|told| told.meta.version).collect();
        assert_eq!(versions, [Some(1), Some(2), Some(3)]);
        let last = stream.events[2].outgoing();
        assert_eq!((last.key, last.topic.as_ref()), (aggregate.to_string(), "redress.test.cases.v1"));
        assert_eq!(stream.events[2].meta.event_id, event_id("redress.test.cases.v1", aggregate, 3));
    }
}
