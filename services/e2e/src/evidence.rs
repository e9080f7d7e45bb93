//! What an installation holds: its database and its log, read as an auditor would, past the service.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use prost::{Message as _, Name as _};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use redress_proto::intake::v1::ComplaintRegistered;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Row as _};
use tokio::time::Instant;
use uuid::Uuid;

use crate::ledger::{Event, Row, Told, Verdict};

/// Submissions, without an installation's prefix.
pub const SUBMISSIONS: &str = "redress.intake.submissions.v1";
/// The lifecycle, without an installation's prefix.
pub const LIFECYCLE: &str = "redress.intake.lifecycle.v1";

const REQUEST_LIMIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);

/// Where an installation's database and log are.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The superuser's URL of the database.
    pub database_url: String,
    /// Bootstrap server.
    pub kafka: String,
    /// Put before every topic.
    pub topic_prefix: String,
}

/// A record of the log.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Partition.
    pub partition: i32,
    /// Key.
    pub key: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Value.
    pub payload: Vec<u8>,
}

impl Evidence {
    /// Waits until everything accepted was registered and published, or `within` is over, and judges.
    ///
    /// The wait ends early only when nothing is left to do: the register has read the whole log, and the outbox is
    /// empty. So what is missing then is lost, and not just late.
    pub async fn judge(&self, told: &BTreeMap<Uuid, Told>, within: Duration) -> anyhow::Result<Verdict> {
        let deadline = Instant::now() + within;
        while !self.at_rest().await.unwrap_or(false) {
            ensure!(Instant::now() < deadline, "not at rest within {within:?}: {:?}", self.open_work().await);
            tokio::time::sleep(POLL).await;
        }
        Ok(Verdict::of(told, &self.rows().await?, &self.events().await?))
    }

    /// Complaints that have a row.
    pub async fn registered(&self) -> anyhow::Result<i64> {
        let mut database = PgConnection::connect(&self.database_url).await?;
        Ok(sqlx::query_scalar("SELECT count(*) FROM complaint").fetch_one(&mut database).await?)
    }

    /// Submissions that are behind, whether or not they made a complaint: a repetition makes none.
    pub async fn applied(&self) -> anyhow::Result<i64> {
        let mut database = PgConnection::connect(&self.database_url).await?;
        let sum = "SELECT coalesce(sum(next_offset), 0)::bigint FROM progress WHERE topic = $1";
        Ok(sqlx::query_scalar(sum).bind(SUBMISSIONS).fetch_one(&mut database).await?)
    }

    /// Records that are or were parked.
    pub async fn parked(&self) -> anyhow::Result<i64> {
        let mut database = PgConnection::connect(&self.database_url).await?;
        Ok(sqlx::query_scalar("SELECT count(*) FROM parked_event").fetch_one(&mut database).await?)
    }

    /// Records that were ever written to a topic.
    pub async fn written(&self, topic: &str) -> anyhow::Result<i64> {
        let (evidence, topic) = (self.clone(), topic.to_owned());
        tokio::task::spawn_blocking(move || {
            let ends = evidence.ends(&evidence.consumer()?, &topic)?;
            Ok(ends.iter().map(|(_, end)| end).sum())
        })
        .await?
    }

    /// All records of a topic, partition by partition in their order.
    pub async fn records(&self, topic: &str) -> anyhow::Result<Vec<Logged>> {
        let (evidence, topic) = (self.clone(), topic.to_owned());
        tokio::task::spawn_blocking(move || evidence.read_topic(&topic)).await?
    }

    /// Whether the register has read all submissions and nothing waits to be published.
    async fn at_rest(&self) -> anyhow::Result<bool> {
        let (unread, waiting) = self.open_work().await?;
        Ok(unread == 0 && waiting == 0)
    }

    /// Submissions that were not read yet, and events that were not published yet.
    async fn open_work(&self) -> anyhow::Result<(i64, i64)> {
        let written = self.written(SUBMISSIONS).await?;
        let mut database = PgConnection::connect(&self.database_url).await?;
        let read: i64 =
            sqlx::query_scalar("SELECT coalesce(sum(next_offset), 0)::bigint FROM progress WHERE topic = $1")
                .bind(SUBMISSIONS)
                .fetch_one(&mut database)
                .await?;
        let waiting = sqlx::query_scalar("SELECT count(*) FROM outbox").fetch_one(&mut database).await?;
        Ok((written - read, waiting))
    }

