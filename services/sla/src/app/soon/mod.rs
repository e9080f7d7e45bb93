//! An index in Redis of the shares that are to be warned of soon: it wakes the firing at their instants, in whichever
//! process set the clock, so that the database is asked when something is due and not every few milliseconds.
//!
//! It decides nothing, and the database's clock decides when it tells: see `claim`. A clock is told to it once it is committed; what it has lost, or never heard of since the process
//! died in between, the sweep over the database finds within its period; what it tells too early or twice finds nothing to
//! do. While it cannot be relied on, since it is away, was emptied, or had no room for a timer, the database is asked as
//! closely as without it, and the index is filled anew as soon as that can be done.
//!
//! Due instants are not in it, and so nothing of a clock that warns of no share: a breach is judged when everything recorded
//! by its instant is known to be read. The marks that say so stand fifteen seconds behind the clock at the least and move once
//! a second, as often as the sweep looks. A timer at the instant would find nothing to do, each time, and take the room of
//! one that does.

mod ahead;
mod claim;
mod keep;

pub(crate) use keep::LONGEST_CALL;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use redress_postgres::after_commit;
use redress_redis::{Timer, TimerIndex};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::Desk;
use super::fire::Firing;
use crate::store::clock::{Saved, warn_at};

/// How far ahead timers are in the index.
const HORIZON: SignedDuration = SignedDuration::from_mins(15);
/// Timers that wait to be armed at most.
const NOTED: usize = 65_536;
/// Timers of one command to the index, and of one page of the database.
const PAGE: usize = 5_000;
/// How often timers that come into the horizon are added.
const ROLL: Duration = Duration::from_mins(5);

/// What of the index can be relied on.
#[derive(Debug, Default)]
struct Standing {
    /// It was found filled at the last look.
    whole: AtomicBool,
    /// A committed timer did not come into it since it was filled.
    lacking: AtomicBool,
}

impl Standing {
    fn is_relied_on(&self) -> bool {
        self.whole.load(Ordering::Acquire) && !self.lacks()
    }

    fn lacks(&self) -> bool {
        self.lacking.load(Ordering::Acquire)
    }

    fn set_whole(&self, whole: bool) {
        self.whole.store(whole, Ordering::Release);
    }

    fn set_lacking(&self) {
        self.lacking.store(true, Ordering::Release);
    }

    /// Whether anything was lacking; nothing is from now on, until it is said again.
    fn take_lacking(&self) -> bool {
        self.lacking.swap(false, Ordering::AcqRel)
    }
}

/// Where changed clocks are told to the index, if there is one. Cheap to clone.
#[derive(Clone, Default)]
pub struct Noted(Option<Channel>);

#[derive(Clone)]
struct Channel {
    timers: mpsc::Sender<Timer>,
    standing: Arc<Standing>,
}

impl Noted {
    /// Tells of clocks that are being written, when they are committed: before that, whoever is woken by one would find
    /// nothing, and it would be off the index. Of one that is rolled back nothing is told.
    pub(crate) fn note(&self, clocks: &[Saved]) {
        let Some(channel) = &self.0 else { return };
        let timer = |saved: &Saved| {
            Some(Timer::new(saved.told.clock_id, saved.told.generation, warn_at(&saved.told)?))
        };
        let timers: Vec<Timer> = clocks.iter().filter_map(timer).collect();
        if timers.is_empty() {
            return;
        }
        let channel = channel.clone();
        after_commit(move || channel.send(timers));
    }

    /// Whether the index can be relied on to tell what is due.
    pub fn is_relied_on(&self) -> bool {
        self.0.as_ref().is_some_and(|channel| channel.standing.is_relied_on())
    }
}

impl Channel {
    fn send(&self, timers: Vec<Timer>) {
        fail::fail_point!("clocks.committed", |_| std::process::abort());
        for timer in timers {
            if self.timers.try_send(timer).is_err() {
                self.standing.set_lacking();
            }
        }
    }
}

/// Keeps the index, and wakes the firing by it.
pub struct Soon {
    index: TimerIndex,
    noted: mpsc::Receiver<Timer>,
    standing: Arc<Standing>,
    holder: String,
    roll: Duration,
}

impl Soon {
    /// The keeper of `index`, and the place where clocks are told to it. `holder` names this process.
    pub fn new(index: TimerIndex, holder: &str) -> (Self, Noted) {
        let (timers, noted) = mpsc::channel(NOTED);
        let standing = Arc::new(Standing::default());
        let channel = Channel { timers, standing: Arc::clone(&standing) };
        (Self { index, noted, standing, holder: holder.to_owned(), roll: ROLL }, Noted(Some(channel)))
    }

    /// Adds what comes into the horizon every so often, instead of every five minutes: for tests.
    #[must_use]
    pub fn rolling_every(self, roll: Duration) -> Self {
        Self { roll, ..self }
    }

    /// Works until `stop`; a task of the service.
    pub async fn run(self, desk: Desk, firing: Firing, stop: CancellationToken) -> anyhow::Result<()> {
        let Self { index, noted, standing, holder, roll } = self;
        let armed = Notify::new();
        let keeper = keep::Keeper { index: &index, desk: &desk, standing: &standing, holder: &holder, roll };
        let claimer = claim::Claimer {
            index: &index,
            desk: &desk,
            firing: &firing,
            armed: &armed,
            standing: &standing,
        };
        let work = async {
            tokio::join!(arm(&index, noted, &desk, &armed, &standing), claimer.run(), keeper.run(),)
        };
        tokio::select! {
            () = stop.cancelled() => {}
            _ = work => {}
        }
        Ok(())
    }
}

async fn arm(
    index: &TimerIndex,
    mut noted: mpsc::Receiver<Timer>,
    desk: &Desk,
    armed: &Notify,
    standing: &Standing,
) {
    let mut batch = Vec::new();
    while noted.recv_many(&mut batch, PAGE).await > 0 {
        let horizon = (desk.now() + HORIZON).as_millisecond();
        batch.retain(|timer| timer.due_ms <= horizon);
        match index.arm(&batch).await {
            Ok(outcome) if outcome.no_room > 0 => {
                standing.set_lacking();
                tracing::warn!(timers = outcome.no_room, "the timer index has no room; the sweep finds them");
            }
            Ok(_) => armed.notify_one(),
            Err(error) => {
                standing.set_lacking();
                tracing::debug!(%error, "timers are not armed; the sweep finds them");
            }
        }
        batch.clear();
    }
}
