use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use redress_domain::ErrorKind;
use thiserror::Error;

/// A client could not be made, or can no longer work.
#[derive(Debug, Error)]
pub enum KafkaClientError {
    /// The configuration does not give a client.
    #[error("making a Kafka client")]
    Config(#[source] KafkaError),
    /// The broker did not answer, or refused.
    #[error("asking Kafka for {what}")]
    Request {
        /// For what was asked.
        what: &'static str,
        /// The client's error.
        source: KafkaError,
    },
    /// A topic exists with another number of partitions; keys would move, so it is never changed.
    #[error("topic {topic} has {actual} partitions, the configuration says {expected}; one of them is wrong")]
    Partitions {
        /// The topic's full name.
        topic: String,
        /// As configured.
        expected: i32,
        /// As found.
        actual: i32,
    },
    /// A topic that was created did not become visible in time.
    #[error("topic {0} was created and did not appear")]
    Invisible(String),
    /// The offset to read from is not in the log.
    #[error("a read position lies outside the log; the topic was trimmed or made again")]
    OutsideLog,
    /// The read positions could not be loaded.
    #[error("loading the read positions: {0}")]
    Positions(String),
    /// The session with the group was lost, and the client broke when the group was there again. A new one goes on.
    #[error("the group's session was lost and its client is broken: {0}")]
    SessionLost(String),
    /// Another process has joined the group under this one's name.
    #[error("another living process is in the group under the same group_instance_id: {0}")]
    NameTaken(String),
    /// The client has declared itself broken and must be made anew.
    #[error("the Kafka client is broken: {0}")]
    Fatal(String),
}

/// Why an event was not, or perhaps not, written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SendError {
    /// Too much is on its way already; nothing was written.
    #[error("too many events on their way to Kafka")]
    Full,
    /// The event exceeds the broker's limit; nothing was written.
    #[error("the event is too large for Kafka")]
    TooLarge,
    /// No acknowledgement in time. **The event may have been written.**
    #[error("Kafka did not acknowledge in time")]
    TimedOut,
    /// The broker is away or answered with an error. **The event may have been written.**
    #[error("Kafka is unavailable: {0}")]
    Unavailable(RDKafkaErrorCode),
    /// The broker will never take it: no such topic, or no right to write there.
    #[error("Kafka refuses the event: {0}")]
    Refused(RDKafkaErrorCode),
    /// The producer is broken for good; see [`Producer::failed`](crate::Producer::failed).
    #[error("the producer is broken")]
    Broken,
}

impl SendError {
    /// What it means to a caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Full => ErrorKind::ResourceExhausted,
            Self::TooLarge => ErrorKind::InvalidArgument,
            Self::TimedOut | Self::Unavailable(_) | Self::Broken => ErrorKind::Unavailable,
            Self::Refused(_) => ErrorKind::Internal,
        }
    }

    pub(crate) fn of(error: &KafkaError) -> Self {
        use RDKafkaErrorCode as Code;
        match error.rdkafka_error_code() {
            Some(Code::QueueFull) => Self::Full,
            Some(Code::MessageSizeTooLarge | Code::InvalidMessageSize) => Self::TooLarge,
            Some(Code::MessageTimedOut | Code::RequestTimedOut | Code::OperationTimedOut) => Self::TimedOut,
            Some(Code::Fatal) => Self::Broken,
            Some(
                code @ (Code::UnknownTopic
                | Code::UnknownTopicOrPartition
                | Code::UnknownPartition
                | Code::InvalidTopic
                | Code::TopicAuthorizationFailed
                | Code::ClusterAuthorizationFailed),
            ) => Self::Refused(code),
            Some(code) => Self::Unavailable(code),
            None => Self::Unavailable(Code::Unknown),
        }
    }
}
