//! Clocks that were computed with an older version of a calendar are computed anew, in the background and throttled.
//!
//! What is to be done is not kept as a job: it is every open clock whose calendar has a newer version. So nothing can be
//! forgotten, whichever process published, died or lagged behind.

use std::time::Duration;

use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use tokio_util::sync::CancellationToken;

use super::Desk;
use super::recount::{Known, Outcome};
use crate::domain::telling::Told;
use crate::error::Error;
use crate::store::{case, outdated};

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
        loop {
            let pause = match self.step(BATCH.min(per_second)).await {
                Ok(0) => PERIOD,
                Ok(done) => Duration::from_secs_f64(f64::from(done) / f64::from(per_second)),
                Err(error) => {
                    tracing::warn!(%error, "clocks could not be computed anew");
                    PERIOD
                }
            };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Computes the clocks of some complaints anew; how many complaints.
    pub async fn step(&self, most: u32) -> Result<u32, Error> {
        let mut conn = self.desk.db.pool().acquire().await?;
        let found = outdated::some(&mut conn, most).await?;
        drop(conn);
        let Some((tenant, calendar, complaints)) = found else { return Ok(0) };
        let count = u32::try_from(complaints.len()).unwrap_or(u32::MAX);
        let desk = self.desk.clone();
        self.desk
            .db
            .run_tx("recalculate_clocks", move |conn| {
                let (desk, tenant, calendar) = (desk.clone(), tenant.clone(), calendar.clone());
                let keys = complaints.iter().map(|complaint| (tenant.clone(), *complaint)).collect();
                Box::pin(async move { renew(&desk, conn, &tenant, &calendar, &keys).await })
            })
            .await?;
        self.desk.wake.wake();
        Ok(count)
    }
}

async fn renew(
    desk: &Desk,
    conn: &mut PgConnection,
    tenant: &TenantId,
    calendar: &str,
    keys: &std::collections::BTreeSet<case::Key>,
) -> Result<(), Error> {
    let cases = case::lock(conn, keys).await?;
    let book = desk.books.fresh(conn, tenant).await?;
    let now = desk.now();
    let mut outcome = Outcome::default();
    // What is over, or was breached, keeps what it was computed with.
    let stays = |told: &Told| {
        told.is_over()
            || told.breached_at.is_some()
            || told.calendar.as_ref().is_none_or(|pin| pin.id != calendar)
    };
    for known in Known::load(conn, cases).await? {
        outcome.add(known, &book, now, stays, |_| None)?;
    }
    outcome.save(conn, &desk.noted).await
}
