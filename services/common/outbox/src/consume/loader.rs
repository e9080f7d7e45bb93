use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redress_messaging::{KafkaClientError, LogReader, Positions, TopicPartition};
use thiserror::Error;
use tokio::runtime::Handle;

use super::Kit;
use super::position::{Start, start};
use crate::store::position::{self, Stored};

/// Time between two tries while the database or the broker is away.
const RETRY: Duration = Duration::from_millis(500);

/// The positions as loaded, until the worker of the topic takes them up.
#[derive(Clone, Default)]
pub(super) struct Loaded(Arc<Mutex<HashMap<TopicPartition, Stored>>>);

impl Loaded {
    pub(super) fn put(&self, partition: TopicPartition, stored: Stored) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, stored);
    }

    pub(super) fn take(&self, partition: &TopicPartition) -> Option<Stored> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(partition)
    }
}

/// Loads positions from the database when partitions are given to this process. Blocks the polling thread meanwhile:
/// reading cannot begin before it is known where.
pub(super) struct Loader {
    pub(super) runtime: Handle,
    pub(super) kit: Arc<Kit>,
    pub(super) reader: LogReader,
    pub(super) loaded: Loaded,
}

#[derive(Debug, Error)]
enum LoadError {
    #[error("the database is away: {}", redress_postgres::summary_of(.0))]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Kafka(#[from] KafkaClientError),
    // The operator's decision: reading goes on without them by a statement, as AdminService ends with the process.
    #[error(
        "{topic}/{partition}: records {next}..{low} were trimmed from the log before they were read; to go on without \
         them: UPDATE progress SET next_offset = {low}, replays = replays + 1, witness_offset = NULL, witness = NULL, \
         adopts = true WHERE topic = '{topic}' AND partition = {partition}"
    )]
    Trimmed { topic: String, partition: i32, next: i64, low: i64 },
}

/// A partition's log as it is.
#[derive(Clone, Copy)]
struct Log {
    partition: i32,
    low: i64,
    high: i64,
}

impl Positions for Loader {
    fn load(&mut self, assigned: &[TopicPartition]) -> Result<Vec<i64>, String> {
        let mut said = false;
        loop {
            match self.attempt(assigned) {
                Ok(starts) => return Ok(starts),
                Err(lost @ LoadError::Trimmed { .. }) => return Err(lost.to_string()),
                Err(away) if !said => {
                    said = true;
                    tracing::warn!(error = %away, "reading cannot begin yet");
                }
                Err(_) => {}
            }
            let stop = &self.kit.stop;
            let stopped =
                self.runtime.block_on(async { tokio::time::timeout(RETRY, stop.cancelled()).await });
            if stopped.is_ok() {
                return Err("the process stops".to_owned());
            }
        }
    }
}

impl Loader {
    fn attempt(&self, assigned: &[TopicPartition]) -> Result<Vec<i64>, LoadError> {
        let mut by_topic: BTreeMap<&Arc<str>, Vec<Log>> = BTreeMap::new();
        for TopicPartition { topic, partition } in assigned {
            let (low, high) = self.reader.watermarks(topic, *partition)?;
            by_topic.entry(topic).or_default().push(Log { partition: *partition, low, high });
        }
        let mut starts = HashMap::new();
        for (topic, logs) in by_topic {
            let begins: Vec<(i32, i64)> = logs.iter().map(|log| (log.partition, log.low)).collect();
            let all = self.reader.partitions(topic)?;
            let stored = self.runtime.block_on(position::load(&self.kit.db, topic, &begins, all))?;
            for log in logs {
                let Some(stored) = stored.get(&log.partition) else { continue };
                let key = TopicPartition { topic: Arc::clone(topic), partition: log.partition };
                let start = self.begin(&key, stored, log)?;
                starts.insert(key, start);
            }
        }
        // Every partition has a row by now; one that lost it meanwhile is found to be behind by its first batch.
        Ok(assigned.iter().map(|partition| starts.get(partition).copied().unwrap_or(0)).collect())
    }

    /// Where to begin with one partition.
    fn begin(&self, key: &TopicPartition, stored: &Stored, log: Log) -> Result<i64, LoadError> {
        let Log { low, high, .. } = log;
        let TopicPartition { topic, partition } = key;
        let next = stored.position.next;
        let witness = stored.witness.as_ref().map(|witness| witness.offset);
        match start(next, witness, low, high) {
            Start::At(offset) => {
                self.loaded.put(key.clone(), stored.clone());
                Ok(offset)
            }
            Start::Trimmed => {
                Err(LoadError::Trimmed { topic: topic.to_string(), partition: *partition, next, low })
            }
            Start::Replaced => {
                tracing::error!(
                    messaging.destination.name = &**topic,
                    messaging.destination.partition.id = partition,
                    next,
                    low,
                    high,
                    "the log ends before the read position, so it was replaced; reading it from its beginning",
                );
                let renewed = position::renew(&self.kit.db, topic, *partition, stored.position, low);
                let position = self.runtime.block_on(renewed)?.unwrap_or(stored.position);
                self.loaded.put(key.clone(), Stored { position, witness: None });
                Ok(low)
            }
        }
    }
}
