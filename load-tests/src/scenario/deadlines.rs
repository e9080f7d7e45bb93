//! The service itself: complaints are registered in the log, sla sets their clocks, and shares of them pass, many at one
//! instant and then some all the time. Everything is in it that `timers` leaves out: the rules, the facts, the relay.
//!
//! *Late* is a warning by the time that passes from its instant to its record in the log. A breach is late by design: it
//! waits until its topics are read.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use hdrhistogram::Histogram;
use jiff::{SignedDuration, Timestamp};
use prost::{Message as _, Name as _};
use rdkafka::message::Message as _;
use redress_domain::{Clock as _, derived_id};
use redress_messaging::{EventMeta, KafkaConfig, Outgoing, Producer};
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1::ComplaintRegistered;
use redress_proto::sla::v1::ClockWarned;
use redress_proto::types::v1::{Channel, Submission};
use redress_runtime::SystemClock;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::Finding;
use crate::driver::tally::{histogram, latencies, record};
use crate::procfs::Memory;
use crate::published::{each_record, header, subject};
use crate::report::{Report, as_f64, megabytes, progress};
use crate::site::Site;

const LIFECYCLE: &str = "redress.intake.lifecycle.v1";
const CLOCKS: &str = "redress.sla.clocks.v1";
const TENANT: &str = "tenant-a";
/// An hour to acknowledge, of which 80 per cent are warned of (C05).
const BEFORE: SignedDuration = SignedDuration::from_mins(48);
const AFTER: SignedDuration = SignedDuration::from_mins(12);
/// Records on their way at a time.
const WRITTEN: usize = 2_000;
/// How long anything may take before the run counts as failed.
const LIMIT: Duration = Duration::from_mins(10);

/// How much of each.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Amounts {
    /// Clocks that are warned of at one instant.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(100..))]
    at_once: u32,
    /// Clocks that are warned of per second afterwards.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// How long they are.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(2..))]
    seconds: u32,
    /// Complaints per second that the service is given time to hear before the first of their warnings.
    #[arg(long, default_value_t = 800, value_parser = clap::value_parser!(u32).range(1..))]
    heard: u32,
}

/// When each complaint's clock is to be warned of.
type Due = HashMap<Uuid, Timestamp>;

struct Bench {
    database: PgPool,
    kafka: KafkaConfig,
    producer: Producer,
    told: u64,
}

pub(crate) async fn run(site: &Site, amounts: Amounts) -> anyhow::Result<Finding> {
    let sla = site.neighbour("sla", &[]).await?;
    let mut kafka = KafkaConfig::at(site.stack().kafka.as_str(), "load-deadlines");
    site.topic_prefix().clone_into(&mut kafka.topic_prefix);
    let producer = Producer::for_relay(&kafka)?;
    let mut bench = Bench { database: sla.pool.clone(), kafka, producer, told: 0 };
    let memory = Memory::follow(sla.named().pid);
    let mut report = Report::of("deadlines");

    progress(format_args!("{} are warned of at one instant", amounts.at_once));
    let lead = lead(amounts.at_once, amounts.heard);
    let instant = SystemClock.now() + lead;
    let at_once =
        bench.register((0..amounts.at_once).map(|_| instant), instant, "at_once", &mut report).await?;
    let drained = bench.drained(instant).await?;
    report.goal("drain_s", drained.as_secs_f64(), "<= 5 for 50,000 at one instant; aim 2.5");

    progress(format_args!("{}/s are warned of for {} s", amounts.rate, amounts.seconds));
    let count = amounts.rate * amounts.seconds;
    let first = SystemClock.now() + self::lead(count, amounts.heard);
    let due = |n: u32| first + Duration::from_secs(n.into()) / amounts.rate;
    let steady = bench.register((0..count).map(due), first, "steady", &mut report).await?;
    bench.drained(due(count)).await?;
    let armed: i64 = sqlx::query_scalar("SELECT count(*) FROM clock WHERE breach_at IS NOT NULL")
        .fetch_one(&bench.database)
        .await?;
    report.figure("clocks_that_run", armed);
    bench.published().await?;
    report.figure("sla_rss_peak_mb", megabytes(memory.stop().1));
    let sound = bench.judge([("at_once", at_once), ("steady", steady)], &mut report).await?;
    Ok(Finding { report, sound })
}

/// Time for complaints to be heard before the first warning.
fn lead(count: u32, per_second: u32) -> SignedDuration {
    SignedDuration::from_secs(15 + i64::from(count / per_second))
}

impl Bench {
    /// Registers a complaint for each instant; all must be heard before `first`.
    async fn register(
        &mut self,
        due: impl Iterator<Item = Timestamp>,
        first: Timestamp,
        wave: &'static str,
        report: &mut Report,
    ) -> anyhow::Result<Due> {
        let mut all = Due::new();
        let mut batch = Vec::new();
        let start = Instant::now();
        for due in due {
            let id = derived_id("load/deadline/1", &[&self.told.to_be_bytes()]);
            self.told += 1;
            all.insert(id, due);
            batch.push(registered(id, due)?);
            if batch.len() == WRITTEN {
                self.write(std::mem::take(&mut batch)).await?;
            }
        }
        self.write(batch).await?;
        let wanted = i64::try_from(self.told)?;
        while sqlx::query_scalar::<_, i64>("SELECT count(*) FROM case_file").fetch_one(&self.database).await?
            < wanted
        {
            ensure!(start.elapsed() < LIMIT, "the complaints are not heard after {LIMIT:?}");
            sleep(Duration::from_millis(200)).await;
        }
        let took = start.elapsed().as_secs_f64();
        ensure!(SystemClock.now() < first, "heard in {took:.0} s, which is too late: give a lower --heard");
        report.figure(format!("{wave}_complaints"), all.len());
        report.figure(format!("{wave}_heard_per_s"), as_f64(all.len() as u64) / took);
        Ok(all)
    }

