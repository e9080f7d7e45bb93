use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use crate::closing::Closing;
use crate::{KafkaClientError, KafkaConfig};

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Asks Kafka about topics without being a member of a group. Cheap to clone.
///
/// Its methods block for up to five seconds; in async code use [`LogReader::off_the_runtime`].
#[derive(Clone)]
pub struct LogReader {
    client: Arc<Closing<BaseConsumer>>,
    prefix: Arc<str>,
}

impl LogReader {
    /// Makes the client; does not connect yet.
    pub fn new(config: &KafkaConfig) -> Result<Self, KafkaClientError> {
        let client: BaseConsumer = config.client().create().map_err(KafkaClientError::Config)?;
        Ok(Self { client: Arc::new(Closing::new(client)), prefix: config.topic_prefix.as_str().into() })
    }

    /// Runs `question` on a thread that may block.
    pub async fn off_the_runtime<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Self) -> Result<T, KafkaClientError> + Send + 'static,
    ) -> Result<T, KafkaClientError> {
        let reader = self.clone();
        let answer = tokio::task::spawn_blocking(move || question(&reader)).await;
        answer.unwrap_or_else(|_| {
            Err(KafkaClientError::Request { what: "an answer", source: KafkaError::Canceled })
        })
    }

    /// The number of partitions of `topic`, or `None` if there is no such topic.
    pub fn partitions(&self, topic: &str) -> Result<Option<i32>, KafkaClientError> {
        let name = self.full_name(topic);
        let metadata = self.client.fetch_metadata(Some(&name), LIMIT).map_err(request("a topic"))?;
        let found = metadata.topics().iter().find(|found| found.name() == name && found.error().is_none());
        Ok(found.and_then(|found| i32::try_from(found.partitions().len()).ok()).filter(|count| *count > 0))
    }

    /// Whether there is such a topic, as far as the broker tells now: for whoever waits until there is.
    pub async fn has(self, topic: &'static str) -> bool {
        matches!(self.off_the_runtime(move |reader| reader.partitions(topic)).await, Ok(Some(_)))
    }

    /// The first offset that is still there, and the one after the last.
    pub fn watermarks(&self, topic: &str, partition: i32) -> Result<(i64, i64), KafkaClientError> {
        self.client
            .fetch_watermarks(&self.full_name(topic), partition, LIMIT)
            .map_err(request("the ends of a partition"))
    }

    /// Per partition the offset of the first record written at or after `from`; the end where there is none.
    pub fn offsets_at(&self, topic: &str, from: Timestamp) -> Result<Vec<(i32, i64)>, KafkaClientError> {
        let name = self.full_name(topic);
        let partitions = self.partitions(topic)?.unwrap_or(0);
        let mut wanted = TopicPartitionList::new();
        for partition in 0..partitions {
            wanted
                .add_partition_offset(&name, partition, Offset::Offset(from.as_millisecond().max(0)))
                .map_err(request("offsets by time"))?;
        }
        let found = self.client.offsets_for_times(wanted, LIMIT).map_err(request("offsets by time"))?;
        found
            .elements()
            .iter()
            .map(|entry| match entry.offset() {
                Offset::Offset(offset) => Ok((entry.partition(), offset)),
                _ => Ok((entry.partition(), self.watermarks(topic, entry.partition())?.1)),
            })
            .collect()
    }

    fn full_name(&self, topic: &str) -> String {
        format!("{}{topic}", self.prefix)
    }
}

fn request(what: &'static str) -> impl Fn(KafkaError) -> KafkaClientError {
    move |source| KafkaClientError::Request { what, source }
}

impl std::fmt::Debug for LogReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogReader").finish_non_exhaustive()
    }
}
