//! The exactly-once kit: a service writes a decode table and batch handlers, this crate does the rest.
//!
//! Kafka delivers at least once; effects happen exactly once because three things are written in one transaction: the
//! effects, the guard that makes a repetition visible, and the position from which reading goes on.
//!
//! - **Outbox**: [`enqueue`] writes events beside the change they report; the [`Relay`] publishes them, one relay per
//!   bucket at a time, and deletes them after the acknowledgement. It may publish twice; consumers drop that.
//! - **Inbox**: the last version applied per aggregate and topic, swapped only from exactly the version that was read.
//!   A repetition is dropped, a gap is parked and alarmed, a zombie's write fails.
//! - **Progress**: the read position, in the consumer's own database, moved only from exactly where it was read. A
//!   database that was restored, or lost its last commits, re-reads exactly what it lost. Kafka's offsets follow a
//!   second later, for lag tools only.
//! - **Parked events**: a batch that fails is bisected; the culprit is set aside in the same transaction, later records
//!   of its key wait behind it, all others flow. A dependency that is away is no culprit: the batch waits.
//! - **Watermarks**: up to when a topic has been read, by the promises of its writer ([`Relay::marking`]); what of an
//!   aggregate is parked holds back that aggregate alone ([`held_back`]).
//!
//! Where the log itself was replaced (a topic deleted and made again, a broker restored from an old copy), the position
//! means another record. Kafka's topic id would tell only the first of these and is out of reach of the client library;
//! so the position carries a fingerprint of the last record read, which is read again on each assignment.
//!
//! Refused: Kafka transactions (they do not cover Postgres), Kafka's offsets as truth (they run ahead of a database
//! that lost commits), a row per event id for our own events (they outnumber aggregates 20:1), dead-letter topics
//! (another place that can fall out of step), `SKIP LOCKED` relays (they break the order per key), `id > last` cursors
//! (they lose rows: ids are taken before the commit).
#![warn(missing_docs)]

mod admin;
mod behind;
mod consume;
mod error;
mod handler;
mod outbox;
mod receipt;
mod relay;
mod store;
mod telemetry;
mod watermark;

pub use admin::Admin;
pub use behind::{Aggregate, WriterCheck};
pub use consume::ConsumerGroup;
pub use error::{ConsumerError, RelayError};
pub use handler::{BatchHandler, DecodeError, Delivery, Guard, HandlerError, Subscription};
pub use outbox::{OutboxEvent, Unpublishable, Wake, enqueue};
pub use receipt::{Call, Seen};
pub use relay::Relay;
pub use watermark::{Watermark, held_back, read_through, watermarks, watermarks_of};

/// The kit's tables, versions 1 to 99; a service's own migrations start at 100.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