    async fn write(&self, batch: Vec<Outgoing>) -> anyhow::Result<()> {
        let pending: Vec<_> =
            batch.iter().map(|outgoing| self.producer.enqueue(outgoing)).collect::<Result<_, _>>()?;
        for pending in pending {
            pending.outcome().await?;
        }
        Ok(())
    }

    /// Waits until nothing is to be warned of up to `last`; how long after it that was.
    async fn drained(&self, last: Timestamp) -> anyhow::Result<Duration> {
        let wait = Duration::try_from(last.duration_since(SystemClock.now())).unwrap_or_default();
        sleep(wait).await;
        let start = Instant::now();
        let open = "SELECT EXISTS (SELECT 1 FROM clock WHERE warn_at <= $1)";
        while sqlx::query_scalar::<_, bool>(open)
            .bind(jiff_sqlx::ToSqlx::to_sqlx(last))
            .fetch_one(&self.database)
            .await?
        {
            ensure!(start.elapsed() < LIMIT, "not all were fired after {LIMIT:?}");
            sleep(Duration::from_millis(5)).await;
        }
        Ok(Duration::try_from(SystemClock.now().duration_since(last)).unwrap_or_default())
    }

    /// Waits until the outbox is empty.
    async fn published(&self) -> anyhow::Result<()> {
        let start = Instant::now();
        while sqlx::query_scalar::<_, bool>("SELECT EXISTS (SELECT 1 FROM outbox)")
            .fetch_one(&self.database)
            .await?
        {
            ensure!(start.elapsed() < LIMIT, "the outbox is not empty after {LIMIT:?}");
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    async fn judge(&self, waves: [(&'static str, Due); 2], report: &mut Report) -> anyhow::Result<bool> {
        let kafka = self.kafka.clone();
        let told = tokio::task::spawn_blocking(move || Told::read(&kafka)).await??;
        let mut sound = true;
        for (wave, due) in waves {
            let mut verdict = Verdict { late: histogram()?, early: 0, missed: 0, doubled: 0 };
            for (id, due) in due {
                verdict.add(due, told.at.get(&id));
            }
            latencies(report, &format!("{wave}_late"), &verdict.late);
            report.goal(format!("{wave}_early"), verdict.early, "0");
            report.goal(format!("{wave}_missed"), verdict.missed, "0");
            report.goal(format!("{wave}_doubled"), verdict.doubled, "0");
            sound &= (verdict.early, verdict.missed, verdict.doubled) == (0, 0, 0);
        }
        Ok(sound)
    }
}

fn registered(id: Uuid, due: Timestamp) -> anyhow::Result<Outgoing> {
    let received = due - BEFORE;
    let event = ComplaintRegistered {
        received_at: Some(to_wire_time(received)),
        acknowledge_by: Some(to_wire_time(due + AFTER)),
        submission: Some(Submission { channel: Channel::App.into(), ..Submission::default() }),
        ..ComplaintRegistered::default()
    };
    let meta = EventMeta {
        event_id: id,
        event_type: ComplaintRegistered::full_name().into(),
        source: "/redress/load".into(),
        tenant: TENANT.parse()?,
        subject: id,
        version: Some(1),
        occurred_at: received,
        recorded_at: None,
        actor: None,
        decided_by: None,
        causation: None,
        correlation: None,
        traceparent: None,
        tracestate: None,
    };
    let (headers, payload) = (meta.to_headers(), event.encode_to_vec());
    Ok(Outgoing { topic: LIFECYCLE.into(), key: id.to_string(), headers, payload })
}

/// When the log tells that each complaint was warned of: milliseconds since 1970, each under its version.
#[derive(Debug, Default)]
struct Told {
    at: HashMap<Uuid, Vec<i64>>,
}

impl Told {
    /// Blocks.
    fn read(kafka: &KafkaConfig) -> anyhow::Result<Self> {
        let (mut told, mut known) = (Self::default(), HashSet::new());
        let warned = ClockWarned::full_name();
        each_record(kafka, CLOCKS, |record| {
            if header(record, "ce_type") == Some(&*warned) {
                let (id, version) = (subject(record)?, header(record, "ce_version").context("ce_version")?);
                let at = record.timestamp().to_millis().context("a record without a time")?;
                // A relay may write a record twice: consumers drop that.
                if known.insert((id, version.to_owned())) {
                    told.at.entry(id).or_default().push(at);
                }
            }
            Ok(())
        })?;
        Ok(told)
    }
}

struct Verdict {
    late: Histogram<u64>,
    early: u64,
    missed: u64,
    doubled: u64,
}

impl Verdict {
    fn add(&mut self, due: Timestamp, told: Option<&Vec<i64>>) {
        let Some([first, more @ ..]) = told.map(Vec::as_slice) else {
            self.missed += 1;
            return;
        };
        self.doubled += more.len() as u64;
        let late = first - due.as_millisecond();
        self.early += u64::from(late < 0);
        record(&mut self.late, Duration::from_millis(u64::try_from(late).unwrap_or(0)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_missed_early_or_told_twice_is_counted() {
        let due = Timestamp::from_millisecond(10_000).unwrap();
        let mut verdict = Verdict { late: histogram().unwrap(), early: 0, missed: 0, doubled: 0 };
        for told in [None, Some(vec![9_999]), Some(vec![10_020]), Some(vec![10_010, 10_500])] {
            verdict.add(due, told.as_ref());
        }
        assert_eq!((verdict.missed, verdict.early, verdict.doubled, verdict.late.len()), (1, 1, 1, 3));
        assert!(verdict.late.max() >= 20_000);
    }
}
