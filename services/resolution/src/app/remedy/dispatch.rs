//! Carrying out: claim what is due, ask the executor, write down what was heard.
//!
//! No remote call is made inside a transaction. A worker that dies leaves its claims to the end of their leases; whoever
//! claims them then asks first what became of them. A worker that comes back after its lease has passed to another asks
//! for nothing and writes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use redress_domain::derived_id;
use redress_outbox::Wake;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::executor::Executor;
use super::record;
use crate::app::Desk;
use crate::domain::remedy::Remedy;
use crate::domain::remedy::execution::{
    Begin, Errand, Heard, Situation, Told, Verdict, Watched, carried_out, not_started, taken_back, watched,
};
use crate::error::Error;
use crate::store::remedy::{self, Claimed};

/// How often work is looked for while none is known to come: what another process began, or what was held wrongly.
const SWEEP: Duration = Duration::from_secs(5);
/// The least time between two looks that find nothing: commits wake, and most of them begin nothing.
const LEAST: Duration = Duration::from_millis(50);
/// How long it waits after a failure of its own, such as a database that is away.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Errands that one pass claims, and runs at once.
const BATCH: usize = 16;
/// Rounds beside each other.
const BESIDE: usize = 4;
/// The most calls that one errand makes: what became of the payer's key, of the platform's, and asking for it.
const CALLS: u32 = 3;
/// What a lease lasts beyond those calls.
const SLACK: Duration = Duration::from_secs(1);

/// Carries remedies out.
#[derive(Clone)]
pub struct Dispatch {
    desk: Desk,
    executor: Option<Executor>,
    holder: Arc<str>,
    leases: Arc<AtomicU64>,
    begun: Wake,
    sweep: Duration,
}

/// What an errand came to.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub(super) claimed: Claimed,
    pub(super) finding: Finding,
}

/// What was found on an errand.
#[derive(Debug, Clone)]
pub(super) enum Finding {
    /// Something was heard, or nothing had to be asked.
    Judged {
        /// What follows.
        verdict: Verdict,
        /// What was told of something done.
        told: Option<Told>,
        /// Whether it was asked for, and not only asked about.
        asked_for: bool,
        /// Whether the payer had paid after all, before the platform did.
        late: bool,
    },
    /// It is to be said that everything is settled.
    Announce,
    /// A person had settled it by hand or given it up, and this is what its executor says.
    Watched(Watched),
    /// There was no time left to ask.
    NoTime,
}

impl Dispatch {
    /// Over `executor`, as `holder`, which no other process is or was. Without an executor nothing is moved, and what is
    /// not needed any more is dropped all the same.
    pub fn new(desk: Desk, executor: Option<Executor>, holder: &str) -> Self {
        Self {
            desk,
            executor,
            holder: holder.into(),
            leases: Arc::default(),
            begun: Wake::default(),
            sweep: SWEEP,
        }
    }

    /// Woken by `begun`, when something that may have begun an errand was committed.
    #[must_use]
    pub fn woken_by(self, begun: Wake) -> Self {
        Self { begun, ..self }
    }

    /// Looks every `sweep` for what nobody told of.
    #[must_use]
    pub fn sweeping_every(self, sweep: Duration) -> Self {
        Self { sweep, ..self }
    }

    /// Works until `stop`, several rounds beside each other: an answer that is long in coming holds up the round that asked,
    /// and not what others are owed.
    pub async fn run_beside(self, stop: CancellationToken) -> anyhow::Result<()> {
        let rounds = (0..BESIDE).map(|_| self.clone().run(stop.clone()));
        futures::future::try_join_all(rounds).await.map(drop)
    }

    /// Works until `stop`. A failure of its own is logged and waited out: what was claimed comes again.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut swept = Instant::now();
        while !stop.is_cancelled() {
            let idle = match self.look(&mut swept).await {
                Ok(None) => continue,
                Ok(Some(idle)) => idle,
                Err(error) => {
                    tracing::warn!(%error, "remedies wait");
                    AFTER_FAILURE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(idle) => {}
                () = self.begun.woken() => tokio::time::sleep(LEAST).await,
            }
        }
        Ok(())
    }

    /// One round, and now and then a sweep; gives how long nothing is to be done, if there was nothing.
    async fn look(&self, swept: &mut Instant) -> Result<Option<Duration>, Error> {
        if swept.elapsed() >= self.sweep {
            remedy::let_go(&mut *self.desk.db.pool().acquire().await?).await?;
            *swept = Instant::now();
        }
        if self.pass().await? > 0 {
            return Ok(None);
        }
        if self.executor.is_none() {
            // What is due waits for somebody who carries it out.
            return Ok(Some(self.sweep));
        }
        let next = remedy::next_due(&mut *self.desk.db.pool().acquire().await?).await?;
        Ok(Some(idle(next, self.desk.now(), self.sweep)))
    }

