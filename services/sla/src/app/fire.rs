//! Firing: what the passing of time alone makes due, found in the database and told once.
//!
//! Claim and effect are one transaction: it locks the complaints of due clocks, asks the rules what is due of each, and
//! writes what was told together with the events. Whatever dies in between leaves nothing, and a claim that is repeated
//! finds the clock told. The database's clock decides what is due, never that of a host.
//!
//! An index of what is due soon, outside the database, may only wake this: see [`super::soon`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use tokio_util::sync::CancellationToken;

use super::Desk;
use super::aside::{Claimed, isolated};
use super::escalate;
use super::inputs::{self, Inputs};
use super::publish;
use super::recount::{Outcome, books};
use super::telemetry::Telemetry;
use crate::domain::escalation::Call;
use crate::domain::telling::{Breach, Told, fire};
use crate::error::Error;
use crate::store::aside::Work;
use crate::store::case::{Held, Key};
use crate::store::due::{self, What};
use crate::store::{aside, case, escalation, fact};

/// How often the counts of clocks are taken.
const COUNTED_EVERY: Duration = Duration::from_secs(15);

/// Fires due clocks. Cheap to clone; any number may run at once, in any number of processes.
#[derive(Clone)]
pub struct Firing {
    desk: Desk,
    inputs: Arc<Inputs>,
    telemetry: Arc<Telemetry>,
}

/// What one look found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// Shares that were warned of.
    pub warned: usize,
    /// Breaches that were declared.
    pub breached: usize,
    /// Windows that lapsed.
    pub lapsed: usize,
    /// Breaches of which word was owed before, and was not sent (F066).
    pub unannounced: usize,
    /// Whether more may be due already.
    pub more: bool,
}

impl Look {
    fn note(&mut self, breach: &Breach) {
        let count = if breach.lapsed { &mut self.lapsed } else { &mut self.breached };
        *count += 1;
        self.unannounced += usize::from(breach.unannounced);
    }

    fn add(&mut self, other: Self) {
        self.warned += other.warned;
        self.breached += other.breached;
        self.lapsed += other.lapsed;
        self.unannounced += other.unannounced;
        self.more |= other.more;
    }
}

/// What a transaction fired: how much, and how late each was.
type Fired = (Look, Vec<(What, Duration)>);

/// What a transaction takes.
enum Which {
    /// Whatever is due, and where it is noted.
    Due(Claimed),
    /// What is due of one complaint.
    One(Key),
}

impl Firing {
    /// Fires by what `inputs` say has been heard.
    pub fn new(desk: Desk, inputs: Inputs) -> Self {
        Self { desk, inputs: Arc::new(inputs), telemetry: Arc::default() }
    }

