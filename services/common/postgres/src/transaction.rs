use std::cell::RefCell;
use std::time::Duration;

use futures::future::BoxFuture;
use redress_domain::Backoff;
use sqlx::Acquire as _;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, Postgres};
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::instrument::WithSubscriber as _;

use crate::Db;

/// How often a transaction that lost against another one runs in all.
const ATTEMPTS: u32 = 5;

/// After this long it does not run again. What it records bears a time from before its first attempt, and up to when records
/// are complete is promised on the word that they come into the outbox soon after their time (see the kit's marks).
const TRIED_ENOUGH: Duration = Duration::from_secs(8);

/// A transaction that takes longer sits on a connection whose other end is gone; the connection is thrown away.
const LIMIT: Duration = Duration::from_secs(30);

const BACKOFF: Backoff = Backoff { base: Duration::from_millis(10), max: Duration::from_millis(500) };

/// An error of the work inside a transaction.
pub trait TransactionError: From<sqlx::Error> + Send + 'static {
    /// The database's error, if this is one: it decides whether the transaction runs again.
    fn database(&self) -> Option<&sqlx::Error>;
}

impl TransactionError for sqlx::Error {
    fn database(&self) -> Option<&sqlx::Error> {
        Some(self)
    }
}

/// What is to follow a commit.
type Deferred = Vec<Box<dyn FnOnce() + Send>>;

tokio::task_local! {
    /// What the attempt that runs now leaves to be done once it is committed.
    static DEFERRED: RefCell<Deferred>;
}

/// Leaves `work` to be done when the transaction of [`Db::run_tx`] that runs now is committed; answers false, and drops
/// it, outside of one.
///
/// For what others may see only after the commit and nothing depends on: a wake, an entry of a cache or an index. It is
/// dropped with an attempt that is rolled back, and with one whose commit got no answer; and the process may die in
/// between. It is called on the way, so it hands over and returns; it does not panic.
pub fn after_commit(work: impl FnOnce() + Send + 'static) -> bool {
    DEFERRED.try_with(|deferred| deferred.borrow_mut().push(Box::new(work))).is_ok()
}

impl Db {
    /// Runs `work` as one transaction: committed if it answers `Ok`, rolled back otherwise.
    ///
    /// The transaction runs in a task of its own and goes on when the caller is dropped. `work` is called again, at
    /// most five times in all and for some seconds, after a serialization failure or a deadlock, so it must have no effect
    /// outside the database; what is to follow the commit it leaves by [`after_commit`]. A panic of `work` becomes a panic
    /// of the caller.
    ///
    /// `name` is the operation in spans and metrics: lower snake case, no values.
    ///
    /// ```no_run
    /// # async fn example(db: redress_postgres::Db) -> Result<(), sqlx::Error> {
    /// let moved: u64 = db
    ///     .run_tx("move_stock", |connection| Box::pin(async move {
    ///         let done = sqlx::query("UPDATE stock SET place = 2").execute(connection).await?;
    ///         Ok::<_, sqlx::Error>(done.rows_affected())
    ///     }))
    ///     .await?;
    /// # let _ = moved; Ok(()) }
    /// ```
    pub async fn run_tx<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: TransactionError,
    {
        let db = self.clone();
        let span = tracing::info_span!(
            "transaction",
            otel.name = name,
            otel.kind = "client",
            db.system.name = "postgresql",
            db.operation.name = name,
        );
        // Whoever listens to the caller hears the task too.
        let work = async move { db.attempts(name, work).await }.instrument(span).with_current_subscriber();
        let task = tokio::spawn(work);
        match task.await {
            Ok(outcome) => outcome,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is shutting down.
                Err(_) => Err(sqlx::Error::PoolClosed.into()),
            },
        }
    }

    async fn attempts<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
        E: TransactionError,
    {
        let mut attempt = 0;
        let first = Instant::now();
        loop {
            let began = Instant::now();
            let outcome = self.attempt(&work).await;
            let error = outcome.as_ref().err().and_then(TransactionError::database);
            self.record(name, began.elapsed().as_secs_f64(), error);
            attempt += 1;
            let enough = attempt == ATTEMPTS || first.elapsed() > TRIED_ENOUGH;
            if enough || !error.is_some_and(lost_against_another) {
                return outcome;
            }
            // Two that collided take different delays because they collided at different nanoseconds.
            #[expect(clippy::cast_possible_truncation, reason = "the low bits are the random part")]
            let random = began.elapsed().subsec_nanos() as u16;
            tokio::time::sleep(BACKOFF.delay(attempt - 1, random)).await;
        }
    }

    async fn attempt<T, E, F>(&self, work: &F) -> Result<T, E>
    where
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
        E: From<sqlx::Error>,
    {
        let mut connection = self.pool().acquire().await?;
        if let Ok(outcome) = tokio::time::timeout(LIMIT, transaction(&mut connection, work)).await {
            return outcome;
        }
        drop(connection.detach());
        Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()).into())
    }
}

async fn transaction<T, E, F>(connection: &mut PoolConnection<Postgres>, work: &F) -> Result<T, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>>,
    E: From<sqlx::Error>,
{
    let mut transaction = connection.begin().await?;
    let attempt = async {
        let outcome = work(&mut transaction).await;
        (outcome, DEFERRED.with(RefCell::take))
    };
    let (outcome, deferred) = DEFERRED.scope(RefCell::default(), attempt).await;
    match outcome {
        Ok(value) => {
            transaction.commit().await?;
            for work in deferred {
                work();
            }
            Ok(value)
        }
        Err(error) => {
            // The work's error tells more than a rollback that fails on a dead connection.
            transaction.rollback().await.ok();
            Err(error)
        }
    }
}

/// 40001 and 40P01 only: a guarded statement that lost (22012) must read again before it repeats.
fn lost_against_another(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|state| matches!(&*state, "40001" | "40P01"))
}
