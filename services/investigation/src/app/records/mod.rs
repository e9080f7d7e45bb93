//! Asks the platform's own systems for what they hold, as soon as a complaint is registered (L32, F002, F027): delay
//! destroys evidence.
//!
//! The list of work is a table. Whoever asks leases a question and asks outside of any transaction; a process that dies
//! leaves its leases to run out. An answer counts only under its lease, so that two processes keep it once.

mod answer;
mod attach;
mod connector;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge};
use redress_domain::{Backoff, whole_microseconds};
use redress_proto::investigation::v1 as wire;
use sqlx::postgres::PgConnection;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::evidence::Files;
use super::publish::Origin;
use super::telling::Telling;
use super::{Desk, change, view};
use crate::domain::records::{Question, RecordState};
use crate::domain::timeline::Visibility;
use crate::error::Error;
use crate::store::case::{self, CaseFile};
use crate::store::record::{self, Leased, Progress, Record};
use answer::Kept;
pub use connector::{Failure, Platform, Window};

/// How often the list of work is looked at.
const PERIOD: Duration = Duration::from_millis(250);
/// How often it is measured.
const MEASURED: Duration = Duration::from_secs(15);
/// How much longer than a question a lease lasts.
const MARGIN: Duration = Duration::from_secs(10);
/// The first delay before a question is asked again.
const FIRST_DELAY: Duration = Duration::from_secs(1);

/// Asks what is on the list.
#[derive(Clone)]
pub struct Asking {
    inner: Arc<Inner>,
}

struct Inner {
    desk: Desk,
    files: Files,
    platform: Platform,
    at_once: usize,
    attempts: i32,
    backoff: Backoff,
    asked: Counter<u64>,
    waiting: Gauge<i64>,
    oldest: Gauge<f64>,
}

/// How much is asked at once, and how often.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Questions open at once.
    pub at_once: u32,
    /// Attempts before a question counts as failed.
    pub attempts: u32,
    /// The longest delay between two.
    pub max_delay: Duration,
}

impl Asking {
    /// Asks `platform` and keeps what it holds among the `files` of each case.
    pub fn new(files: Files, platform: Platform, pace: Pace) -> Self {
        let meter = opentelemetry::global::meter("redress-investigation");
        let asked = meter.u64_counter("redress.investigation.platform.questions").build();
        // Told from the start: whoever watches for an increase misses the first of a series that begins with it.
        for question in Question::ALL {
            asked.add(0, &told(*question, "failed"));
        }
        let inner = Inner {
            desk: files.desk.clone(),
            files,
            platform,
            at_once: usize::try_from(pace.at_once).unwrap_or(1),
            attempts: i32::try_from(pace.attempts).unwrap_or(i32::MAX),
            backoff: Backoff { base: FIRST_DELAY, max: pace.max_delay },
            asked,
            waiting: meter.i64_gauge("redress.investigation.platform.waiting").build(),
            oldest: meter.f64_gauge("redress.investigation.platform.oldest_wait").with_unit("s").build(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Asks until `stop`. Questions that are open then are left to their leases.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut open: JoinSet<()> = JoinSet::new();
        let mut measured: Option<Instant> = None;
        while !stop.is_cancelled() {
            if measured.is_none_or(|at| at.elapsed() > MEASURED) {
                self.measure().await;
                measured = Some(Instant::now());
            }
            while open.try_join_next().is_some() {}
            let room = self.inner.at_once.saturating_sub(open.len());
            let leased = self.lease(room).await;
            let idle = leased.is_empty();
            for leased in leased {
                let asking = self.clone();
                open.spawn(async move { asking.ask(leased).await });
            }
            if room == 0 {
                tokio::select! {
                    () = stop.cancelled() => break,
                    _ = open.join_next() => {}
                }
            } else if idle {
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = sleep(PERIOD) => {}
                }
            }
        }
        Ok(())
    }

    async fn measure(&self) {
        let measured = async {
            let mut conn = self.inner.desk.db.pool().acquire().await?;
            record::waiting(&mut conn).await
        };
        match measured.await {
            Ok((waiting, oldest)) => {
                self.inner.waiting.record(waiting, &[]);
                self.inner.oldest.record(oldest.unwrap_or_default(), &[]);
            }
            Err(error) => tracing::warn!(%error, "the list of platform questions could not be measured"),
        }
    }

    async fn lease(&self, room: usize) -> Vec<Leased> {
        if room == 0 {
            return Vec::new();
        }
        let seconds = (self.inner.platform.limit() + MARGIN).as_secs_f64();
        let leased = async {
            let mut conn = self.inner.desk.db.pool().acquire().await?;
            record::lease(&mut conn, i64::try_from(room).unwrap_or(1), seconds).await
        };
        leased.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the list of platform questions could not be read");
            Vec::new()
        })
    }

    async fn ask(&self, leased: Leased) {
        let outcome = self.ask_and_keep(&leased).await;
        let outcome = match &outcome {
            Ok(outcome) => *outcome,
            Err(error) => {
                // Under its lease it is asked again; nothing of it was kept.
                tracing::warn!(%error, complaint.id = %leased.complaint, "a platform record could not be kept");
                "not_kept"
            }
        };
        self.inner.asked.add(1, &told(leased.question, outcome));
    }

    async fn ask_and_keep(&self, leased: &Leased) -> Result<&'static str, Error> {
        let desk = &self.inner.desk;
        let mut conn = desk.db.pool().acquire().await?;
        let file = case::find(&mut conn, &leased.tenant, leased.complaint).await?;
        drop(conn);
        let Some(file) = file else {
            return Err(Error::Defect("a platform question of an unknown case".into()));
        };
        let answer = match self.inner.platform.ask(leased.question, &file).await {
            Ok(records) => answer::read(leased.question, records, desk.now()),
            Err(failure) => Err(failure),
        };
        let kept = match answer {
            Ok(read) => match attach::all(&self.inner.files, leased, read.records).await {
                Ok(records) => Ok((records, read.events)),
                Err(failure) => Err(failure),
            },
            Err(failure) => Err(failure),
        };
        match kept {
            Ok((records, events)) => {
                self.settle(leased, Outcome { progress: Progress::Answered, records, events }).await?;
                Ok("answered")
            }
            Err(Failure::Again(reason)) if leased.attempts < self.inner.attempts => {
                tracing::debug!(reason, question = leased.question.code(), "the platform did not answer");
                self.put_off(leased).await?;
                Ok("put_off")
            }
            Err(Failure::Again(reason) | Failure::Never(reason)) => {
                tracing::warn!(reason, question = leased.question.code(), "a platform record cannot be had");
                let records = answer::missing(leased, RecordState::Failed, &[]);
                self.settle(leased, Outcome { progress: Progress::Failed, records, events: Vec::new() })
                    .await?;
                Ok("failed")
            }
        }
    }

    async fn put_off(&self, leased: &Leased) -> Result<(), Error> {
        let attempt = u32::try_from(leased.attempts - 1).unwrap_or_default();
        let random = u16::from_be_bytes([leased.lease.as_bytes()[14], leased.lease.as_bytes()[15]]);
        let delay = self.inner.backoff.delay(attempt, random).as_secs_f64();
        let mut conn = self.inner.desk.db.pool().acquire().await?;
        record::settle(&mut conn, leased, Progress::Waiting, delay).await?;
        Ok(())
    }

    async fn settle(&self, leased: &Leased, outcome: Outcome) -> Result<(), Error> {
        let desk = self.inner.desk.clone();
        let work = Arc::new((leased.clone(), outcome));
        let now = desk.now();
        desk.db
            .run_tx("keep_platform_records", move |conn| {
                let work = Arc::clone(&work);
                Box::pin(async move { keep(conn, &work.0, &work.1, now).await })
            })
            .await?;
        self.inner.desk.wake.wake();
        Ok(())
    }
}

