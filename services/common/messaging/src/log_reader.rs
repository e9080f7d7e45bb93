use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use crate::closing::Closing;
use crate::consumer::owned;
use crate::{KafkaClientError, KafkaConfig, Record};

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Asks Kafka about topics without being a member of a group. Cheap to clone.
///
/// Its methods block for up to five seconds; in async code use [`LogReader::off_the_runtime`].
#[derive(Clone)]
pub struct LogReader {
    client: Arc<Closing<BaseConsumer>>,
    prefix: Arc<str>,
    /// See [`LogReader::following`].
    followed: Option<Arc<str>>,
}

/// Where a partition's log begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Partition.
    pub partition: i32,
    /// The first offset that is still there.
    pub low: i64,
    /// The one after the last.
    pub high: i64,
}

impl LogReader {
    /// Makes the client; does not connect yet.
    pub fn new(config: &KafkaConfig) -> Result<Self, KafkaClientError> {
        let client: BaseConsumer = config.client().create().map_err(KafkaClientError::Config)?;
        let prefix = config.topic_prefix.as_str().into();
        Ok(Self { client: Arc::new(Closing::new(client)), prefix, followed: None })
    }

    /// The same, and it reads `topic`, which has one partition: its last records, `last` of them, and then what comes;
    /// see [`news`](Self::news). A topic that is not there yet is read once it is.
    pub fn following(config: &KafkaConfig, topic: &str, last: i64) -> Result<Self, KafkaClientError> {
        let client: BaseConsumer = config
            .client()
            // The library reads nothing without a name. No group is joined, and nothing is committed.
            .set("group.id", config.full_name(&config.group))
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .set("fetch.wait.max.ms", "1000")
            .set("queued.max.messages.kbytes", "1024")
            .create()
            .map_err(KafkaClientError::Config)?;
        let mut end = TopicPartitionList::new();
        end.add_partition_offset(&config.full_name(topic), 0, Offset::OffsetTail(last))
            .and_then(|()| client.assign(&end))
            .map_err(request("a topic to follow"))?;
        let prefix = config.topic_prefix.as_str().into();
        Ok(Self { client: Arc::new(Closing::new(client)), prefix, followed: Some(topic.into()) })
    }

    /// What has come of the followed topic since it was last asked, without waiting: what is still on its way comes next
    /// time. Nothing if none is followed, or it cannot be read now.
    pub fn news(&self) -> Vec<Record> {
        let Some(topic) = &self.followed else { return Vec::new() };
        let mut found = Vec::new();
        while let Some(polled) = self.client.poll(Duration::ZERO) {
            match polled {
                Ok(message) => found.push(owned(topic, &message)),
                Err(error) => tracing::debug!(%error, "following a topic is disturbed"),
            }
        }
        found
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

    /// The ends of several partitions of a topic, in the order of `partitions`.
    ///
    /// By two questions, whatever their number: one that follows a topic has its questions wait behind a fetch that may
    /// take a second, since a broker answers a connection in order.
    pub fn ends(&self, topic: &str, partitions: &[i32]) -> Result<Vec<Ends>, KafkaClientError> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let low = self.edge(topic, partitions, Offset::Beginning)?;
        let high = self.edge(topic, partitions, Offset::End)?;
        let ends = partitions.iter().zip(low.into_iter().zip(high));
        Ok(ends.map(|(&partition, (low, high))| Ends { partition, low, high }).collect())
    }

    /// The offsets at `edge`, which stands where a time is expected: the protocol takes both.
    fn edge(&self, topic: &str, partitions: &[i32], edge: Offset) -> Result<Vec<i64>, KafkaClientError> {
        let (name, refused) = (self.full_name(topic), request("the ends of partitions"));
        let mut wanted = TopicPartitionList::with_capacity(partitions.len());
        for &partition in partitions {
            wanted.add_partition_offset(&name, partition, edge).map_err(&refused)?;
        }
        let found = self.client.offsets_for_times(wanted, LIMIT).map_err(&refused)?;
        let offset = |&partition: &i32| {
            let entry = found.find_partition(&name, partition);
            let entry = entry.ok_or(KafkaError::OffsetFetch(RDKafkaErrorCode::UnknownPartition))?;
            entry.error()?;
            match entry.offset() {
                Offset::Offset(offset) => Ok(offset),
                _ => Err(KafkaError::OffsetFetch(RDKafkaErrorCode::NoOffset)),
            }
        };
        partitions.iter().map(offset).collect::<Result<_, _>>().map_err(refused)
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
