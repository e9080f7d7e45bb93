//! What came out at the other end: the lifecycle topic, read as any service downstream would read it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use redress_messaging::{
    Consumer, EventMeta, Inbound, InboundEvent, KafkaConfig, Positions, Start, TopicPartition,
};
use redress_simulator::ledger::Complaint;

const TOPIC: &str = "redress.intake.lifecycle.v1";

/// The events of each complaint by version. A version that arrives again is the same event: relays publish at least
/// once, and readers drop what they know.
pub(super) type Events = BTreeMap<Complaint, BTreeMap<i64, String>>;

/// Follows the topic until it is dropped.
pub(super) struct Published {
    seen: Arc<Mutex<Seen>>,
    _consumer: Consumer,
}

#[derive(Default)]
struct Seen {
    events: Events,
    versions: u64,
}

/// From the first record on.
struct Beginning;

impl Positions for Beginning {
    type Note = ();

    fn load(&mut self, assigned: &[TopicPartition]) -> Result<Vec<Start>, String> {
        Ok(vec![Start { offset: 0, note: () }; assigned.len()])
    }
}

impl Published {
    pub(super) fn follow(brokers: &str) -> anyhow::Result<Self> {
        let config = KafkaConfig::at(brokers, "redress-demo");
        let (consumer, inbounds) =
            Consumer::start(&config, &[TOPIC], Beginning).context("cannot read the topic")?;
        let seen = Arc::new(Mutex::new(Seen::default()));
        for inbound in inbounds {
            tokio::spawn(read(inbound, Arc::clone(&seen)));
        }
        Ok(Self { seen, _consumer: consumer })
    }

    /// How many different events were published.
    pub(super) fn versions(&self) -> u64 {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).versions
    }

    pub(super) fn contents(&self) -> Events {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).events.clone()
    }
}

async fn read(mut inbound: Inbound, seen: Arc<Mutex<Seen>>) {
    while let Some(event) = inbound.next().await {
        match event {
            InboundEvent::Record(record) => match EventMeta::of_record(&record) {
                Ok(meta) => seen.lock().unwrap_or_else(PoisonError::into_inner).add(&meta),
                Err(error) => eprintln!("a record of {TOPIC} is no event: {error}"),
            },
            InboundEvent::Failed(error) => eprintln!("{TOPIC} cannot be read any more: {error}"),
            InboundEvent::Assigned { .. } | InboundEvent::Revoked { .. } => {}
        }
    }
}

impl Seen {
    fn add(&mut self, meta: &EventMeta) {
        let complaint = (meta.tenant.to_string(), meta.subject);
        let Some(version) = meta.version else { return };
        let event = meta.event_type.rsplit('.').next().unwrap_or_default().to_owned();
        if self.events.entry(complaint).or_default().insert(version, event).is_none() {
            self.versions += 1;
        }
    }
}
