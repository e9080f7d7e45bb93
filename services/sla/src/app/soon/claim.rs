//! Claiming: what the index calls due is looked at, and what then still waits in the database comes back.
//!
//! The database's clock decides what is due, and its locks who fires it. So a timer that was claimed a little early, or of
//! which a consumer had the complaint at that moment, is not done: its lease is made to end when it is to be looked at
//! again.

use std::collections::HashMap;
use std::time::Duration;

use redress_redis::{Claimed, Timer, TimerIndex};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::ahead::Ahead;
use super::{Desk, Standing};
use crate::app::fire::{Firing, Look};
use crate::error::Error;
use crate::store::{soon, time_of};

/// Timers of a shard that are claimed at once, and for how long.
const CLAIM: usize = 500;
const LEASE: Duration = Duration::from_secs(10);
/// The shortest and the longest pause between two claims.
const PAUSE: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(250));
/// How often leases that ended are looked for, and how far the clocks are apart.
const EVERY: Duration = Duration::from_secs(1);
/// How soon one is looked at again that somebody else had; and how often leases that ended are looked for meanwhile.
const AGAIN: Duration = Duration::from_millis(20);

/// Claims of `index`, and lets `firing` look.
pub(super) struct Claimer<'a> {
    pub(super) index: &'a TimerIndex,
    pub(super) desk: &'a Desk,
    pub(super) firing: &'a Firing,
    pub(super) armed: &'a Notify,
    pub(super) standing: &'a Standing,
}

impl Claimer<'_> {
    pub(super) async fn run(&self) {
        let shards = self.index.shards();
        let mut ahead = Ahead::default();
        let start = Instant::now();
        let (mut read_at, mut reap_at, mut postponed_until) = (start, start + EVERY, start);
        loop {
            if Instant::now() >= read_at {
                ahead = self.read(ahead).await.unwrap_or(ahead);
                read_at = Instant::now() + EVERY;
            }
            if Instant::now() >= reap_at {
                self.index.reap(&shards).await.ok();
                let now = Instant::now();
                reap_at = now + if now < postponed_until { AGAIN } else { EVERY };
            }
            let pause = match self.index.claim_ahead(&shards, CLAIM, LEASE, ahead.ms()).await {
                Ok(claimed) if claimed.timers.is_empty() => until_next(&claimed, ahead),
                Ok(claimed) => {
                    // Unless it could be looked, they come back when the lease ends.
                    if let Ok(Some(longest)) = self.look_at(&claimed).await {
                        let now = Instant::now();
                        // A reaping later, so that the last of them is not left to the slow pace.
                        postponed_until = postponed_until.max(now + longest + AGAIN);
                        reap_at = reap_at.min(now + AGAIN);
                    }
                    PAUSE.0
                }
                // Nobody is woken: the database is asked closely until the keeper has looked again.
                Err(_) => {
                    self.standing.set_whole(false);
                    PAUSE.1
                }
            };
            tokio::select! {
                () = sleep_until(reap_at.min(Instant::now() + pause)) => {}
                () = self.armed.notified() => {}
            }
        }
    }

    /// How far apart the clocks are now; none if one of them cannot be read.
    async fn read(&self, ahead: Ahead) -> Option<Ahead> {
        let mut conn = self.desk.db.pool().acquire().await.ok()?;
        let before = self.index.now().await.ok()?;
        let database = time_of(&mut conn).await.ok()?;
        let after = self.index.now().await.ok()?;
        Some(ahead.read(before, database.as_millisecond(), after))
    }

    /// Looks, and says of which of the claimed nobody has to look at again. How long the last of the others waits.
    async fn look_at(&self, claimed: &Claimed) -> Result<Option<Duration>, Error> {
        let answered = Instant::now();
        look(self.firing).await?;
        let waiting = self.waiting(&claimed.timers).await?;
        let passed = i64::try_from(answered.elapsed().as_millis()).unwrap_or(i64::MAX);
        let now_ms = claimed.now_ms.saturating_add(passed);
        let (mut done, mut again, mut longest) = (Vec::new(), Vec::new(), None);
        for timer in &claimed.timers {
            match waiting.get(&(timer.key, timer.generation)) {
                None => done.push(*timer),
                Some(left) => {
                    longest = longest.max(Some(*left));
                    let left = i64::try_from(left.as_millis()).unwrap_or(i64::MAX);
                    again.push((*timer, now_ms.saturating_add(left)));
                }
            }
        }
        // What is not said comes back when its lease ends.
        self.index.postpone(&again).await.ok();
        self.index.finish(&done).await.ok();
        Ok(longest)
    }

    /// Which of `timers`, by key and generation, still wait in the database, and for how long.
    async fn waiting(&self, timers: &[Timer]) -> Result<HashMap<(i64, u32), Duration>, Error> {
        let due = || timers.iter().map(|timer| timer.due_ms);
        let (Some(first), Some(last)) = (due().min(), due().max()) else { return Ok(HashMap::new()) };
        let mut conn = self.desk.db.pool().acquire().await?;
        let waiting = soon::waiting(&mut conn, first, last).await?;
        let one = |one: soon::Waiting| ((Timer::key_of(one.id), one.generation), one.left.max(AGAIN));
        Ok(waiting.into_iter().map(one).collect())
    }
}

/// How long to wait for the next timer, if nobody arms an earlier one.
fn until_next(claimed: &Claimed, ahead: Ahead) -> Duration {
    let next = claimed.next_due_ms.map(|due| due.saturating_add(ahead.ms()).saturating_sub(claimed.now_ms));
    let next = next.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis);
    next.unwrap_or(PAUSE.1).clamp(PAUSE.0, PAUSE.1)
}

/// Everything that is due is fired, whichever of it the index has told.
async fn look(firing: &Firing) -> Result<(), Error> {
    while let Look { more: true, .. } = firing.look().await? {}
    Ok(())
}
