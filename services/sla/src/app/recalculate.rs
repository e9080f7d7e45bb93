//! Clocks that were computed with an older version of a calendar, or of a policy that moves running clocks, are computed
//! anew, in the background and throttled.
//!
//! What is to be done is not kept as a job: it is every open clock whose calendar has a newer version, or that a newer policy
//! moves. So nothing can be forgotten, whichever process published, died or lagged behind.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnection;
use tokio_util::sync::CancellationToken;

use super::Desk;
use super::aside::{Claimed, isolated};
use super::background::repeated;
use super::recount::{Known, Outcome, as_before};
use crate::domain::course::Pin;
use crate::domain::telling::Told;
use crate::error::Error;
use crate::store::aside::Work;
use crate::store::case::Key;
use crate::store::outdated::By;
use crate::store::{aside, case, outdated};

/// Complaints of one transaction at most: their rows are locked meanwhile.
const BATCH: u32 = 50;
/// How often outdated clocks are looked for while there are none.
const PERIOD: Duration = Duration::from_secs(2);

/// Computes outdated clocks anew. Cheap to clone.
#[derive(Clone)]
pub struct Recalculation {
    desk: Desk,
}

impl Recalculation {
    /// By the desk's books and limits.
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    /// Works until `stop`; a task of the service.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let per_second = self.desk.settings.recalculations_per_second;
        let pause = |done| match done {
            0 => PERIOD,
            done => Duration::from_secs_f64(f64::from(done) / f64::from(per_second)),
        };
        let look = || async { Ok(pause(self.step(BATCH.min(per_second)).await?)) };
        repeated(stop, PERIOD, "clocks could not be computed anew", look).await;
        Ok(())
    }

    /// Computes the clocks of some complaints anew; how many complaints.
    pub async fn step(&self, most: u32) -> Result<u32, Error> {
        let mut conn = self.desk.db.pool().acquire().await?;
        let found = outdated::some(&mut conn, most).await?;
        drop(conn);
        let Some(found) = found else { return Ok(0) };
        let keys: BTreeSet<Key> =
            found.complaints.iter().map(|complaint| (found.tenant.clone(), *complaint)).collect();
        let count = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        let claimed = Claimed::default();
        claimed.note(&keys);
        isolated(&self.desk, Work::Recalculation, &claimed, self.transaction(&found.by, keys), |key| {
            let (this, by) = (self.clone(), found.by.clone());
            Box::pin(async move { this.transaction(&by, [key].into()).await })
        })
        .await?;
        self.desk.wake.wake();
        Ok(count)
    }

    async fn transaction(&self, by: &By, keys: BTreeSet<Key>) -> Result<(), Error> {
        let work = Arc::new((self.desk.clone(), by.clone(), keys));
        let renewed = self.desk.db.run_tx("recalculate_clocks", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { renew(&work.0, conn, &work.1, &work.2).await })
        });
        renewed.await
    }
}

async fn renew(desk: &Desk, conn: &mut PgConnection, by: &By, keys: &BTreeSet<Key>) -> Result<(), Error> {
    let cases = case::lock(conn, keys).await?;
    aside::clear(conn, keys, Work::Recalculation).await?;
    let now = desk.now();
    let mut outcome = Outcome::default();
    for known in Known::load(conn, cases).await? {
        let book = desk.books.fresh(conn, &known.held.key.0).await?;
        outcome.add(known, &book, now, |told| anew(told, by), |_| None)?;
    }
    outcome.save(conn, &desk.noted).await
}

/// With what a clock is computed from now on. What is over, or was breached, keeps what it was computed with.
fn anew(told: &Told, by: &By) -> Pin {
    let mut pin = as_before(told);
    if told.is_over() || told.breached_at.is_some() {
        return pin;
    }
    match by {
        By::Calendar(id) if told.calendar.as_ref().is_some_and(|pin| pin.id == *id) => pin.calendar = None,
        By::Policy(version) if told.policy_version < *version => pin.policy = Some(*version),
        By::Calendar(_) | By::Policy(_) => {}
    }
    pin
}
