use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redress_domain::ErrorKind;
use redress_messaging::{EventMeta, Record};
use redress_postgres::{blames_values, kind_of, summary_of};
use sqlx::PgConnection;
use thiserror::Error;

/// What a service does with the events of one topic.
#[async_trait]
pub trait BatchHandler: Send + Sync + 'static {
    /// The topic's events, decoded.
    type Event: Send + Sync + 'static;

    /// Decodes a value by the type its envelope names. `Ok(None)`: a type this service has no use for, or a newer one.
    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Self::Event>, DecodeError>;

    /// Does what a batch needs from outside the database, before its transaction begins: opens sealed fields, asks a
    /// remote service. What it finds is kept in the events; nothing else is changed by it, for the batch may come again.
    async fn prepare(&self, _batch: &[Delivery<Self::Event>]) -> Result<(), HandlerError> {
        Ok(())
    }

    /// Applies the effects of a batch: load with one query per table, decide, save set-based and enqueue.
    ///
    /// Runs within the kit's transaction, after the guard: every event here is new and in the order of its aggregate.
    /// No effect outside `connection`, no remote call. The batch, or parts of it, may come again after an error. What is
    /// to follow the commit and may be lost with the process (a wake, an index in Redis) is left by
    /// [`redress_postgres::after_commit`].
    async fn apply(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<Self::Event>],
    ) -> Result<(), HandlerError>;

    /// Takes note, in the same transaction, that an operator gives a parked event up: for services that keep a trail of
    /// what became of their aggregates. Not called where the envelope cannot be read.
    async fn given_up(
        &self,
        _connection: &mut PgConnection,
        _event: &EventMeta,
        _operator: &str,
    ) -> Result<(), HandlerError> {
        Ok(())
    }
}

/// An event to be applied.
#[derive(Debug)]
pub struct Delivery<E> {
    /// The event.
    pub event: Arc<E>,
    /// Its envelope.
    pub meta: Arc<EventMeta>,
    /// The record it came in.
    pub record: Arc<Record>,
}

impl<E> Clone for Delivery<E> {
    fn clone(&self) -> Self {
        Self {
            event: Arc::clone(&self.event),
            meta: Arc::clone(&self.meta),
            record: Arc::clone(&self.record),
        }
    }
}

/// What keeps an event from taking effect twice, beside the read position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// The inbox, by the aggregate's version: events of our own services. Also keeps the order and finds gaps.
    Version,
    /// The handler's own primary keys.
    Own,
}

/// A value that does not decode.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct DecodeError(Cow<'static, str>);

impl DecodeError {
    /// `cause` names the field or rule; it carries nothing of the value.
    pub fn new(cause: impl Into<Cow<'static, str>>) -> Self {
        Self(cause.into())
    }
}

impl From<prost::DecodeError> for DecodeError {
    fn from(_: prost::DecodeError) -> Self {
        // Its text may quote what it stumbled over.
        Self::new("no valid protobuf message of the type named")
    }
}

/// Why a batch could not be applied. The texts carry nothing of a record's content.
#[derive(Debug, Error)]
pub enum HandlerError {
    /// A dependency is away: the batch waits, nothing is parked.
    #[error("a dependency is away: {0}")]
    Unavailable(Cow<'static, str>),
    /// It took longer than it may: a batch of several is cut in two, and a single event waits as for a dependency.
    #[error("it took too long: {0}")]
    TooSlow(Cow<'static, str>),
    /// Somebody else was faster: the batch is read again and repeated.
    #[error("somebody else was faster: {0}")]
    Conflict(Cow<'static, str>),
    /// An event of the batch can never be applied: it is found and parked.
    #[error("{0}")]
    Poison(Cow<'static, str>),
}

impl HandlerError {
    /// An event of the batch can never be applied, because of `cause`.
    pub fn poison(cause: impl Into<Cow<'static, str>>) -> Self {
        Self::Poison(cause.into())
    }
}

/// Only values blame an event: see [`blames_values`]. What else fails waits, and is said: a table that comes with its
/// migration, a right that is yet to be granted, would otherwise set the whole stream aside.
impl From<sqlx::Error> for HandlerError {
    fn from(error: sqlx::Error) -> Self {
        let summary = summary_of(&error).into();
        match kind_of(&error) {
            ErrorKind::Aborted => Self::Conflict(summary),
            ErrorKind::DeadlineExceeded => Self::TooSlow(summary),
            _ if blames_values(&error) => Self::Poison(summary),
            _ => Self::Unavailable(summary),
        }
    }
}

/// How far apart the batches of a topic begin, unless a subscription says otherwise.
const APART: Duration = Duration::from_millis(40);

/// One topic that a service consumes.
pub struct Subscription {
    pub(crate) lane: Arc<dyn crate::consume::Lane>,
    pub(crate) apart: Duration,
}

impl Subscription {
    /// `topic` without the installation's prefix.
    pub fn new(topic: &'static str, guard: Guard, handler: impl BatchHandler) -> Self {
        Self { lane: Arc::new(crate::consume::TypedLane::new(topic, guard, handler)), apart: APART }
    }

    /// Batches that are not full begin at least so far apart. Each costs the database the same statements and one commit,
    /// however little is in it: who can wait costs less. What comes alone after a pause never waits.
    #[must_use]
    pub fn apart(self, apart: Duration) -> Self {
        Self { apart, ..self }
    }
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Subscription").field(&self.lane.topic()).finish()
    }
}