/// How an answer is counted.
fn told(question: Question, outcome: &'static str) -> [KeyValue; 2] {
    [KeyValue::new("question", question.code()), KeyValue::new("outcome", outcome)]
}

/// What came of a question.
struct Outcome {
    progress: Progress,
    records: Vec<Record>,
    events: Vec<Kept>,
}

/// Keeps what came, and tells of the whole once nothing is awaited any more.
async fn keep(
    conn: &mut PgConnection,
    leased: &Leased,
    outcome: &Outcome,
    now: jiff::Timestamp,
) -> Result<(), Error> {
    let place = (&leased.tenant, leased.complaint);
    let Some(file) = case::lock(conn, place.0, place.1).await? else { return Ok(()) };
    if !record::settle(conn, leased, outcome.progress, 0.0).await? {
        // Another process has taken over meanwhile.
        return Ok(());
    }
    record::save(conn, place, &outcome.records, now).await?;
    let mut telling = Telling::new(file, Origin::service(whole_microseconds(now)));
    telling.entries.extend(outcome.events.iter().map(|kept| kept.entry(&leased.tenant, leased.complaint)));
    if !record::any_waiting(conn, place.0, place.1).await? {
        tell_all(conn, &mut telling).await?;
    }
    change::save(conn, &[&telling]).await
}

/// Tells how complete the records are, and what is missing.
async fn tell_all(conn: &mut PgConnection, telling: &mut Telling) -> Result<(), Error> {
    let CaseFile { tenant, id, .. } = &telling.file;
    let records = record::of(conn, tenant, *id).await?;
    let records: Vec<wire::PlatformRecordStatus> = records.iter().map(view::status).collect();
    let held = |record: &&wire::PlatformRecordStatus| record.state() != wire::PlatformRecordState::Held;
    let missing: Vec<_> = records.iter().filter(held).cloned().collect();
    telling.tell(&wire::PlatformRecordsCaptured { records });
    telling.enter("platform_records_captured", None, Visibility::Staff);
    if !missing.is_empty() {
        telling.tell(&wire::PlatformRecordsIncomplete { missing });
        telling.enter("platform_records_incomplete", None, Visibility::Staff);
    }
    Ok(())
}

/// The record of this ordinal that is not held.
fn not_held(leased: &Leased, kind: crate::domain::evidence::EvidenceType, state: RecordState) -> Record {
    Record {
        kind,
        ordinal: 1,
        question: leased.question,
        state,
        evidence: None,
        source_system: String::new(),
        obtained_at: None,
        sha256: Vec::new(),
    }
}
