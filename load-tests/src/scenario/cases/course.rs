//! Where each case stands, as the lifecycle topic tells it: what a party's app would learn from a push.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use prost::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::metadata::MetadataTopic;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use redress_messaging::KafkaConfig;
use redress_proto::intake::v1::ComplaintAdvanced;
use redress_proto::types::v1::ComplaintState as State;
use tokio::sync::watch;
use uuid::Uuid;

use crate::published::{header, subject};
use crate::report::progress;

const LIFECYCLE: &str = "redress.intake.lifecycle.v1";
const REQUEST_LIMIT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);

/// The cases that are followed. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Course {
    cases: Arc<Mutex<HashMap<Uuid, watch::Sender<State>>>>,
    /// Facts that intake could not take.
    refused: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Course {
    /// Follows the topic from its beginning in a thread of its own, until [`end`](Self::end).
    pub(super) fn begin(kafka: &KafkaConfig) -> anyhow::Result<Self> {
        let consumer = reader(kafka)?;
        let course = Self::default();
        let reading = course.clone();
        tokio::task::spawn_blocking(move || {
            while !reading.over.load(Ordering::Relaxed) {
                let noted = match consumer.poll(POLL) {
                    None => continue,
                    Some(Ok(record)) => reading.note(&record),
                    Some(Err(error)) => Err(error.into()),
                };
                if let Err(error) = noted {
                    progress(format_args!("the lifecycle topic: {error}"));
                }
            }
        });
        Ok(course)
    }

    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Follows a case from now on: before it is submitted, so that nothing is missed.
    pub(super) fn of(&self, case: Uuid) -> watch::Receiver<State> {
        self.cases().entry(case).or_insert_with(|| watch::Sender::new(State::Unspecified)).subscribe()
    }

    /// Where a case stands; nothing if it is not followed.
    pub(super) fn stands(&self, case: Uuid) -> Option<State> {
        self.cases().get(&case).map(|stands| *stands.borrow())
    }

    fn cases(&self) -> MutexGuard<'_, HashMap<Uuid, watch::Sender<State>>> {
        self.cases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, record: &BorrowedMessage<'_>) -> anyhow::Result<()> {
        let name = header(record, "ce_type").unwrap_or_default().rsplit('.').next().unwrap_or_default();
        if name == "FactRefused" {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(state) = leads_to(name, record.payload().unwrap_or_default())?
            && let Some(stands) = self.cases().get(&subject(record)?)
        {
            stands.send_replace(state);
        }
        Ok(())
    }
}

/// Where an event leaves a complaint; nothing where it does not move it, or no script waits for it.
fn leads_to(event: &str, payload: &[u8]) -> anyhow::Result<Option<State>> {
    Ok(match event {
        "ComplaintRegistered" => Some(State::Received),
        "AdmissibilityReviewStarted" => Some(State::AdmissibilityReview),
        "ComplaintAdvanced" => Some(ComplaintAdvanced::decode(payload)?.to()),
        "ComplaintClosed" => Some(State::Closed),
        "ComplaintWithdrawn" => Some(State::Withdrawn),
        _ => None,
    })
}

fn reader(kafka: &KafkaConfig) -> anyhow::Result<BaseConsumer> {
    let topic = format!("{}{LIFECYCLE}", kafka.topic_prefix);
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &kafka.brokers)
        .set("group.id", format!("{}course", kafka.group))
        .set("enable.auto.commit", "false")
        .create()?;
    let metadata = consumer.fetch_metadata(Some(&topic), REQUEST_LIMIT)?;
    let mut list = TopicPartitionList::new();
    for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
        list.add_partition_offset(&topic, partition.id(), Offset::Beginning)?;
    }
    anyhow::ensure!(list.count() > 0, "{topic} has no partitions");
    consumer.assign(&list).context("the lifecycle topic cannot be followed")?;
    Ok(consumer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_stands_where_its_last_event_left_it() {
        let advanced = ComplaintAdvanced { to: State::Mediating.into(), ..Default::default() };
        let to = |event, payload: &[u8]| leads_to(event, payload).unwrap();
        assert_eq!(to("ComplaintAdvanced", &advanced.encode_to_vec()), Some(State::Mediating));
        assert_eq!(to("ComplaintRegistered", b""), Some(State::Received));
        assert_eq!(to("AdmissibilityReviewStarted", b""), Some(State::AdmissibilityReview));
        assert_eq!(to("ComplaintAccepted", b""), None, "investigation moves it at once");
    }

    #[test]
    fn who_is_not_followed_is_nowhere() {
        let course = Course::default();
        let case = Uuid::from_u128(1);
        assert_eq!(course.stands(case), None);
        let follows = course.of(case);
        assert_eq!(*follows.borrow(), State::Unspecified);
        assert_eq!(course.stands(case), Some(State::Unspecified));
    }
}
