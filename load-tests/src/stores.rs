//! How far the service has come with what was submitted.

use std::time::Duration;

use anyhow::ensure;
use redress_messaging::{KafkaConfig, LogReader};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::time::Instant;

use crate::site::Site;

const SUBMISSIONS: &str = "redress.intake.submissions.v1";
/// How often progress is asked for; the question costs PostgreSQL six rows.
const POLL: Duration = Duration::from_millis(50);
/// How long nothing is written to topics whose writers are done.
const QUIET: Duration = Duration::from_secs(3);

/// Looks into the stores of one installation.
#[derive(Debug)]
pub(crate) struct Stores {
    pub(crate) pool: PgPool,
    /// Where the log is, and under which prefix.
    pub(crate) kafka: KafkaConfig,
    reader: LogReader,
}

impl Stores {
    pub(crate) async fn of(site: &Site) -> anyhow::Result<Self> {
        let mut kafka = KafkaConfig::at(site.stack().kafka.as_str(), "redress-load-reader");
        site.topic_prefix().clone_into(&mut kafka.topic_prefix);
        Ok(Self {
            pool: PgPoolOptions::new().max_connections(2).connect(site.database_url()).await?,
            reader: LogReader::new(&kafka)?,
            kafka,
        })
    }

    /// Waits until every accepted submission is registered and published; returns how long that took.
    pub(crate) async fn quiesce(&self, limit: Duration) -> anyhow::Result<Duration> {
        let (start, written) = (Instant::now(), self.submissions().await?);
        self.applied(written, limit).await?;
        while !sqlx::query_scalar("SELECT NOT EXISTS (SELECT FROM outbox)").fetch_one(&self.pool).await? {
            ensure!(start.elapsed() < limit, "the outbox is not empty after {limit:?}");
            tokio::time::sleep(POLL).await;
        }
        Ok(start.elapsed())
    }

    /// Waits until `written` submissions are applied.
    pub(crate) async fn applied(&self, written: i64, limit: Duration) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            let query = "SELECT coalesce(sum(next_offset), 0)::bigint FROM progress WHERE topic = $1";
            let applied: i64 = sqlx::query_scalar(query).bind(SUBMISSIONS).fetch_one(&self.pool).await?;
            if applied >= written {
                return Ok(());
            }
            ensure!(
                start.elapsed() < limit,
                "{applied} of {written} submissions are registered after {limit:?}"
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// How many submissions the log holds.
    pub(crate) async fn submissions(&self) -> anyhow::Result<i64> {
        self.written(&[SUBMISSIONS]).await
    }

    /// Waits until nothing was written to `topics` for [`QUIET`].
    pub(crate) async fn quiet(&self, topics: &'static [&'static str], limit: Duration) -> anyhow::Result<()> {
        let (start, mut known, mut since) = (Instant::now(), -1, Instant::now());
        while since.elapsed() < QUIET {
            let written = self.written(topics).await?;
            if written != known {
                (known, since) = (written, Instant::now());
            }
            ensure!(start.elapsed() < limit, "{topics:?} are still written to after {limit:?}");
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn written(&self, topics: &'static [&'static str]) -> anyhow::Result<i64> {
        let ends = self.reader.off_the_runtime(move |reader| {
            let mut sum = 0;
            for topic in topics {
                for partition in 0..reader.partitions(topic)?.unwrap_or(0) {
                    sum += reader.watermarks(topic, partition)?.1;
                }
            }
            Ok(sum)
        });
        Ok(ends.await?)
    }
}
