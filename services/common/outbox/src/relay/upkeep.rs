//! Removes what nobody can ask for any more, so that no table of the kit grows for ever: receipts of calls, and parked
//! records that were applied. What was discarded stays: later records of its key are judged by it.
//!
//! Every replica does it; two that meet skip each other's rows.

use std::convert::Infallible;
use std::time::Duration;

use redress_postgres::{Db, summary_of};

/// How often it is looked for.
const EVERY: Duration = Duration::from_hours(1);
/// Rows removed by one statement, so that none holds its locks for long.
const AT_ONCE: i64 = 1_000;

/// A table's rows that may go: at least 30 days old. Callers repeat within a day (AIP-155).
const AGED: [&str; 2] = [
    "DELETE FROM call_receipt WHERE (tenant, call_id) IN
         (SELECT tenant, call_id FROM call_receipt WHERE recorded_at < now() - interval '30 days'
          LIMIT $1 FOR UPDATE SKIP LOCKED)",
    "DELETE FROM parked_event WHERE (topic, incarnation, partition, log_offset) IN
         (SELECT topic, incarnation, partition, log_offset FROM parked_event
          WHERE status = 'redriven' AND settled_at < now() - interval '30 days'
          LIMIT $1 FOR UPDATE SKIP LOCKED)",
];

/// Goes on for as long as it is polled.
pub(super) async fn keep(db: &Db) -> Infallible {
    loop {
        for statement in AGED {
            if let Err(error) = remove(db, statement).await {
                tracing::debug!(error = summary_of(&error), "old rows were not removed");
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn remove(db: &Db, statement: &'static str) -> Result<(), sqlx::Error> {
    loop {
        let removed = sqlx::query(statement).bind(AT_ONCE).execute(db).await?.rows_affected();
        if removed < AT_ONCE.unsigned_abs() {
            return Ok(());
        }
    }
}
