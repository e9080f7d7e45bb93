//! What Kafka refuses rests for a while: it would fill every page, and come again and again.

use std::collections::BTreeMap;
use std::time::Duration;

use redress_messaging::SendError;
use tokio::time::Instant;
use uuid::Uuid;

/// How long.
const REST: Duration = Duration::from_secs(10);

/// Why rows wait while others go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Kafka takes nothing on the topic: there is none, or no right to write there.
    Topic(String, SendError),
    /// Kafka did not take one event, so those of its aggregate after it wait.
    Aggregate(Uuid, SendError),
}

/// Topics and aggregates that rest.
#[derive(Debug, Default)]
pub(super) struct HeldUp {
    topics: BTreeMap<String, Instant>,
    aggregates: BTreeMap<Uuid, Instant>,
}

impl HeldUp {
    pub(super) fn hold(&mut self, refusal: Refusal, now: Instant) {
        match refusal {
            Refusal::Topic(topic, _) => self.topics.insert(topic, now + REST),
            Refusal::Aggregate(aggregate, _) => self.aggregates.insert(aggregate, now + REST),
        };
    }

    /// Lets go what has rested long enough.
    pub(super) fn let_go(&mut self, now: Instant) {
        self.topics.retain(|_, until| now < *until);
        self.aggregates.retain(|_, until| now < *until);
    }

    pub(super) fn topics(&self) -> Vec<&str> {
        self.topics.keys().map(String::as_str).collect()
    }

    pub(super) fn aggregates(&self) -> Vec<Uuid> {
        self.aggregates.keys().copied().collect()
    }
}
