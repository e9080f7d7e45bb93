//! Whether the money of all cases adds up and is covered by proofs (I12): counted now and then, for an alarm.
//!
//! It reads all remedies, so it is seldom, and not part of any other use: a sum that does not hold stops nobody's payment,
//! it calls somebody.

use std::time::Duration;

use opentelemetry::global;
use opentelemetry::metrics::Gauge;
use tokio_util::sync::CancellationToken;

use crate::app::Desk;
use crate::error::Error;
use crate::store::remedy;

/// Counts what does not add up.
pub struct Audit {
    desk: Desk,
    mismatches: Gauge<u64>,
}

impl Audit {
    /// Of the money in the database of `desk`.
    pub fn new(desk: Desk) -> Self {
        let mismatches = global::meter("redress-resolution")
            .u64_gauge("redress.money.mismatches")
            .with_description("Cases whose money does not add up, or is not covered by proofs.")
            .build();
        Self { desk, mismatches }
    }

    /// Counts until `stop`.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let period = Duration::from_secs(self.desk.settings.money_check_s);
        loop {
            if let Err(error) = self.count().await {
                tracing::warn!(%error, "whether the money adds up could not be checked");
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(period) => {}
            }
        }
    }

    /// How many cases do not add up. Told by their number alone; `money_mismatch` names them.
    pub async fn count(&self) -> Result<u64, Error> {
        let db = &self.desk.db;
        let counted = db.run_tx("count_money_mismatches", |conn| Box::pin(remedy::mismatches(conn)));
        let found: u64 = counted.await?;
        self.mismatches.record(found, &[]);
        if found > 0 {
            tracing::error!(
                money.mismatches = found,
                "the money of cases does not add up; see money_mismatch"
            );
        }
        Ok(found)
    }
}
