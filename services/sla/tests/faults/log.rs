//! What stands in the topic of clocks, read past the service.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use redress_messaging::EventMeta;
use redress_sla::topics::CLOCKS;
use uuid::Uuid;

use crate::world::record;

const LIMIT: Duration = Duration::from_mins(2);

/// Where the log is.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    pub(crate) brokers: String,
    pub(crate) topic_prefix: String,
}

/// What was published: how often each event, and with which content. A relay that died may publish again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) times: usize,
    pub(crate) payload: Vec<u8>,
}

impl Log {
    /// The events of the topic, by id.
    pub(crate) async fn published(&self) -> BTreeMap<Uuid, Published> {
        let log = self.clone();
        tokio::task::spawn_blocking(move || log.read()).await.unwrap()
    }

    /// How many records were ever written to the topic.
    pub(crate) async fn written(&self) -> i64 {
        let log = self.clone();
        let ends = tokio::task::spawn_blocking(move || log.ends(&log.consumer()));
        ends.await.unwrap().values().sum()
    }

    fn topic(&self) -> String {
        format!("{}{CLOCKS}", self.topic_prefix)
    }

    fn consumer(&self) -> BaseConsumer {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers).set("group.id", "witness");
        config.set("enable.auto.commit", "false").create().unwrap()
    }

    /// The partitions, each with the offset after its last record.
    fn ends(&self, consumer: &BaseConsumer) -> BTreeMap<i32, i64> {
        let topic = self.topic();
        let metadata = consumer.fetch_metadata(Some(&topic), LIMIT).unwrap();
        let partitions =
            metadata.topics()[0].partitions().iter().map(rdkafka::metadata::MetadataPartition::id);
        partitions.map(|id| (id, consumer.fetch_watermarks(&topic, id, LIMIT).unwrap().1)).collect()
    }

    fn read(&self) -> BTreeMap<Uuid, Published> {
        let consumer = self.consumer();
        let mut left = self.ends(&consumer);
        left.retain(|_, end| *end > 0);
        let mut from = TopicPartitionList::new();
        for partition in left.keys() {
            from.add_partition_offset(&self.topic(), *partition, Offset::Beginning).unwrap();
        }
        consumer.assign(&from).unwrap();
        let mut all: BTreeMap<Uuid, Published> = BTreeMap::new();
        while !left.is_empty() {
            let message = consumer.poll(LIMIT).unwrap().unwrap();
            let payload = message.payload().unwrap_or_default().to_vec();
            let known = all.entry(id(&message)).or_insert(Published { times: 0, payload: payload.clone() });
            known.times += 1;
            assert_eq!(known.payload, payload, "an event that is published again is the same");
            if left.get(&message.partition()).is_some_and(|end| message.offset() + 1 >= *end) {
                left.remove(&message.partition());
            }
        }
        all
    }
}

fn id(message: &BorrowedMessage<'_>) -> Uuid {
    let headers = message.headers().unwrap().iter();
    let headers = headers.map(|h| (h.key.to_owned(), h.value.unwrap_or_default().to_vec())).collect();
    EventMeta::of_record(&record(headers)).unwrap().event_id
}
