use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use redress_messaging::{Ends, KafkaClientError, LogReader, Positions, Start, TopicPartition};
use thiserror::Error;
use tokio::runtime::Handle;

use super::Kit;
use super::position::{self, Verdict};
use crate::store::position::{Stored, load, renew};

/// Time between two tries while the database or the broker is away.
const RETRY: Duration = Duration::from_millis(500);

/// Loads positions from the database when partitions are given to this process. Blocks the polling thread meanwhile:
/// reading cannot begin before it is known where.
pub(super) struct Loader {
    pub(super) runtime: Handle,
    pub(super) kit: Arc<Kit>,
    pub(super) reader: LogReader,
}

#[derive(Debug, Error)]
enum LoadError {
    #[error("the database is away: {}", redress_postgres::summary_of(.0))]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Kafka(#[from] KafkaClientError),
    #[error("the process stops")]
    Stopped,
    #[error("the position of {topic}/{partition} was taken away while it was read")]
    Missing { topic: String, partition: i32 },
    // The operator's decision: reading goes on without them by a statement, as AdminService ends with the process.
    #[error(
        "{topic}/{partition}: records {next}..{low} were trimmed from the log before they were read; to go on without \
         them: UPDATE progress SET next_offset = {low}, replays = replays + 1, witness_offset = NULL, witness = NULL, \
         adopts = true WHERE topic = '{topic}' AND partition = {partition}"
    )]
    Trimmed { topic: String, partition: i32, next: i64, low: i64 },
}

impl Positions for Loader {
    /// The position travels with the start: it is what the worker compares the database with.
    type Note = Stored;

    fn load(&mut self, assigned: &[TopicPartition]) -> Result<Vec<Start<Stored>>, String> {
        let mut said = false;
        loop {
            match self.attempt(assigned) {
                Ok(starts) => return Ok(starts),
                Err(end @ (LoadError::Trimmed { .. } | LoadError::Stopped)) => return Err(end.to_string()),
                Err(away) if !said => {
                    said = true;
                    tracing::warn!(error = %away, "reading cannot begin yet");
                }
                Err(_) => {}
            }
            let rest = async {
                tokio::time::sleep(RETRY).await;
                Ok(())
            };
            if let Err(stopped) = self.wait_for(rest) {
                return Err(stopped.to_string());
            }
        }
    }
}

impl Loader {
    fn attempt(&self, assigned: &[TopicPartition]) -> Result<Vec<Start<Stored>>, LoadError> {
        let mut by_topic: BTreeMap<&Arc<str>, Vec<i32>> = BTreeMap::new();
        for TopicPartition { topic, partition } in assigned {
            by_topic.entry(topic).or_default().push(*partition);
        }
        let mut starts = HashMap::new();
        for (topic, partitions) in by_topic {
            if self.kit.stop.is_cancelled() {
                return Err(LoadError::Stopped);
            }
            let logs = self.reader.ends(topic, &partitions)?;
            let begins: Vec<(i32, i64)> = logs.iter().map(|log| (log.partition, log.low)).collect();
            let all = self.reader.partitions(topic)?;
            let mut stored = self.wait_for(load(&self.kit.db, topic, &begins, all))?;
            for log in logs {
                let key = TopicPartition { topic: Arc::clone(topic), partition: log.partition };
                if let Some(stored) = stored.remove(&log.partition) {
                    let start = self.begin(&key, stored, log)?;
                    starts.insert(key, start);
                }
            }
        }
        let missing = |TopicPartition { topic, partition }: &TopicPartition| LoadError::Missing {
            topic: topic.to_string(),
            partition: *partition,
        };
        assigned.iter().map(|given| starts.remove(given).ok_or_else(|| missing(given))).collect()
    }

    /// Where to begin with one partition.
    fn begin(&self, key: &TopicPartition, stored: Stored, log: Ends) -> Result<Start<Stored>, LoadError> {
        let Ends { low, high, .. } = log;
        let TopicPartition { topic, partition } = key;
        let next = stored.position.next;
        let witness = stored.witness.as_ref().map(|witness| witness.offset);
        match position::start(next, witness, low, high) {
            Verdict::At(offset) => Ok(Start { offset, note: stored }),
            Verdict::Trimmed => {
                Err(LoadError::Trimmed { topic: topic.to_string(), partition: *partition, next, low })
            }
            Verdict::Replaced => {
                tracing::error!(
                    messaging.destination.name = &**topic,
                    messaging.destination.partition.id = partition,
                    next,
                    low,
                    high,
                    "the log ends before the read position, so it was replaced; reading it from its beginning",
                );
                let renewed = self.wait_for(renew(&self.kit.db, topic, *partition, stored.position, low))?;
                let position = renewed.unwrap_or(stored.position);
                Ok(Start { offset: low, note: Stored { position, witness: None } })
            }
        }
    }

    /// Blocks until the database has answered, or the process stops.
    fn wait_for<T>(&self, answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, LoadError> {
        self.runtime.block_on(async {
            tokio::select! {
                () = self.kit.stop.cancelled() => Err(LoadError::Stopped),
                answer = answer => Ok(answer?),
            }
        })
    }
}
