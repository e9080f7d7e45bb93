use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use tokio::time::Instant;

use crate::{KafkaClientError, KafkaConfig, LogReader, MARKS};

/// A topic that this installation owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicSpec {
    /// Name without prefix: `redress.<service>.<family>.v1`.
    pub name: &'static str,
    /// Partitions; fixed for the topic's life, since keys would move.
    pub partitions: i32,
    /// How long records are kept.
    pub retention: Duration,
}

const REQUEST_LIMIT: Duration = Duration::from_secs(10);
const VISIBLE_WITHIN: Duration = Duration::from_secs(20);

/// Kafka removes whole segments, and by its own default begins a new one after a week at the earliest.
const SEGMENT_LONGEST: Duration = Duration::from_hours(24 * 7);

/// Creates the topics that are missing, and [`MARKS`], and waits until each is visible with all its partitions.
///
/// Several processes may call it at once. Existing topics are not changed. Errors: [`KafkaClientError::Partitions`] if
/// one exists with another number of partitions, [`KafkaClientError::Request`] if the broker is away or refuses.
pub async fn ensure_topics(config: &KafkaConfig, topics: &[TopicSpec]) -> Result<(), KafkaClientError> {
    let admin: AdminClient<DefaultClientContext> =
        config.client().create().map_err(KafkaClientError::Config)?;
    let reader = LogReader::new(config)?;
    for topic in topics.iter().chain([&MARKS]) {
        if partitions(&reader, topic).await?.is_none() {
            create(&admin, config, topic).await?;
        }
        await_visible(&reader, config, topic).await?;
    }
    Ok(())
}

async fn create(
    admin: &AdminClient<DefaultClientContext>,
    config: &KafkaConfig,
    topic: &TopicSpec,
) -> Result<(), KafkaClientError> {
    let name = config.full_name(topic.name);
    let retention = topic.retention.as_millis().to_string();
    let segment = topic.retention.min(SEGMENT_LONGEST).as_millis().to_string();
    let in_sync = if config.replication >= 3 { "2" } else { "1" };
    let new = NewTopic::new(&name, topic.partitions, TopicReplication::Fixed(config.replication))
        .set("retention.ms", &retention)
        .set("segment.ms", &segment)
        .set("min.insync.replicas", in_sync)
        .set("unclean.leader.election.enable", "false");
    let failed = |source| KafkaClientError::Request { what: "a new topic", source };
    let options =
        AdminOptions::new().request_timeout(Some(REQUEST_LIMIT)).operation_timeout(Some(REQUEST_LIMIT));
    for result in admin.create_topics([&new], &options).await.map_err(failed)? {
        match result {
            // Another process was faster.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, code)) => return Err(failed(rdkafka::error::KafkaError::AdminOp(code))),
        }
    }
    Ok(())
}

async fn await_visible(
    reader: &LogReader,
    config: &KafkaConfig,
    topic: &TopicSpec,
) -> Result<(), KafkaClientError> {
    let deadline = Instant::now() + VISIBLE_WITHIN;
    while Instant::now() < deadline {
        match partitions(reader, topic).await? {
            Some(actual) if actual == topic.partitions => return Ok(()),
            Some(actual) if actual > 0 => {
                return Err(KafkaClientError::Partitions {
                    topic: config.full_name(topic.name),
                    expected: topic.partitions,
                    actual,
                });
            }
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    Err(KafkaClientError::Invisible(config.full_name(topic.name)))
}

async fn partitions(reader: &LogReader, topic: &TopicSpec) -> Result<Option<i32>, KafkaClientError> {
    let (reader, name) = (reader.clone(), topic.name);
    reader.off_the_runtime(move |reader| reader.partitions(name)).await
}
