//! Firing as a service does it: what the index gives out is fired in PostgreSQL; a sweep finds what the index lost; an
//! index that is lost is filled again while all of this goes on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use futures::TryStreamExt as _;
use hdrhistogram::Histogram;
use jiff::Timestamp;
use redress_domain::Clock as _;
use redress_redis::{RebuildError, RedisError, Timer, TimerIndex};
use redress_runtime::SystemClock;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::clocks::Clocks;
use crate::driver::tally::{histogram, record};

/// Loops that fire side by side, each on its share of the shards: one waits for PostgreSQL while the other claims.
const WORKERS: usize = 2;
/// Timers of one claim from each shard.
const LIMIT: usize = 125;
const LEASE: Duration = Duration::from_secs(30);
/// How long a loop waits at most when it knows of nothing due: a timer that was armed meanwhile is late by no more.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
/// How often the sweep looks, and how long a timer is left to the index.
const SWEEP_PERIOD: Duration = Duration::from_secs(1);
const SWEEP_GRACE_MS: f64 = 1_000.0;
const PAGE: usize = 8_000;

/// What was seen while timers fired.
#[derive(Debug)]
pub(super) struct Seen {
    /// From the due time to the answer that the effect is committed, by one machine's clock.
    pub(super) lateness: Histogram<u64>,
    pub(super) fired: u64,
    /// Fired by the sweep, not by the index.
    pub(super) swept: u64,
    /// When the last one fired.
    pub(super) last: Timestamp,
    /// When losses of the index were noticed, and how long the rebuilds after them took, for how many timers.
    pub(super) rebuilds: Vec<(Timestamp, Duration, usize)>,
}

/// Fires until it is dropped.
pub(super) struct Firing {
    seen: Arc<Mutex<Seen>>,
    tasks: JoinSet<anyhow::Result<()>>,
}

impl Firing {
    pub(super) fn start(index: &TimerIndex, clocks: &Arc<Clocks>) -> anyhow::Result<Self> {
        let seen = Arc::new(Mutex::new(Seen {
            lateness: histogram()?,
            fired: 0,
            swept: 0,
            last: Timestamp::UNIX_EPOCH,
            rebuilds: Vec::new(),
        }));
        let mut tasks = JoinSet::new();
        for worker in 0..WORKERS {
            let shards = index.shards().into_iter().skip(worker).step_by(WORKERS).collect();
            tasks.spawn(fire(index.clone(), Arc::clone(clocks), shards, Arc::clone(&seen)));
        }
        tasks.spawn(sweep(index.clone(), Arc::clone(clocks), Arc::clone(&seen)));
        tasks.spawn(watch(index.clone(), Arc::clone(clocks), Arc::clone(&seen)));
        Ok(Self { seen, tasks })
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `count` timers have fired.
    pub(super) async fn fired(&mut self, count: u64, within: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + within;
        while self.seen().fired < count {
            if let Some(ended) = self.tasks.try_join_next() {
                ended??;
                anyhow::bail!("a loop of the firing ended");
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "{} of {count} fired after {within:?}",
                self.seen().fired
            );
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

async fn fire(
    index: TimerIndex,
    clocks: Arc<Clocks>,
    shards: Vec<u16>,
    seen: Arc<Mutex<Seen>>,
) -> anyhow::Result<()> {
    loop {
        let claimed = match index.claim(&shards, LIMIT, LEASE).await {
            Ok(claimed) => claimed,
            Err(RedisError::Unavailable) => {
                sleep(LONGEST_PAUSE).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if claimed.timers.is_empty() {
            let next = claimed.next_due_ms.map_or(LONGEST_PAUSE, |next| {
                Duration::from_millis(u64::try_from(next - claimed.now_ms).unwrap_or(0))
            });
            sleep(next.clamp(SHORTEST_PAUSE, LONGEST_PAUSE)).await;
            continue;
        }
        note(&seen, &clocks.fire(&claimed.timers).await?, false);
        // Unfinished they would only be looked at again.
        match index.finish(&claimed.timers).await {
            Ok(()) | Err(RedisError::Unavailable) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

async fn sweep(index: TimerIndex, clocks: Arc<Clocks>, seen: Arc<Mutex<Seen>>) -> anyhow::Result<()> {
    loop {
        sleep(SWEEP_PERIOD).await;
        loop {
            let due = clocks.sweep(SWEEP_GRACE_MS).await?;
            note(&seen, &due, true);
            if due.is_empty() {
                break;
            }
        }
        // Redis may be away; what is in flight waits.
        let _: Result<usize, RedisError> = index.reap(&index.shards()).await;
    }
}

async fn watch(index: TimerIndex, clocks: Arc<Clocks>, seen: Arc<Mutex<Seen>>) -> anyhow::Result<()> {
    loop {
        index.lost().await;
        let (noticed, start) = (SystemClock.now(), Instant::now());
        let timers = match rebuild(&index, &clocks).await {
            Ok(timers) => timers,
            // Lost again, or away: it begins again.
            Err(error) if error.is::<RebuildError>() || error.is::<RedisError>() => continue,
            Err(error) => return Err(error),
        };
        lock(&seen).rebuilds.push((noticed, start.elapsed(), timers));
    }
}

/// Fills the index with all that is armed; with how many timers.
pub(super) async fn rebuild(index: &TimerIndex, clocks: &Clocks) -> anyhow::Result<usize> {
    let mut rebuild = index.begin_rebuild("load").await?.context("another process rebuilds")?;
    let mut pages = std::pin::pin!(clocks.armed().try_chunks(PAGE));
    let mut page: Option<Vec<Timer>> = pages.try_next().await?;
    while let Some(timers) = page {
        // The next page is read while this one goes out.
        let (added, next) = tokio::join!(rebuild.add(&timers), pages.try_next());
        added?;
        page = next?;
    }
    Ok(rebuild.finish().await?.timers.armed)
}

fn note(seen: &Mutex<Seen>, due: &[Timestamp], by_sweep: bool) {
    let (now, mut seen) = (SystemClock.now(), lock(seen));
    for due in due {
        record(&mut seen.lateness, Duration::try_from(now.duration_since(*due)).unwrap_or_default());
    }
    if !due.is_empty() {
        seen.fired += due.len() as u64;
        seen.swept += if by_sweep { due.len() as u64 } else { 0 };
        seen.last = now;
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
