use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::instrument::WithSubscriber as _;
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// Counts what a database is asked, by the driver's own log: in all, and by transactions of `redress-postgres`, which run in
/// tasks of their own.
///
/// Clones share the count. `BEGIN` and `COMMIT` are no statements.
#[derive(Debug, Clone, Default)]
pub struct Statements(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    /// Each transaction as it began.
    transactions: Vec<(Id, usize)>,
    spans: u64,
    /// Transactions that run in this moment, the innermost last.
    inside: Vec<Id>,
}

impl Statements {
    /// Runs `work` and counts what it asks.
    pub async fn over<F: Future>(&self, work: F) -> F::Output {
        // With a second one beside it: where there is only one, a place in the driver that another test's thread comes to
        // first counts as of no interest to anybody.
        let counted = Dispatch::new(self.clone());
        let _beside = Dispatch::new(self.clone());
        work.with_subscriber(counted).await
    }

    /// How many statements in all.
    pub fn all(&self) -> usize {
        self.counts().all
    }

    /// How many statements each transaction took, in the order in which they began.
    pub fn of_transactions(&self) -> Vec<usize> {
        self.counts().transactions.iter().map(|(_, statements)| *statements).collect()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for Statements {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query" || (metadata.is_span() && metadata.name() == "transaction")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        let mut counts = self.counts();
        counts.spans += 1;
        let id = Id::from_u64(counts.spans);
        counts.transactions.push((id.clone(), 0));
        id
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        let mut counts = self.counts();
        counts.all += 1;
        let inside = counts.inside.last().cloned();
        if let Some((_, statements)) =
            counts.transactions.iter_mut().find(|(id, _)| Some(id) == inside.as_ref())
        {
            *statements += 1;
        }
    }

    fn enter(&self, span: &Id) {
        self.counts().inside.push(span.clone());
    }

    fn exit(&self, span: &Id) {
        let mut counts = self.counts();
        if let Some(place) = counts.inside.iter().rposition(|one| one == span) {
            counts.inside.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TestDatabase;
    use redress_devstack::shared;
    use sqlx::{Connection as _, Executor as _, PgConnection};
    use tracing::Instrument as _;

    #[tokio::test]
    async fn statements_are_counted_and_those_of_a_transaction_apart() {
        let database = TestDatabase::create(shared().await, "statements").await;
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        let counted = Statements::default();
        let work = async {
            connection.execute("SELECT 1").await.unwrap();
            let span = tracing::info_span!("transaction");
            async {
                connection.execute("SELECT 2").await.unwrap();
                connection.execute("SELECT 3").await.unwrap();
            }
            .instrument(span)
            .await;
        };
        counted.over(work).await;
        assert_eq!((counted.all(), counted.of_transactions()), (3, vec![2]));
    }
}
