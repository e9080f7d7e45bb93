//! One batch, one transaction: guard, effects, parked records.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use jiff::Timestamp;
use redress_domain::ErrorKind;
use redress_postgres::{Db, TransactionError, blames_values, constraint_of, kind_of, summary_of};
use sqlx::PgConnection;

use super::item::Item;
use super::plan::{Cause, CauseKind, Plan};
use super::position::{Witness, applied_through};
use crate::handler::{BatchHandler, Delivery, HandlerError};
use crate::store::parked::{self, Parked};
use crate::store::write::{self, Tail};

/// All that one transaction writes. Owned, since the transaction outlives its caller.
pub(super) struct Batch<H: BatchHandler> {
    pub(super) handler: Arc<H>,
    pub(super) topic: &'static str,
    pub(super) plan: Plan,
    pub(super) tails: Vec<Tail>,
    pub(super) deliveries: Vec<Delivery<H::Event>>,
    pub(super) parked: Vec<Parked>,
}

/// Why a batch was not written. Nothing of it was.
#[derive(Debug)]
pub(super) enum Failure {
    /// Somebody was faster than the plan: read again.
    Outdated,
    /// The handler met somebody faster: read again, but not for ever.
    Conflict(Cause),
    /// The database, or what the handler needs, is away.
    Away(String),
    /// It took longer than it may.
    TooSlow(String),
    /// The database refuses a value that the kit itself writes: of a record's envelope, or of a cause.
    Unwritable(String),
    /// A record of the batch can never be applied.
    Poison(Cause),
}

impl<H: BatchHandler> Batch<H> {
    pub(super) fn new(
        handler: Arc<H>,
        topic: &'static str,
        items: &[Item<H::Event>],
        plan: Plan,
        now: Timestamp,
    ) -> Self {
        let deliveries = plan.apply.iter().filter_map(|&at| items[at].delivery.clone()).collect();
        let tails = plan.moves.iter().filter_map(|step| tail(items, step.partition, now)).collect();
        let parked = parked_of(items, &plan);
        Self { handler, topic, plan, tails, deliveries, parked }
    }

    /// Writes the batch in a task of its own. A panic of the handler is a failure like another.
    pub(super) async fn write(self, db: &Db) -> Result<(), Failure> {
        let work = async move {
            if !self.deliveries.is_empty() {
                self.handler.prepare(&self.deliveries).await.map_err(TransactionFailure::Handler)?;
            }
            let batch = Arc::new(self);
            db.run_tx("apply_batch", move |connection| {
                let batch = Arc::clone(&batch);
                Box::pin(async move { batch.within(connection).await })
            })
            .await
        };
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(outcome) => outcome.map_err(Failure::from),
            // Its message may quote what it stumbled over.
            Err(_) => Err(Failure::Poison(Cause {
                kind: CauseKind::Panicked,
                detail: "the handler panicked".into(),
            })),
        }
    }

    async fn within(&self, connection: &mut PgConnection) -> Result<(), TransactionFailure> {
        write::guard(connection, self.topic, &self.plan, &self.tails).await?;
        if !self.deliveries.is_empty() {
            self.handler.apply(connection, &self.deliveries).await.map_err(TransactionFailure::Handler)?;
        }
        parked::insert(connection, self.topic, &self.parked).await?;
        Ok(())
    }
}

/// The last record of a partition, and up to when it is applied with these.
fn tail<E>(items: &[Item<E>], partition: i32, now: Timestamp) -> Option<Tail> {
    let records = || items.iter().filter(|item| item.record.partition == partition);
    let witness = Witness::of(&records().next_back()?.record);
    Some(Tail { witness, through: applied_through(records().map(Item::recorded_at), now) })
}

fn parked_of<E>(items: &[Item<E>], plan: &Plan) -> Vec<Parked> {
    let incarnations: BTreeMap<i32, i32> =
        plan.moves.iter().map(|step| (step.partition, step.from.incarnation)).collect();
    plan.park
        .iter()
        .map(|(at, cause)| {
            let item = &items[*at];
            Parked {
                record: Arc::clone(&item.record),
                incarnation: incarnations.get(&item.record.partition).copied().unwrap_or_default(),
                event_at: item.recorded_at(),
                tenant: item.tenant.as_ref().map(ToString::to_string),
                event_type: item.meta.as_ref().map(|meta| meta.event_type.to_string()),
                identity: item.identity,
                cause: cause.clone(),
                attempts: item.attempts,
            }
        })
        .collect()
}

/// What can end the transaction.
#[derive(Debug)]
pub(super) enum TransactionFailure {
    Handler(HandlerError),
    Database(sqlx::Error),
}

impl From<sqlx::Error> for TransactionFailure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl TransactionError for TransactionFailure {
    fn database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Handler(_) => None,
            Self::Database(error) => Some(error),
        }
    }
}

impl From<TransactionFailure> for Failure {
    fn from(failure: TransactionFailure) -> Self {
        let refused = |detail| Cause { kind: CauseKind::Refused, detail };
        match failure {
            TransactionFailure::Handler(HandlerError::Unavailable(what)) => Self::Away(what.into_owned()),
            TransactionFailure::Handler(HandlerError::TooSlow(what)) => Self::TooSlow(what.into_owned()),
            TransactionFailure::Handler(HandlerError::Conflict(what)) => Self::Conflict(refused(what)),
            TransactionFailure::Handler(HandlerError::Poison(what)) => Self::Poison(refused(what)),
            TransactionFailure::Database(error) => match kind_of(&error) {
                ErrorKind::Aborted => Self::Outdated,
                ErrorKind::DeadlineExceeded => Self::TooSlow(summary_of(&error)),
                // A deferred constraint speaks at the commit.
                _ if constraint_of(&error).is_some() => Self::Poison(refused(summary_of(&error).into())),
                _ if blames_values(&error) => Self::Unwritable(summary_of(&error)),
                // The kit's own statements are not the record's fault: a missing table waits for its migration.
                _ => Self::Away(summary_of(&error)),
            },
        }
    }
}
