//! Kafka as every service uses it: topics, event headers, the idempotent producer, the polling consumer.
//!
//! This crate knows the broker and nothing of a database. What makes effects exactly-once (read positions, inbox,
//! outbox) is `redress-outbox`, which builds on it.
//!
//! - [`EventMeta`] is an event's envelope: `CloudEvents` attributes as headers, binary mode.
//! - [`Producer`] is idempotent, waits for all replicas, is bounded, and never sleeps on a full queue.
//! - [`Consumer`] polls on a thread of its own, since on an assignment it must wait for the database; it starts where
//!   it is told, never where Kafka's offsets say, and stops on an offset outside the log instead of jumping.
//! - [`Mark`]s say up to when a topic is complete, so that readers need not guess what is still to come into it.
//! - [`LogReader`] asks for the ends of partitions without being a member of a group.
//!
//! Refused: `FutureProducer` (sleeps 100 ms on a full queue), `StreamConsumer` (a blocking hook panics in it),
//! Kafka transactions (effects are in Postgres), automatic offset storing (it loses records with a slow handler).
#![warn(missing_docs)]

mod closing;
mod config;
mod consumer;
mod error;
mod inspect;
mod log_reader;
mod mark;
mod meta;
mod partition;
mod producer;
mod record;
mod tail;
mod topic;

pub use config::{KafkaConfig, KafkaSecurity, SecurityProtocol};
pub use consumer::{Consumer, Inbound, InboundEvent, Positions, Start, TopicPartition};
pub use error::{KafkaClientError, SendError};
pub use inspect::{TopicFound, inspect_topics};
pub use log_reader::{Ends, LogReader};
pub use mark::{MARKS, Mark, Promise};
pub use meta::{EventMeta, HeaderError, HeaderProblem};
pub use partition::partition_of;
pub use producer::{Pending, Placed, Producer};
pub use record::{Headers, Outgoing, Record};
pub use tail::tail;
pub use topic::{TopicSpec, ensure_topics};
