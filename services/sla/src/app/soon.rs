//! An index in Redis of the shares that are to be warned of soon: it wakes the firing at their instants, in whichever
//! process set the clock, so that the database is asked when something is due and not every few milliseconds.
//!
//! It decides nothing. What it has lost, or never heard of, the sweep over the database finds within its period; what it
//! tells too early or twice finds nothing to do. While it cannot be relied on, the database is asked as closely as
//! without it.
//!
//! Breaches are not in it: each waits some seconds after its instant for its topics to be read, and the sweep finds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use redress_redis::{IndexState, RebuildError, Timer, TimerIndex};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Desk;
use super::fire::{Firing, Look};
use crate::error::Error;
use crate::store::clock::{Saved, warn_at};
use crate::store::soon;

/// How far ahead timers are in the index, and how often those that come into that time are added.
const HORIZON: SignedDuration = SignedDuration::from_mins(15);
const ROLL: Duration = Duration::from_mins(5);
/// Timers that wait to be armed at most; what finds no room is found by the sweep.
const NOTED: usize = 65_536;
/// Timers of one command to the index, and of one page of the database.
const PAGE: usize = 5_000;
/// Timers of a shard that are claimed at once, and for how long.
const CLAIM: usize = 500;
const LEASE: Duration = Duration::from_secs(10);
/// The shortest and the longest pause between two claims.
const PAUSE: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(250));
/// How often leases that ended are looked for.
const REAPED_EVERY: Duration = Duration::from_secs(1);

/// Where changed clocks are told to the index, if there is one. Cheap to clone.
#[derive(Clone, Default)]
pub struct Noted(Option<Channel>);

#[derive(Clone)]
struct Channel {
    timers: mpsc::Sender<Timer>,
    whole: Arc<AtomicBool>,
}

impl Noted {
    /// Tells of clocks that are about to be written. A timer of a transaction that is then not committed finds nothing.
    pub(crate) fn note(&self, clocks: &[Saved]) {
        let Some(channel) = &self.0 else { return };
        for saved in clocks {
            if let Some(at) = warn_at(&saved.told) {
                let timer = Timer::new(saved.told.clock_id, saved.told.generation, at);
                // Full: the sweep finds it.
                let _ = channel.timers.try_send(timer);
            }
        }
    }

    /// Whether the index can be relied on to tell what is due.
    pub(crate) fn is_relied_on(&self) -> bool {
        self.0.as_ref().is_some_and(|channel| channel.whole.load(Ordering::Relaxed))
    }
}

/// Keeps the index, and wakes the firing by it.
pub struct Soon {
    index: TimerIndex,
    noted: mpsc::Receiver<Timer>,
    whole: Arc<AtomicBool>,
    holder: String,
}

impl Soon {
    /// The keeper of `index`, and the place where clocks are told to it. `holder` names this process.
    pub fn new(index: TimerIndex, holder: &str) -> (Self, Noted) {
        let (timers, noted) = mpsc::channel(NOTED);
        let whole = Arc::new(AtomicBool::new(false));
        let channel = Channel { timers, whole: Arc::clone(&whole) };
        (Self { index, noted, whole, holder: holder.to_owned() }, Noted(Some(channel)))
    }

    /// Works until `stop`; a task of the service.
    pub async fn run(self, desk: Desk, firing: Firing, stop: CancellationToken) -> anyhow::Result<()> {
        let Self { index, noted, whole, holder } = self;
        let armed = Notify::new();
        let work = async {
            tokio::join!(
                arm(&index, noted, &desk, &armed),
                claim(&index, &firing, &armed, &whole),
                keep(&index, &desk, &whole, &holder),
            )
        };
        tokio::select! {
            () = stop.cancelled() => {}
            _ = work => {}
        }
        Ok(())
    }
}

async fn arm(index: &TimerIndex, mut noted: mpsc::Receiver<Timer>, desk: &Desk, armed: &Notify) {
    let mut batch = Vec::new();
    while noted.recv_many(&mut batch, PAGE).await > 0 {
        let horizon = (desk.now() + HORIZON).as_millisecond();
        batch.retain(|timer| timer.due_ms <= horizon);
        match index.arm(&batch).await {
            Ok(outcome) if outcome.no_room > 0 => {
                tracing::warn!(timers = outcome.no_room, "the timer index has no room; the sweep finds them");
            }
            Ok(_) => armed.notify_one(),
            Err(error) => tracing::debug!(%error, "timers are not armed; the sweep finds them"),
        }
        batch.clear();
    }
}