    async fn rows(&self) -> anyhow::Result<Vec<Row>> {
        let attempts = self.attempts().await?;
        let mut database = PgConnection::connect(&self.database_url).await?;
        let rows = sqlx::query(
            "SELECT complaint_id, coalesce(s.kept, 0), coalesce(s.registered, 0), coalesce(s.conflicting, 0),
                    coalesce(a.audited, 0)
             FROM complaint
             LEFT JOIN (
                 SELECT complaint_id, count(*) AS kept,
                        count(*) FILTER (WHERE disposition = 'registered') AS registered,
                        count(*) FILTER (WHERE disposition = 'conflicting') AS conflicting
                 FROM submission GROUP BY complaint_id
             ) s USING (complaint_id)
             LEFT JOIN (
                 SELECT complaint_id, count(*) AS audited FROM audit_entry GROUP BY complaint_id
             ) a USING (complaint_id)",
        )
        .fetch_all(&mut database)
        .await?;
        rows.iter()
            .map(|row| {
                let complaint = row.try_get(0)?;
                let count = |at: usize| Ok::<_, anyhow::Error>(usize::try_from(row.try_get::<i64, _>(at)?)?);
                Ok(Row {
                    complaint,
                    attempts: attempts.get(&complaint).map_or(0, BTreeSet::len),
                    kept: count(1)?,
                    registered: count(2)?,
                    conflicting: count(3)?,
                    audited: count(4)?,
                })
            })
            .collect()
    }

    /// The names of the attempts that are in the log, by complaint.
    async fn attempts(&self) -> anyhow::Result<BTreeMap<Uuid, BTreeSet<String>>> {
        let mut attempts: BTreeMap<Uuid, BTreeSet<String>> = BTreeMap::new();
        for record in self.records(SUBMISSIONS).await? {
            // Whatever has another key was written by a stranger, and is no submission.
            if let Ok(complaint) = record.key.parse() {
                attempts.entry(complaint).or_default().insert(record.header("ce_id").to_owned());
            }
        }
        Ok(attempts)
    }

    async fn events(&self) -> anyhow::Result<Vec<Event>> {
        self.records(LIFECYCLE).await?.into_iter().map(event).collect()
    }

    fn consumer(&self) -> anyhow::Result<BaseConsumer> {
        Ok(ClientConfig::new()
            .set("bootstrap.servers", &self.kafka)
            .set("group.id", "ledger")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "false")
            .create()?)
    }

    /// The partitions of a topic, each with the offset after its last record.
    fn ends(&self, consumer: &BaseConsumer, topic: &str) -> anyhow::Result<Vec<(i32, i64)>> {
        let name = format!("{}{topic}", self.topic_prefix);
        let metadata = consumer.fetch_metadata(Some(&name), REQUEST_LIMIT)?;
        let found = metadata.topics().first().context("no such topic")?;
        let partitions = found.partitions().iter().map(rdkafka::metadata::MetadataPartition::id);
        partitions.map(|id| Ok((id, consumer.fetch_watermarks(&name, id, REQUEST_LIMIT)?.1))).collect()
    }

    fn read_topic(&self, topic: &str) -> anyhow::Result<Vec<Logged>> {
        let consumer = self.consumer()?;
        let mut left: BTreeMap<i32, i64> =
            self.ends(&consumer, topic)?.into_iter().filter(|(_, end)| *end > 0).collect();
        let mut from = TopicPartitionList::new();
        for partition in left.keys() {
            let name = format!("{}{topic}", self.topic_prefix);
            from.add_partition_offset(&name, *partition, Offset::Beginning)?;
        }
        consumer.assign(&from)?;
        let mut records: BTreeMap<i32, Vec<Logged>> = BTreeMap::new();
        let deadline = Instant::now() + REQUEST_LIMIT;
        while !left.is_empty() {
            ensure!(Instant::now() < deadline, "{topic} cannot be read to its end");
            let Some(Ok(message)) = consumer.poll(POLL) else { continue };
            records.entry(message.partition()).or_default().push(logged(&message));
            if left.get(&message.partition()).is_some_and(|end| message.offset() + 1 >= *end) {
                left.remove(&message.partition());
            }
        }
        Ok(records.into_values().flatten().collect())
    }
}

fn logged(message: &BorrowedMessage<'_>) -> Logged {
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let headers = message
        .headers()
        .map(|headers| headers.iter().map(|header| (header.key.to_owned(), text(header.value))).collect());
    Logged {
        partition: message.partition(),
        key: text(message.key()),
        headers: headers.unwrap_or_default(),
        payload: message.payload().unwrap_or_default().to_vec(),
    }
}

impl Logged {
    /// The first header of that name; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(header, _)| header == name).map_or("", |(_, value)| value)
    }
}

fn event(record: Logged) -> anyhow::Result<Event> {
    let subject = record.header("ce_subject");
    ensure!(subject == record.key, "a record of {subject} has the key {}", record.key);
    Ok(Event {
        complaint: subject.parse()?,
        version: record.header("ce_version").parse()?,
        id: record.header("ce_id").parse()?,
        kind: record.header("ce_type").to_owned(),
        payload: timeless(record)?,
    })
}

/// The message without the moment at which the register took the complaint up. After a restore of its database it takes it
/// up again, at another moment and with nothing else different; readers keep what came first.
fn timeless(record: Logged) -> anyhow::Result<Vec<u8>> {
    if record.header("ce_type") != ComplaintRegistered::full_name() {
        return Ok(record.payload);
    }
    let mut registered = ComplaintRegistered::decode(record.payload.as_slice())?;
    registered.registered_at = None;
    Ok(registered.encode_to_vec())
}
