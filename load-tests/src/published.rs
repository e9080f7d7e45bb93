//! What the lifecycle topic says of each complaint, from its beginning.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::metadata::MetadataTopic;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use redress_messaging::KafkaConfig;
use tokio::time::Instant;
use uuid::Uuid;

const LIFECYCLE: &str = "redress.intake.lifecycle.v1";
const REGISTERED: &str = "redress.intake.v1.ComplaintRegistered";
/// How long reading the whole topic may take.
const READ_LIMIT: Duration = Duration::from_mins(2);
const REQUEST_LIMIT: Duration = Duration::from_secs(5);

/// Every complaint that was published as registered.
#[derive(Debug, Default)]
pub(crate) struct Published {
    /// How often, each time under another version: more than once is a second effect for every consumer.
    pub(crate) times: HashMap<Uuid, u32>,
    /// Records that came again under their version, which consumers drop.
    pub(crate) redelivered: u64,
    known: HashSet<(Uuid, i64)>,
}

impl Published {
    fn note(&mut self, complaint: Uuid, version: i64) {
        if self.known.insert((complaint, version)) {
            *self.times.entry(complaint).or_default() += 1;
        } else {
            self.redelivered += 1;
        }
    }
}

/// Reads to the end that the topic has at present. Blocks.
pub(crate) fn published(kafka: &KafkaConfig) -> anyhow::Result<Published> {
    let mut found = Published::default();
    each_record(kafka, LIFECYCLE, |record| {
        if header(record, "ce_type") == Some(REGISTERED) {
            let version = header(record, "ce_version").context("a record without version")?;
            found.note(subject(record)?, version.parse()?);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Shows every record of `topic` from its beginning to the end that it has at present. Blocks.
pub(crate) fn each_record(
    kafka: &KafkaConfig,
    topic: &str,
    mut show: impl FnMut(&BorrowedMessage<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let topic = format!("{}{topic}", kafka.topic_prefix);
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &kafka.brokers)
        .set("group.id", &kafka.group)
        .set("enable.auto.commit", "false")
        .create()?;
    let mut ends = assign_from_beginning(&consumer, &topic)?;
    let start = Instant::now();
    while !ends.is_empty() {
        ensure!(start.elapsed() < READ_LIMIT, "{topic} cannot be read within {READ_LIMIT:?}");
        let Some(record) = consumer.poll(Duration::from_millis(100)) else { continue };
        let record = record?;
        show(&record)?;
        if ends.get(&record.partition()).is_some_and(|end| record.offset() + 1 >= *end) {
            ends.remove(&record.partition());
        }
    }
    Ok(())
}

/// The complaint that a record is about.
pub(crate) fn subject(record: &BorrowedMessage<'_>) -> anyhow::Result<Uuid> {
    Ok(header(record, "ce_subject").context("a record without subject")?.parse()?)
}

/// A header that is text.
pub(crate) fn header<'a>(record: &'a BorrowedMessage<'_>, name: &str) -> Option<&'a str> {
    let header = record.headers()?.iter().find(|header| header.key == name)?;
    std::str::from_utf8(header.value?).ok()
}

/// The ends of the partitions that hold anything.
fn assign_from_beginning(consumer: &BaseConsumer, topic: &str) -> anyhow::Result<HashMap<i32, i64>> {
    let metadata = consumer.fetch_metadata(Some(topic), REQUEST_LIMIT)?;
    let (mut list, mut ends) = (TopicPartitionList::new(), HashMap::new());
    for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
        let (low, high) = consumer.fetch_watermarks(topic, partition.id(), REQUEST_LIMIT)?;
        if high > low {
            list.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
            ends.insert(partition.id(), high);
        }
    }
    consumer.assign(&list)?;
    Ok(ends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_devstack::shared;
    use redress_messaging::{EventMeta, Outgoing, Producer, TopicSpec, ensure_topics};
    use redress_testkit::topic_prefix;

    fn record(complaint: u128, version: i64, event_type: &'static str) -> Outgoing {
        let subject = Uuid::from_u128(complaint);
        let meta = EventMeta {
            event_id: subject,
            event_type: event_type.into(),
            source: "/redress/test".into(),
            tenant: "tenant-a".parse().unwrap(),
            subject,
            version: Some(version),
            occurred_at: jiff::Timestamp::UNIX_EPOCH,
            recorded_at: None,
            actor: None,
            decided_by: None,
            causation: None,
            correlation: None,
            traceparent: None,
            tracestate: None,
        };
        let (topic, key) = (LIFECYCLE.into(), subject.to_string());
        Outgoing { topic, key, headers: meta.to_headers(), payload: Vec::new() }
    }

    #[tokio::test]
    async fn a_complaint_published_twice_is_told_from_a_record_that_came_twice() {
        let mut kafka = KafkaConfig::at(shared().await.kafka.as_str(), "load-test");
        kafka.topic_prefix = topic_prefix();
        let retention = Duration::from_hours(1);
        ensure_topics(&kafka, &[TopicSpec { name: LIFECYCLE, partitions: 3, retention }]).await.unwrap();
        let producer = Producer::for_relay(&kafka).unwrap();
        let once = record(1, 1, REGISTERED);
        let (came_twice, twice) =
            (record(2, 1, REGISTERED), [record(3, 1, REGISTERED), record(3, 2, REGISTERED)]);
        let other = record(4, 2, "redress.intake.v1.SubmissionDeduplicated");
        for outgoing in [once, came_twice.clone(), came_twice].into_iter().chain(twice).chain([other]) {
            producer.send(outgoing).await.unwrap();
        }

        let found = tokio::task::spawn_blocking(move || published(&kafka)).await.unwrap().unwrap();
        let expected = [(1, 1), (2, 1), (3, 2)].map(|(id, times)| (Uuid::from_u128(id), times));
        assert_eq!(found.times, HashMap::from(expected));
        assert_eq!(found.redelivered, 1);
    }
}
