//! Looks whether the database is behind what was published from it, from the start on: see [`WriterCheck`].

use std::collections::HashMap;
use std::time::Duration;

use redress_messaging::KafkaConfig;
use redress_outbox::{Aggregate, WriterCheck};
use redress_postgres::{Db, summary_of};
use tokio_util::sync::CancellationToken;

use crate::store::complaint;
use crate::topics::LIFECYCLE;

/// How often. A failover need not restart the process.
const EVERY: Duration = Duration::from_mins(1);

/// Looks until `stop`.
pub async fn watch(db: Db, kafka: KafkaConfig, stop: CancellationToken) -> anyhow::Result<()> {
    let mut check = WriterCheck::new(LIFECYCLE.name);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            looked = look(&mut check, &db, &kafka) => if let Err(error) = looked {
                tracing::debug!(error, "whether the database is behind was not seen");
            },
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Looks once: of how many complaints at the end of the lifecycle's topic the database lacks a version.
pub async fn look(check: &mut WriterCheck, db: &Db, kafka: &KafkaConfig) -> Result<usize, String> {
    let published = check.published(kafka).await.map_err(|error| error.to_string())?;
    let aggregates: Vec<&Aggregate> = published.keys().collect();
    let known: HashMap<Aggregate, i64> =
        complaint::stream_versions(db, &aggregates).await.map_err(|error| summary_of(&error))?;
    Ok(check.compare(&published, &known))
}
