//! Timers: arming and firing beside `BullMQ`'s Rust crate and beside the bare commands, in one run on one Redis; lateness
//! with a million armed; many due at one instant; and Redis flushed in the middle.
//!
//! Ours are durable and fire exactly once: a row in PostgreSQL before the index knows of a timer, and a conditional
//! update with its event when it fires. `BullMQ`'s live in Redis, and its jobs do nothing. Sla's own rules, which decide
//! what an overdue clock means, are not in it: the scenario has a table of sla's shape.

mod clocks;
mod firing;
mod peer;
mod rates;
mod raw;
mod storm;

use std::future::Future;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use redress_redis::{Redis, RedisConfig, TimerIndex};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Finding;
use crate::report::{Report, as_f64};
use crate::site::Site;
use clocks::{Clock, Clocks};

/// As sla has it.
const SHARDS: u16 = 32;
const PREFIX: &str = "sla";
/// A million keys take longer to flush than a claim may take.
const REDIS_TIMEOUT_MS: u64 = 5_000;
/// Timers of one statement or bulk call, and how many of them are on their way.
const BATCH: usize = 1_000;
const WRITERS: usize = 2;
/// How long anything may take before the run counts as failed.
const LIMIT: Duration = Duration::from_mins(5);

/// How much of each.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Amounts {
    /// Timers that each round arms, and that are due at one instant.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    count: u32,
    /// Rounds of raw, `BullMQ` and ours in turn.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pairs: u32,
    /// Timers that are armed while others come due.
    #[arg(long, default_value_t = 1_000_000)]
    armed: u32,
    /// Timers due per second.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// How long they come due.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(2..))]
    seconds: u32,
}

/// What every part of the scenario works on.
struct Bench {
    redis: redis::aio::MultiplexedConnection,
    index: TimerIndex,
    clocks: Arc<Clocks>,
}

pub(crate) async fn run(site: &Site, amounts: Amounts) -> anyhow::Result<Finding> {
    let config = RedisConfig { url: site.stack().redis.as_str().into(), timeout_ms: REDIS_TIMEOUT_MS };
    let mut bench = Bench {
        redis: raw::connect(site.stack()).await?,
        index: TimerIndex::new(Redis::connect(&config)?, PREFIX, NonZeroU16::MIN.saturating_add(SHARDS - 1)),
        clocks: Arc::new(Clocks::open(site).await?),
    };
    let mut report = Report::of("timers");
    report.figure("count", amounts.count);
    report.figure("armed", amounts.armed);
    report.figure("due_per_s", amounts.rate);
    report.figure("seconds", amounts.seconds);
    let mut sound = rates::run(site, &mut bench, amounts, &mut report).await?;
    sound &= storm::run(site, &mut bench, amounts, &mut report).await?;
    Ok(Finding { report, sound })
}

impl Bench {
    /// Nothing armed, nothing due, nothing to rebuild.
    async fn clear(&mut self) -> anyhow::Result<()> {
        raw::flush(&mut self.redis).await?;
        self.clocks.clear().await?;
        firing::rebuild(&self.index, &self.clocks).await?;
        Ok(())
    }

    /// Arms as the service does: first the row, then the index.
    async fn arm(&self, clocks: &[Clock]) -> anyhow::Result<Duration> {
        let start = Instant::now();
        in_turns(clocks, WRITERS, BATCH, |clocks| {
            let (index, table) = (self.index.clone(), Arc::clone(&self.clocks));
            async move {
                table.insert(&clocks).await?;
                let timers: Vec<_> = clocks.iter().map(Clock::timer).collect();
                let armed = index.arm(&timers).await?;
                anyhow::ensure!(armed.no_room == 0, "Redis is full");
                Ok(())
            }
        })
        .await?;
        Ok(start.elapsed())
    }
}

/// Works through `clocks` in batches, some at a time.
async fn in_turns<F>(
    clocks: &[Clock],
    writers: usize,
    batch: usize,
    work: impl Fn(Vec<Clock>) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let mut running = JoinSet::new();
    for clocks in clocks.chunks(batch) {
        if running.len() >= writers
            && let Some(ended) = running.join_next().await
        {
            ended??;
        }
        running.spawn(work(clocks.to_vec()));
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(())
}

fn per_second(count: usize, took: Duration) -> f64 {
    as_f64(count as u64) / took.as_secs_f64()
}
