use std::sync::Arc;

use redress_messaging::KafkaClientError;
use thiserror::Error;

/// Why consuming ended. The process ends with it: its restart loads the positions anew.
#[derive(Debug, Error)]
pub enum ConsumerError {
    /// Kafka's client ended, or a position lies outside the log.
    #[error("the consumer ended: {0}")]
    Kafka(#[from] Arc<KafkaClientError>),
    /// The database knows less than this process has applied: it was restored, or failed over with loss.
    #[error(
        "the database is behind what was read: {topic}/{partition} was applied up to {read}, the database says {next:?}"
    )]
    Behind {
        /// Topic, without prefix.
        topic: String,
        /// Partition.
        partition: i32,
        /// First offset not yet applied, as this process knows it.
        read: i64,
        /// The same as the database knows it; `None` if it knows nothing of the partition.
        next: Option<i64>,
    },
    /// A worker ended without being asked.
    #[error("the worker of {0} died")]
    Died(String),
}

impl ConsumerError {
    /// Whether a new client in the same process can go on.
    pub(crate) fn is_lost_session(&self) -> bool {
        matches!(self, Self::Kafka(error) if matches!(**error, KafkaClientError::SessionLost(_)))
    }

    /// Whether reading never began, since nobody told where. When the process stops that is how joining ends.
    pub(crate) fn never_began(&self) -> bool {
        matches!(self, Self::Kafka(error) if matches!(**error, KafkaClientError::Positions(_)))
    }
}

impl From<KafkaClientError> for ConsumerError {
    fn from(error: KafkaClientError) -> Self {
        Self::Kafka(Arc::new(error))
    }
}

/// Why relaying ended. The process ends with it; rows that wait stay.
#[derive(Debug, Error)]
pub enum RelayError {
    /// The producer is broken and must be made anew.
    #[error("the relay's producer ended")]
    Producer(#[from] KafkaClientError),
}
