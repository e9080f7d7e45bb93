//! How much waits. Asked apart from publishing, which must not wait for it, and bounded: a backlog of millions is where
//! publishing matters most.

use std::convert::Infallible;
use std::time::Duration;

use redress_postgres::{Db, summary_of};

use crate::telemetry::RelayTelemetry;

/// How often it is told.
const EVERY: Duration = Duration::from_secs(5);
/// Rows looked at, from the oldest on.
const COUNTED: i64 = 10_001;

/// How many of the oldest 10,001 rows wait for `holder`, or for any relay, and how long the oldest of them has.
pub(crate) async fn of(db: &Db, holder: Option<&str>) -> Result<(i64, Duration), sqlx::Error> {
    let (rows, seconds): (i64, f64) = sqlx::query_as(
        "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8
         FROM (SELECT bucket, created_at FROM outbox ORDER BY id LIMIT $1) AS oldest
         WHERE $2::text IS NULL
            OR bucket IN (SELECT bucket FROM outbox_lease WHERE holder = $2 AND expires_at > now())",
    )
    .bind(COUNTED)
    .bind(holder)
    .fetch_one(db)
    .await?;
    Ok((rows, Duration::try_from_secs_f64(seconds).unwrap_or_default()))
}

/// Tells what waits for `holder`, for as long as it is polled.
pub(super) async fn tell(db: &Db, holder: &str, telemetry: &RelayTelemetry) -> Infallible {
    loop {
        match of(db, Some(holder)).await {
            Ok((rows, oldest)) => telemetry.waiting(rows, oldest),
            Err(error) => tracing::debug!(error = summary_of(&error), "the outbox was not measured"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