    /// Fires until `stop`; a task of the service.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let counting = self.clone().count(stop.clone());
        tokio::join!(self.fire(stop), counting);
        Ok(())
    }

    async fn fire(&self, stop: CancellationToken) {
        let period = self.desk.settings.firing_period();
        loop {
            let pause = match self.look().await {
                Ok(Look { more: true, .. }) => Duration::ZERO,
                Ok(_) => self.until_next(period).await,
                // The database may be away; everything due is found when it is back.
                Err(error) => {
                    tracing::warn!(%error, "due clocks could not be looked for");
                    period
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One look: fires what is due now, as far as a batch goes.
    pub async fn look(&self) -> Result<Look, Error> {
        let through = self.inputs.applied_through(&self.desk.db).await?;
        let claimed = Claimed::default();
        let fired = isolated(
            &self.desk,
            Work::Firing,
            &claimed,
            self.transaction(through, Which::Due(claimed.clone())),
            |key| {
                let this = self.clone();
                Box::pin(async move { this.transaction(through, Which::One(key)).await })
            },
        );
        let fired = fired.await?;
        let mut look = Look { more: fired.len() > 1, ..Look::default() };
        let mut lateness = Vec::new();
        for (one, late) in fired {
            look.add(one);
            lateness.extend(late);
        }
        if look.warned + look.breached + look.lapsed > 0 {
            self.desk.wake.wake();
        }
        self.telemetry.fired(&lateness, look.breached, look.unannounced);
        self.telemetry.heard(through, self.desk.now());
        Ok(look)
    }

    async fn transaction(&self, through: Option<Timestamp>, which: Which) -> Result<Fired, Error> {
        let work = Arc::new((self.clone(), which));
        let fired = self.desk.db.run_tx("fire_clocks", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { work.0.batch(conn, through, &work.1).await })
        });
        fired.await
    }

    /// The complaints that are claimed, and whether more may be due.
    async fn claim(
        &self,
        conn: &mut PgConnection,
        through: Option<Timestamp>,
        which: &Which,
    ) -> Result<(BTreeMap<Key, Held>, bool), Error> {
        let noted = match which {
            Which::Due(noted) => noted,
            Which::One(key) => {
                let held = case::lock_existing(conn, key).await?;
                return Ok((held.into_iter().map(|held| (held.key.clone(), held)).collect(), false));
            }
        };
        let limit = self.desk.settings.firing_batch;
        let mut cases: BTreeMap<Key, Held> = BTreeMap::new();
        let mut more = false;
        for what in [What::Warning, What::Breach] {
            let claimed = due::claim(conn, what, through, limit).await?;
            more |= i64::try_from(claimed.len()).is_ok_and(|claimed| claimed >= limit);
            cases.extend(claimed.into_iter().map(|held| (held.key.clone(), held)));
        }
        noted.note(cases.keys());
        Ok((cases, more))
    }

    async fn batch(
        &self,
        conn: &mut PgConnection,
        through: Option<Timestamp>,
        which: &Which,
    ) -> Result<Fired, Error> {
        let (mut cases, more) = self.claim(conn, through, which).await?;
        if cases.is_empty() {
            return Ok((Look::default(), Vec::new()));
        }
        fail::fail_point!("fire.claimed", |_| std::process::abort());
        aside::clear(conn, cases.keys(), Work::Firing).await?;
        let mut due: BTreeMap<Key, Vec<(Told, Timestamp)>> = BTreeMap::new();
        for (key, told, now) in due::of_cases(conn, cases.keys()).await? {
            due.entry(key).or_default().push((told, now));
        }
        let held_back = inputs::held_back(conn, due.keys()).await?;
        let mut look = Look { more, ..Look::default() };
        let (mut outcome, mut lateness) = (Outcome::default(), Vec::new());
        let mut calls: BTreeMap<Key, Vec<Call>> = BTreeMap::new();
        let recorded_at = self.desk.now();
        for (key, clocks) in due {
            let Some(held) = cases.remove(&key) else { continue };
            let (mut changed, mut emitted) = (Vec::new(), Vec::new());
            let through = through.filter(|_| !held_back.contains(&key));
            for (told, now) in clocks {
                let firing = fire(&told, now, through);
                let late = |at: Timestamp| Duration::try_from(now.duration_since(at)).unwrap_or_default();
                if let Some(warning) = firing.warning {
                    look.warned += 1;
                    lateness.push((What::Warning, late(warning.at)));
                    calls.entry(key.clone()).or_default().push(Call::warned(&firing.told, &warning));
                    emitted.push(publish::warning(&firing.told, warning));
                }
                if let Some(breach) = &firing.breach {
                    look.note(breach);
                    lateness.push((What::Breach, late(breach.due_at)));
                    if !breach.lapsed && !breach.is_over {
                        calls.entry(key.clone()).or_default().push(Call::breached(&firing.told, breach));
                    }
                    emitted.push(publish::breach(&firing.told, breach));
                }
                if firing.told != told {
                    changed.push((firing.told, None));
                }
            }
            outcome.put(held, changed, emitted, recorded_at, |_| None);
        }
        outcome.save(conn, &self.desk.noted).await?;
        self.escalate(conn, &outcome.cases, calls).await?;
        fail::fail_point!("fire.before_commit", |_| std::process::abort());
        Ok((look, lateness))
    }

    /// Writes down whom what was fired calls; for most clocks nobody.
    async fn escalate(
        &self,
        conn: &mut PgConnection,
        fired: &[Held],
        mut calls: BTreeMap<Key, Vec<Call>>,
    ) -> Result<(), Error> {
        calls.retain(|_, calls| calls.iter().any(escalate::reaches_somebody));
        if calls.is_empty() {
            return Ok(());
        }
        let facts = fact::of_cases(conn, calls.keys()).await?;
        let books = books(&self.desk.books, conn, fired).await?;
        let mut tickets = Vec::new();
        for (key, calls) in calls {
            let book = books.get(&key.0).ok_or_else(|| Error::Defect("a tenant without a book".into()))?;
            let known = facts.get(&key).map(Vec::as_slice).unwrap_or_default();
            tickets.extend(escalate::tickets(&key, known, calls, book)?);
        }
        escalation::insert(conn, &tickets).await
    }

    /// How long to wait: until the next share is to be warned of, and no longer than `period`; that alone where an index
    /// tells what is due.
    async fn until_next(&self, period: Duration) -> Duration {
        if self.desk.noted.is_relied_on() {
            return period;
        }
        let next = async {
            let mut conn = self.desk.db.pool().acquire().await?;
            due::next_warning_in(&mut conn).await
        };
        match next.await {
            // A claim that another has taken is still due: not at once again.
            Ok(Some(seconds)) => Duration::try_from_secs_f64(seconds).unwrap_or(SOON).clamp(SOON, period),
            _ => period,
        }
    }

    async fn count(self, stop: CancellationToken) {
        loop {
            let counts = async {
                let mut conn = self.desk.db.pool().acquire().await?;
                due::counts(&mut conn).await
            };
            match counts.await {
                Ok(counts) => self.telemetry.count(counts),
                Err(error) => tracing::debug!(%error, "clocks could not be counted"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(COUNTED_EVERY) => {}
            }
        }
    }
}

/// Between two looks at least, so that what another worker is about to fire is not asked for all the time.
const SOON: Duration = Duration::from_millis(2);
