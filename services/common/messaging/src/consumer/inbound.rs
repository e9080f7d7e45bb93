use std::sync::Arc;

use tokio::sync::mpsc;

use super::Start;
use super::backlog::Backlog;
use crate::{KafkaClientError, Record};

/// What happens to a topic, in order.
#[derive(Debug)]
pub enum InboundEvent<N = ()> {
    /// A partition is ours; its next record is at `start` or later. Also after a seek.
    Assigned {
        /// Partition.
        partition: i32,
        /// From where it is read.
        start: Start<N>,
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
pub struct Inbound<N = ()> {
    topic: Arc<str>,
    events: mpsc::UnboundedReceiver<InboundEvent<N>>,
    backlog: Arc<Backlog>,
}

/// The polling thread's end.
#[derive(Debug)]
pub(super) struct Outlet<N> {
    pub(super) topic: Arc<str>,
    pub(super) backlog: Arc<Backlog>,
    events: mpsc::UnboundedSender<InboundEvent<N>>,
}

impl<N> Clone for Outlet<N> {
    fn clone(&self) -> Self {
        Self {
            topic: Arc::clone(&self.topic),
            backlog: Arc::clone(&self.backlog),
            events: self.events.clone(),
        }
    }
}

pub(super) fn queue<N>(topic: &str) -> (Outlet<N>, Inbound<N>) {
    let (sender, events) = mpsc::unbounded_channel();
    let (topic, backlog) = (Arc::from(topic), Arc::new(Backlog::default()));
    let outlet = Outlet { topic: Arc::clone(&topic), backlog: Arc::clone(&backlog), events: sender };
    (outlet, Inbound { topic, events, backlog })
}

impl<N> Inbound<N> {
    /// The topic, without prefix.
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// Waits for the next event; `None` once the consumer has closed. May be cancelled without loss.
    pub async fn next(&mut self) -> Option<InboundEvent<N>> {
        let event = self.events.recv().await?;
        Some(self.took(event))
    }

    /// The next event if one waits.
    pub fn try_next(&mut self) -> Option<InboundEvent<N>> {
        let event = self.events.try_recv().ok()?;
        Some(self.took(event))
    }

    /// Whether nothing more is fetched of the topic until its reader has caught up.
    pub fn is_paused(&self) -> bool {
        self.backlog.is_paused()
    }

    fn took(&self, event: InboundEvent<N>) -> InboundEvent<N> {
        if let InboundEvent::Record(record) = &event {
            self.backlog.remove(record.size());
        }
        event
    }
}

impl<N> Outlet<N> {
    /// A reader that has gone needs nothing any more.
    pub(super) fn put(&self, event: InboundEvent<N>) {
        if let InboundEvent::Record(record) = &event {
            self.backlog.add(record.size());
        }
        self.events.send(event).ok();
    }
}
