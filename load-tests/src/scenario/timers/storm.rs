//! Lateness while many are armed and some come due all the time: undisturbed, and with Redis flushed in the middle.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use redress_domain::Clock as _;
use redress_runtime::SystemClock;
use tokio::time::sleep;

use super::clocks::Clock;
use super::firing::{Firing, Seen};
use super::peer::Peer;
use super::{Amounts, Bench, LIMIT, PREFIX, raw};
use crate::driver::tally::latencies;
use crate::report::{Report, as_f64, progress};
use crate::site::Site;

/// Beyond the run.
const FAR: SignedDuration = SignedDuration::from_mins(40);
const SPREAD_MS: u64 = 15 * 60 * 1_000;
/// How many of `BullMQ`'s are armed: a million would not leave it the time.
const PEER_ARMED: u64 = 50_000;

pub(super) async fn run(
    site: &Site,
    bench: &mut Bench,
    amounts: Amounts,
    report: &mut Report,
) -> anyhow::Result<bool> {
    peer(site, bench, amounts, report).await?;

    progress(format_args!("arming {}", amounts.armed));
    bench.clear().await?;
    let before = raw::used_memory(&mut bench.redis).await?;
    bench.arm(&spread(u64::from(amounts.armed))).await?;
    memory(bench, before, report).await?;

    let mut sound = true;
    let due = u64::from(amounts.rate) * u64::from(amounts.seconds);
    for (phase, flush) in [("", false), ("flushed_", true)] {
        progress(format_args!(
            "{}/s come due{}",
            amounts.rate,
            if flush { ", Redis is flushed" } else { "" }
        ));
        // The numbers of a phase follow those of the ones before.
        let from = u64::from(amounts.armed) + if flush { due } else { 0 };
        let coming = Coming::of(from, due, amounts.rate);
        bench.arm(&coming.clocks).await?;
        let mut firing = Firing::start(&bench.index, &bench.clocks)?;
        let flushed = if flush { Some(flush_at(bench, coming.middle()).await?) } else { None };
        firing.fired(due, LIMIT).await?;
        if let Some(flushed) = flushed {
            sound &= rebuilt(&mut firing, flushed, report).await?;
        }
        tell(&firing.seen(), phase, report);
    }
    let verdict = bench.clocks.verdict().await?;
    report.figure("fired", verdict.fired);
    report.goal("early", verdict.early, "0");
    report.goal("missed", verdict.missed, "0");
    report.goal("doubled", verdict.doubled, "0");
    sound &= verdict.early == 0 && verdict.missed == 0 && verdict.doubled == 0;
    Ok(sound && u64::try_from(verdict.fired)? == 2 * due)
}

/// `BullMQ` with fewer armed and as many due per second.
async fn peer(site: &Site, bench: &mut Bench, amounts: Amounts, report: &mut Report) -> anyhow::Result<()> {
    progress("BullMQ with timers coming due");
    bench.clear().await?;
    let peer = Peer::connect(site.stack()).await?;
    let armed = PEER_ARMED.min(amounts.armed.into());
    peer.arm(&spread(armed)).await?;
    let due = u64::from(amounts.rate) * u64::from(amounts.seconds);
    let coming = Coming::of(armed, due, amounts.rate);
    peer.arm(&coming.clocks).await?;
    let ran = peer.run(due, LIMIT).await?;
    report.figure("bullmq_armed", armed);
    latencies(report, "bullmq_late", &ran.lateness);
    report.figure("bullmq_early", ran.early);
    Ok(())
}

async fn memory(bench: &mut Bench, before: u64, report: &mut Report) -> anyhow::Result<()> {
    let size = bench.index.size().await?;
    let timers = as_f64(size.armed.max(1));
    let taken = raw::used_memory(&mut bench.redis).await?.saturating_sub(before);
    let keys: Vec<String> = bench
        .index
        .shards()
        .into_iter()
        .map(|shard| redress_redis::keys::timers_due(PREFIX, shard))
        .collect();
    let counted = raw::usage(&mut bench.redis, &keys).await?;
    report.goal("redis_bytes_per_timer", as_f64(taken) / timers, "<= 120; aim 100");
    report.figure("redis_memory_usage_per_timer", as_f64(counted) / timers);
    Ok(())
}

/// Empties Redis at `when`; when that was.
async fn flush_at(bench: &mut Bench, when: Timestamp) -> anyhow::Result<Timestamp> {
    let wait = Duration::try_from(when.duration_since(SystemClock.now())).unwrap_or_default();
    sleep(wait).await;
    let flushed = SystemClock.now();
    raw::flush(&mut bench.redis).await?;
    Ok(flushed)
}

/// Waits for the rebuild after the loss and tells of it.
async fn rebuilt(firing: &mut Firing, flushed: Timestamp, report: &mut Report) -> anyhow::Result<bool> {
    let deadline = tokio::time::Instant::now() + LIMIT;
    while firing.seen().rebuilds.is_empty() {
        anyhow::ensure!(tokio::time::Instant::now() < deadline, "the index was not rebuilt after {LIMIT:?}");
        sleep(Duration::from_millis(20)).await;
    }
    let seen = firing.seen();
    let (noticed, took, timers) = seen.rebuilds[0];
    let noticed = noticed.duration_since(flushed).as_secs_f64();
    report.goal("loss_noticed_after_s", noticed, "<= 1");
    report.goal("rebuild_s", took.as_secs_f64(), "<= 15 per million");
    report.figure("rebuilt_timers", timers);
    report.goal(
        "rebuild_s_per_million",
        took.as_secs_f64() * 1_000_000.0 / as_f64(timers.max(1) as u64),
        "<= 15",
    );
    report.figure("rebuilds", seen.rebuilds.len());
    Ok(noticed <= 1.0)
}

fn tell(seen: &Seen, phase: &str, report: &mut Report) {
    latencies(report, &format!("{phase}late"), &seen.lateness);
    report.figure(format!("{phase}fired_by_sweep"), seen.swept);
}

/// Clocks that are armed and not due, spread over a quarter of an hour, as in an index of the next minutes.
fn spread(count: u64) -> Vec<Clock> {
    let far = SystemClock.now() + FAR;
    let due = |number: u64| far + Duration::from_millis(number * 7_919 % SPREAD_MS);
    (0..count).map(|number| Clock::numbered(number, due(number))).collect()
}

/// Clocks that come due at a constant rate, once they are armed.
struct Coming {
    clocks: Vec<Clock>,
    first: Timestamp,
    last: Timestamp,
}

impl Coming {
    fn of(from: u64, count: u64, rate: u32) -> Self {
        // Time to arm them before, at 10,000/s at the least; what comes late for that would count as late.
        let first = SystemClock.now() + Duration::from_secs(2 + count / 10_000);
        let due = |number: u64| first + Duration::from_nanos(number * 1_000_000_000 / u64::from(rate));
        Self {
            clocks: (0..count).map(|number| Clock::numbered(from + number, due(number))).collect(),
            first,
            last: due(count),
        }
    }

    fn middle(&self) -> Timestamp {
        self.first + self.last.duration_since(self.first) / 2
    }
}
