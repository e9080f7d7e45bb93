use std::sync::Arc;

use tokio::sync::mpsc;

use super::backlog::Backlog;
use crate::{KafkaClientError, Record};

/// What happens to a topic, in order.
#[derive(Debug)]
pub enum InboundEvent {
    /// A partition is ours; its next record is at `start` or later. Also after a seek.
    Assigned {
        /// Partition.
        partition: i32,
        /// The offset from which it is read.
        start: i64,
    },
    /// A partition is no longer ours.
    Revoked {
        /// Partition.
        partition: i32,
    },
    /// The next record of a partition.
    Record(Record),
    /// The consumer has ended; nothing follows.
    Failed(Arc<KafkaClientError>),
}

/// The reader's end of a topic's queue.
#[derive(Debug)]
pub struct Inbound {
    topic: Arc<str>,
    events: mpsc::UnboundedReceiver<InboundEvent>,
    backlog: Arc<Backlog>,
}

/// The polling thread's end.
#[derive(Debug, Clone)]
pub(super) struct Outlet {
    pub(super) topic: Arc<str>,
    pub(super) backlog: Arc<Backlog>,
    events: mpsc::UnboundedSender<InboundEvent>,
}

pub(super) fn queue(topic: &str) -> (Outlet, Inbound) {
    let (sender, events) = mpsc::unbounded_channel();
    let (topic, backlog) = (Arc::from(topic), Arc::new(Backlog::default()));
    let outlet = Outlet { topic: Arc::clone(&topic), backlog: Arc::clone(&backlog), events: sender };
    (outlet, Inbound { topic, events, backlog })
}

impl Inbound {
    /// The topic, without prefix.
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// Waits for the next event; `None` once the consumer has closed. May be cancelled without loss.
    pub async fn next(&mut self) -> Option<InboundEvent> {
        let event = self.events.recv().await?;
        Some(self.took(event))
    }

    /// The next event if one waits.
    pub fn try_next(&mut self) -> Option<InboundEvent> {
        let event = self.events.try_recv().ok()?;
        Some(self.took(event))
    }

    fn took(&self, event: InboundEvent) -> InboundEvent {
        if let InboundEvent::Record(record) = &event {
            self.backlog.remove(record.size());
        }
        event
    }
}

impl Outlet {
    /// A reader that has gone needs nothing any more.
    pub(super) fn put(&self, event: InboundEvent) {
        if let InboundEvent::Record(record) = &event {
            self.backlog.add(record.size());
        }
        self.events.send(event).ok();
    }
}