async fn claim(index: &TimerIndex, firing: &Firing, armed: &Notify, whole: &AtomicBool) {
    let shards = index.shards();
    let mut reaped = Instant::now();
    loop {
        let pause = match index.claim(&shards, CLAIM, LEASE).await {
            Ok(claimed) if claimed.timers.is_empty() => {
                let next = claimed.next_due_ms.map(|due| due.saturating_sub(claimed.now_ms));
                let next = next.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis);
                next.unwrap_or(PAUSE.1).clamp(PAUSE.0, PAUSE.1)
            }
            Ok(claimed) => {
                if look(firing).await.is_ok() {
                    // Not finished, they come back when the lease ends.
                    index.finish(&claimed.timers).await.ok();
                }
                PAUSE.0
            }
            // Nobody is woken: the database is asked closely until the keeper has looked again.
            Err(_) => {
                whole.store(false, Ordering::Relaxed);
                PAUSE.1
            }
        };
        if reaped.elapsed() >= REAPED_EVERY {
            reaped = Instant::now();
            index.reap(&shards).await.ok();
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = armed.notified() => {}
        }
    }
}

/// Everything that is due is fired, whichever of it the index has told.
async fn look(firing: &Firing) -> Result<(), Error> {
    while let Look { more: true, .. } = firing.look().await? {}
    Ok(())
}

/// Fills the index whenever it is lost, and adds what comes within the horizon.
async fn keep(index: &TimerIndex, desk: &Desk, whole: &AtomicBool, holder: &str) {
    loop {
        whole.store(matches!(index.state().await, Ok(IndexState::Whole)), Ordering::Relaxed);
        if !whole.load(Ordering::Relaxed) {
            match rebuild(index, desk, holder).await {
                Ok(Some(timers)) => tracing::info!(timers, "the timer index is filled"),
                // Another process is at it, or Redis is away.
                Ok(None) => tokio::time::sleep(REAPED_EVERY).await,
                Err(error) => {
                    tracing::debug!(%error, "the timer index is not filled yet");
                    tokio::time::sleep(REAPED_EVERY).await;
                }
            }
            continue;
        }
        tokio::select! {
            () = index.lost() => {}
            () = tokio::time::sleep(ROLL) => {
                if let Err(error) = roll(index, desk).await {
                    tracing::debug!(%error, "timers of the next minutes are not armed yet");
                }
            }
        }
    }
}

async fn rebuild(index: &TimerIndex, desk: &Desk, holder: &str) -> Result<Option<usize>, KeepError> {
    let Some(mut rebuild) = index.begin_rebuild(holder).await? else { return Ok(None) };
    let mut after = None;
    loop {
        let page = page(desk, after).await?;
        rebuild.add(&page.timers).await?;
        after = page.last;
        if after.is_none() {
            return Ok(Some(rebuild.finish().await?.timers.armed));
        }
    }
}

async fn roll(index: &TimerIndex, desk: &Desk) -> Result<(), KeepError> {
    let mut after = None;
    loop {
        let page = page(desk, after).await?;
        index.arm(&page.timers).await?;
        after = page.last;
        if after.is_none() {
            return Ok(());
        }
    }
}

struct Page {
    timers: Vec<Timer>,
    /// Where the next page begins; none at the end.
    last: Option<soon::Place>,
}

async fn page(desk: &Desk, after: Option<soon::Place>) -> Result<Page, KeepError> {
    let mut conn = desk.db.pool().acquire().await.map_err(Error::from)?;
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let found = soon::page(&mut conn, HORIZON, after, limit).await?;
    let last = found.last().filter(|_| found.len() == PAGE).map(|one| one.place);
    let timers = found.iter().map(|one| Timer::new(one.place.id, one.generation, one.place.at)).collect();
    Ok(Page { timers, last })
}

#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error(transparent)]
    Database(#[from] Error),
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
    #[error(transparent)]
    Redis(#[from] redress_redis::RedisError),
}
