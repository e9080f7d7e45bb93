//! The ledger held against what the service made of the requests: the rows of PostgreSQL and the lifecycle topic.

use std::collections::HashMap;

use futures::TryStreamExt as _;
use sqlx::PgPool;
use uuid::Uuid;

use crate::driver::Driver;
use crate::ledger::{Outcome, Verdict};
use crate::published::published;
use crate::report::{Report, progress};
use crate::stores::Stores;

/// Whether the stores hold what the ledger promises.
#[derive(Debug)]
pub(crate) struct Audit {
    postgres: Verdict,
    topic: Verdict,
    /// Records that the relay wrote again: allowed, consumers drop them by version.
    redelivered: u64,
    parked: i64,
    registered: usize,
}

impl Audit {
    /// Compares. To be called when all is quiet.
    pub(crate) async fn of(stores: &Stores, driver: &Driver) -> anyhow::Result<Self> {
        progress("comparing the ledger with PostgreSQL and the lifecycle topic");
        let rows = registered(&stores.pool).await?;
        let kafka = stores.kafka.clone();
        let published = tokio::task::spawn_blocking(move || published(&kafka)).await??;
        let parked = "SELECT count(*) FROM parked_event WHERE status = 'parked'";
        let parked = sqlx::query_scalar(parked).fetch_one(&stores.pool).await?;
        let ledger = driver.ledger();
        Ok(Self {
            postgres: ledger.judge(&rows),
            topic: ledger.judge(&published.times),
            redelivered: published.redelivered,
            parked,
            registered: rows.len(),
        })
    }

    /// Whether nothing was lost, doubled, invented or parked.
    pub(crate) fn is_clean(&self) -> bool {
        self.postgres.is_clean() && self.topic.is_clean() && self.parked == 0
    }

    pub(crate) fn report(&self, report: &mut Report, driver: &Driver) {
        let count = |outcome| driver.ledger().numbers(outcome).len();
        report.figure("ledger_sent", driver.ledger().len());
        report.figure("ledger_accepted", count(Outcome::Accepted));
        report.figure("ledger_rejected", count(Outcome::Rejected));
        report.figure("ledger_unknown", count(Outcome::Unknown));
        report.figure("registered", self.registered);
        for (store, verdict) in [("postgres", self.postgres), ("topic", self.topic)] {
            report.goal(format!("{store}_lost"), verdict.lost, "0");
            report.goal(format!("{store}_duplicated"), verdict.duplicated, "0");
            report.goal(format!("{store}_phantom"), verdict.phantom, "0");
        }
        report.figure("topic_redelivered", self.redelivered);
        report.goal("parked", self.parked, "0");
    }
}

/// How often each complaint was registered: submissions that founded it, not those that repeated it.
async fn registered(pool: &PgPool) -> anyhow::Result<HashMap<Uuid, u32>> {
    let mut found = HashMap::new();
    let query = "SELECT complaint_id FROM complaint JOIN submission USING (tenant, complaint_id)
                 WHERE disposition = 'registered'";
    let mut rows = sqlx::query_scalar::<_, Uuid>(query).fetch(pool);
    while let Some(id) = rows.try_next().await? {
        *found.entry(id).or_default() += 1;
    }
    Ok(found)
}
