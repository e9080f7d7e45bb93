//! The ends of a topic's partitions, for whoever compares what was written last with what it knows.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use crate::closing::Closing;
use crate::consumer::owned;
use crate::{Ends, KafkaClientError, KafkaConfig, LogReader, Record};

/// How long the whole may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How long to wait for the next record before looking at the time.
const STEP: Duration = Duration::from_millis(100);

/// The last records of each partition of `topic` (without prefix), `last` of each at the most, in no order among
/// partitions; none if there is no such topic.
///
/// Joins no group and commits nothing. Errors if the brokers are away or answer too slowly: what was read then is no answer.
pub async fn tail(
    config: &KafkaConfig,
    topic: &'static str,
    last: i64,
) -> Result<Vec<Record>, KafkaClientError> {
    let config = config.clone();
    let read = tokio::task::spawn_blocking(move || read(&config, topic, last)).await;
    read.unwrap_or_else(|_| Err(failed(KafkaError::Canceled)))
}

fn read(config: &KafkaConfig, topic: &'static str, last: i64) -> Result<Vec<Record>, KafkaClientError> {
    let log = LogReader::new(config)?;
    let partitions: Vec<i32> = (0..log.partitions(topic)?.unwrap_or(0)).collect();
    let mut ends = log.ends(topic, &partitions)?;
    for ends in &mut ends {
        ends.low = ends.low.max(ends.high.saturating_sub(last));
    }
    ends.retain(|ends| ends.low < ends.high);
    if ends.is_empty() {
        return Ok(Vec::new());
    }
    let client: BaseConsumer = config
        .client()
        // The library reads nothing without a name.
        .set("group.id", config.full_name(&config.group))
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("queued.max.messages.kbytes", "1024")
        .create()
        .map_err(KafkaClientError::Config)?;
    let client = Closing::new(client);
    let mut assignment = TopicPartitionList::new();
    for ends in &ends {
        assignment
            .add_partition_offset(&config.full_name(topic), ends.partition, Offset::Offset(ends.low))
            .map_err(failed)?;
    }
    client.assign(&assignment).map_err(failed)?;
    collect(&client, topic, &ends)
}

/// Reads until every partition was read to the end that it had.
fn collect(client: &BaseConsumer, topic: &str, ends: &[Ends]) -> Result<Vec<Record>, KafkaClientError> {
    let name: Arc<str> = topic.into();
    let mut open: BTreeSet<i32> = ends.iter().map(|ends| ends.partition).collect();
    let mut found = Vec::new();
    #[expect(clippy::disallowed_methods, reason = "a limit of I/O, by the monotonic clock")]
    let began = Instant::now();
    while !open.is_empty() {
        if began.elapsed() > LIMIT {
            return Err(failed(KafkaError::Canceled));
        }
        match client.poll(STEP) {
            None => {}
            Some(Ok(message)) => {
                let record = owned(&name, &message);
                let is_last =
                    |ends: &Ends| ends.partition == record.partition && record.offset + 1 >= ends.high;
                if ends.iter().any(is_last) {
                    open.remove(&record.partition);
                }
                found.push(record);
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                open.remove(&partition);
            }
            Some(Err(error)) => return Err(failed(error)),
        }
    }
    Ok(found)
}

fn failed(source: KafkaError) -> KafkaClientError {
    KafkaClientError::Request { what: "the end of a topic", source }
}
