//! Counts the consultations that nobody has answered in time (F072). Nothing waits for them: an answer is taken late too,
//! and a case is concluded without one. So their deadline is watched, instead of running out unseen.

use std::time::Duration;

use opentelemetry::metrics::Gauge;
use tokio_util::sync::CancellationToken;

use super::Desk;
use crate::error::Error;
use crate::store::consultation;

/// How often they are counted.
const MEASURED: Duration = Duration::from_secs(15);

/// Counts until `stop`.
pub async fn watch(desk: Desk, stop: CancellationToken) -> anyhow::Result<()> {
    let meter = opentelemetry::global::meter("redress-investigation");
    let overdue: Gauge<i64> = meter.i64_gauge("redress.investigation.consultations.overdue").build();
    loop {
        match count(&desk).await {
            Ok(count) => overdue.record(count, &[]),
            Err(error) => tracing::warn!(%error, "the consultations that are overdue could not be counted"),
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(MEASURED) => {}
        }
    }
}

/// How many there are now, of all tenants.
pub async fn count(desk: &Desk) -> Result<i64, Error> {
    let mut conn = desk.db.pool().acquire().await?;
    consultation::overdue(&mut conn, desk.now()).await
}
