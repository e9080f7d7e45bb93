//! What the service made of the requests: the rows of PostgreSQL and the records of the lifecycle topic.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures::TryStreamExt as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use redress_messaging::{KafkaConfig, LogReader};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::time::Instant;
use uuid::Uuid;

use crate::driver::Driver;
use crate::ledger::{Outcome, Verdict};
use crate::report::{Report, progress};
use crate::site::Site;

const SUBMISSIONS: &str = "redress.intake.submissions.v1";
const LIFECYCLE: &str = "redress.intake.lifecycle.v1";
const REGISTERED: &str = "redress.intake.v1.ComplaintRegistered";
/// How long reading the whole lifecycle topic may take.
const READ_LIMIT: Duration = Duration::from_secs(120);
/// How often progress is asked for; the question costs PostgreSQL six rows.
const POLL: Duration = Duration::from_millis(50);

/// Looks into the stores of one installation.
#[derive(Debug)]
pub(crate) struct Stores {
    pub(crate) pool: PgPool,
    reader: LogReader,
    brokers: String,
    topic_prefix: String,
}

/// Whether the stores hold what the ledger promises.
#[derive(Debug)]
pub(crate) struct Audit {
    postgres: Verdict,
    log: Verdict,
    /// Records that the relay wrote again: allowed, consumers drop them by version.
    redelivered: u64,
    parked: i64,
    registered: usize,
}

impl Stores {
    pub(crate) async fn of(site: &Site) -> anyhow::Result<Self> {
        let mut kafka = KafkaConfig::at(site.stack().kafka.as_str(), "redress-load-reader");
        site.topic_prefix().clone_into(&mut kafka.topic_prefix);
        Ok(Self {
            pool: PgPoolOptions::new().max_connections(2).connect(site.database_url()).await?,
            reader: LogReader::new(&kafka)?,
            brokers: kafka.brokers,
            topic_prefix: kafka.topic_prefix,
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
            ensure!(start.elapsed() < limit, "{applied} of {written} submissions are registered after {limit:?}");
            tokio::time::sleep(POLL).await;
        }
    }

    /// How many submissions the log holds.
    pub(crate) async fn submissions(&self) -> anyhow::Result<i64> {
        let ends = self.reader.off_the_runtime(|reader| {
            let partitions = reader.partitions(SUBMISSIONS)?.unwrap_or(0);
            (0..partitions).map(|partition| Ok(reader.watermarks(SUBMISSIONS, partition)?.1)).sum()
        });
        Ok(ends.await?)
    }

    /// Holds the ledger against both stores. To be called when all is quiet.
    pub(crate) async fn audit(&self, driver: &Driver) -> anyhow::Result<Audit> {
        progress("comparing the ledger with PostgreSQL and the lifecycle topic");
        let rows = self.rows().await?;
        let topic = format!("{}{LIFECYCLE}", self.topic_prefix);
        let brokers = self.brokers.clone();
        let (published, redelivered) = tokio::task::spawn_blocking(move || published(&brokers, &topic)).await??;
        let parked = "SELECT count(*) FROM parked_event WHERE status = 'parked'";
        let parked = sqlx::query_scalar(parked).fetch_one(&self.pool).await?;
        let ledger = driver.ledger();
        Ok(Audit {
            postgres: ledger.judge(&rows),
            log: ledger.judge(&published),
            redelivered,
            parked,
            registered: rows.len(),
        })
    }

    /// How often each complaint was registered: a submission that founded it, not one that repeated it.
    async fn rows(&self) -> anyhow::Result<HashMap<Uuid, u32>> {
        let mut found = HashMap::new();
        let query = "SELECT complaint_id FROM complaint JOIN submission USING (tenant, complaint_id)
                     WHERE disposition = 'registered'";
        let mut rows = sqlx::query_scalar::<_, Uuid>(query).fetch(&self.pool);
        while let Some(id) = rows.try_next().await? {
            *found.entry(id).or_default() += 1;
        }
        Ok(found)
    }
}

impl Audit {
    /// Whether nothing was lost, doubled, invented or parked.
    pub(crate) fn is_clean(&self) -> bool {
        self.postgres.is_clean() && self.log.is_clean() && self.parked == 0
    }

    pub(crate) fn report(&self, report: &mut Report, driver: &Driver) {
        let count = |outcome| driver.ledger().numbers(outcome).len();
        report.figure("ledger_sent", driver.ledger().len());
        report.figure("ledger_accepted", count(Outcome::Accepted));
        report.figure("ledger_rejected", count(Outcome::Rejected));
        report.figure("ledger_unknown", count(Outcome::Unknown));
        report.figure("registered", self.registered);
        for (store, verdict) in [("postgres", self.postgres), ("topic", self.log)] {
            report.goal(format!("{store}_lost"), verdict.lost, "0");
            report.goal(format!("{store}_duplicated"), verdict.duplicated, "0");
            report.goal(format!("{store}_phantom"), verdict.phantom, "0");
        }
        report.figure("topic_redelivered", self.redelivered);
        report.goal("parked", self.parked, "0");
    }
}

/// Reads a topic from its beginning to its present end: how often each complaint was published as registered (under
/// different versions), and how many records came twice. Blocks.
fn published(brokers: &str, topic: &str) -> anyhow::Result<(HashMap<Uuid, u32>, u64)> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "redress-load-reader")
        .set("enable.auto.commit", "false")
        .create()?;
    let mut open = assign_from_beginning(&consumer, topic)?;
    let (mut found, mut known, mut redelivered) = (HashMap::new(), HashSet::new(), 0);
    let start = Instant::now();
    while !open.is_empty() {
        ensure!(start.elapsed() < READ_LIMIT, "{topic} cannot be read within {READ_LIMIT:?}");
        let Some(record) = consumer.poll(Duration::from_millis(100)) else { continue };
        let record = record?;
        let header = |name| {
            let headers = record.headers()?;
            let header = headers.iter().find(|header| header.key == name)?;
            std::str::from_utf8(header.value?).ok()
        };
        if header("ce_type") == Some(REGISTERED) {
            let id: Uuid = header("ce_subject").context("a record without subject")?.parse()?;
            let version = header("ce_version").context("a record without version")?.to_owned();
            if known.insert((id, version)) {
                *found.entry(id).or_default() += 1;
            } else {
                redelivered += 1;
            }
        }
        if open.get(&record.partition()).is_some_and(|end| record.offset() + 1 >= *end) {
            open.remove(&record.partition());
        }
    }
    Ok((found, redelivered))
}

/// The ends of the partitions that hold anything.
fn assign_from_beginning(consumer: &BaseConsumer, topic: &str) -> anyhow::Result<HashMap<i32, i64>> {
    let limit = Duration::from_secs(5);
    let metadata = consumer.fetch_metadata(Some(topic), limit)?;
    let (mut list, mut open) = (TopicPartitionList::new(), HashMap::new());
    for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
        let (low, high) = consumer.fetch_watermarks(topic, partition.id(), limit)?;
        if high > low {
            list.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
            open.insert(partition.id(), high);
        }
    }
    consumer.assign(&list)?;
    Ok(open)
}