    /// One round: returns how many errands it had in hand.
    pub async fn pass(&self) -> Result<usize, Error> {
        let now = self.desk.now();
        let limit = self.executor.as_ref().map_or(Duration::ZERO, Executor::limit);
        let term = limit * (CALLS + 1) + SLACK;
        let until = Instant::now() + term;
        let lease = self.lease();
        let mut conn = self.desk.db.pool().acquire().await?;
        let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
        let with_executor = self.executor.is_some();
        let mut look = remedy::claim(&mut conn, lease, now, term, most, with_executor).await?;
        while look.claimed.is_empty() && look.more {
            look = remedy::claim(&mut conn, lease, now, term, most, with_executor).await?;
        }
        let claimed = look.claimed;
        if claimed.is_empty() {
            return Ok(0);
        }
        let cases: Vec<_> = claimed.iter().map(|one| one.case.clone()).collect();
        let all = remedy::of_cases(&mut conn, &cases).await?;
        drop(conn);
        let count = claimed.len();
        let errands = claimed.into_iter().filter_map(|claimed| {
            let found = all.iter().find(|one| one.case == claimed.case && one.remedy.id == claimed.remedy)?;
            Some((claimed, found.remedy.clone()))
        });
        let tries =
            futures::stream::iter(errands).map(|(claimed, remedy)| self.run_errand(claimed, remedy, until));
        // What is done at the same time is written down together; a slow answer holds up nobody's record but its own.
        let mut done = tries.buffer_unordered(BATCH).ready_chunks(BATCH);
        while let Some(done) = done.next().await {
            record::record(&self.desk, done).await?;
        }
        self.desk.wake.wake();
        Ok(count)
    }

    /// A name that no other claim has.
    fn lease(&self) -> Uuid {
        let number = self.leases.fetch_add(1, Ordering::Relaxed);
        derived_id("redress/lease/1", &[self.holder.as_bytes(), &number.to_be_bytes()])
    }

    async fn run_errand(&self, claimed: Claimed, remedy: Remedy, until: Instant) -> Done {
        let now = Situation {
            begin: Begin::in_state(claimed.state),
            failures: claimed.failures,
            limit: self.desk.settings.executor_attempts,
        };
        let finding = match (&self.executor, claimed.errand) {
            (_, Errand::Announce) => Finding::Announce,
            (None, Errand::Watch) => Finding::Watched(Watched::Again),
            (None, _) => judged(not_started(&remedy, now)),
            (Some(executor), errand) => {
                let errand = Asking { executor, claimed: &claimed, remedy: &remedy, now, until, errand };
                errand.run().await
            }
        };
        Done { claimed, finding }
    }
}

/// Until the next errand is due, or the next sweep.
fn idle(next: Option<Timestamp>, now: Timestamp, sweep: Duration) -> Duration {
    let until = next.map(|next| next.duration_since(now).max(SignedDuration::ZERO).unsigned_abs());
    until.unwrap_or(sweep).clamp(LEAST.min(sweep), sweep)
}

fn judged(verdict: Verdict) -> Finding {
    Finding::Judged { verdict, told: None, asked_for: false, late: false }
}

/// An errand that asks the executor.
struct Asking<'a> {
    executor: &'a Executor,
    claimed: &'a Claimed,
    remedy: &'a Remedy,
    now: Situation,
    until: Instant,
    errand: Errand,
}

impl Asking<'_> {
    async fn run(&self) -> Finding {
        match self.errand {
            Errand::Reverse => self.take_back().await,
            Errand::Watch => self.watch().await,
            Errand::Advance => match self.late().await {
                Some(finding) => finding,
                None => self.carry_out().await,
            },
            Errand::Execute | Errand::Announce => self.carry_out().await,
        }
    }

    /// Before the platform pays, what became of the payer's own payment is asked once more.
    async fn late(&self) -> Option<Finding> {
        let heard = self.executor.query(&self.claimed.case, self.remedy.id).await;
        if matches!(heard, Heard::NotStarted | Heard::Failed(_)) {
            return None;
        }
        let verdict = carried_out(self.remedy, &heard, false, self.now);
        Some(Finding::Judged { verdict, told: told(&heard), asked_for: false, late: true })
    }

    async fn carry_out(&self) -> Finding {
        let (case, remedy) = (&self.claimed.case, self.remedy);
        if self.claimed.tries > 1 {
            let heard = self.executor.query(case, remedy.key()).await;
            let verdict = carried_out(remedy, &heard, false, self.now);
            if verdict != Verdict::Proceed {
                return Finding::Judged { verdict, told: told(&heard), asked_for: false, late: false };
            }
        } else {
            let verdict = not_started(remedy, self.now);
            if verdict != Verdict::Proceed {
                return judged(verdict);
            }
        }
        if self.no_time() {
            return Finding::NoTime;
        }
        let heard = self.executor.execute(case, remedy).await;
        let verdict = carried_out(remedy, &heard, true, self.now);
        Finding::Judged { verdict, told: told(&heard), asked_for: true, late: false }
    }

    async fn watch(&self) -> Finding {
        let heard = self.executor.query(&self.claimed.case, self.remedy.key()).await;
        Finding::Watched(watched(self.remedy, &heard, self.claimed.tries))
    }

    async fn take_back(&self) -> Finding {
        let (case, key) = (&self.claimed.case, self.remedy.key());
        let mut heard = self.executor.query(case, key).await;
        let mut verdict = taken_back(self.remedy, &heard, false, self.now);
        let asked_for = verdict == Verdict::Proceed;
        if asked_for {
            if self.no_time() {
                return Finding::NoTime;
            }
            heard = self.executor.reverse(case, key).await;
            verdict = taken_back(self.remedy, &heard, true, self.now);
        }
        Finding::Judged { verdict, told: told(&heard), asked_for, late: false }
    }

    /// Whether the lease could pass to another while the answer is awaited.
    fn no_time(&self) -> bool {
        Instant::now() + self.executor.limit() >= self.until
    }
}

fn told(heard: &Heard) -> Option<Told> {
    match heard {
        Heard::Done(told) | Heard::Reversed(told) => Some(told.clone()),
        _ => None,
    }
}
