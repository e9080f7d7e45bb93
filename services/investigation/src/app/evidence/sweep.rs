//! Removes what broken uploads left: files that were announced and never counted.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Files;
use crate::error::Error;
use crate::store::evidence::take_left;

/// Files looked at in one go.
const AT_ONCE: i64 = 100;
/// An upload that has used all of its time still needs a moment to be counted.
const MARGIN: Duration = Duration::from_mins(2);

impl Files {
    /// Sweeps now and then until `stop`.
    pub async fn run_sweeper(self, stop: CancellationToken) -> anyhow::Result<()> {
        let pause = Duration::from_secs(self.config.sweep_every_s);
        loop {
            match self.sweep().await {
                Ok(0) => {}
                Ok(swept) => tracing::info!(swept, "files of broken uploads were removed"),
                Err(error) => tracing::warn!(error = %error, "sweeping files failed; it is tried again"),
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Removes what is older than any upload may be. Gives how many files.
    pub async fn sweep(&self) -> Result<usize, Error> {
        let total = self.config.limits(0).total + MARGIN;
        self.sweep_older_than(total).await
    }

    /// The same for any age.
    pub async fn sweep_older_than(&self, age: Duration) -> Result<usize, Error> {
        let mut conn = self.desk.db.pool().acquire().await?;
        let left = take_left(&mut conn, age.as_secs_f64(), AT_ONCE).await?;
        drop(conn);
        for pending in &left {
            self.discard(pending).await;
        }
        Ok(left.len())
    }
}
