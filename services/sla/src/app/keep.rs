//! Forgetting complaints that ended long ago, in the background and throttled, so that the tables do not grow for ever.
//!
//! A complaint is looked at when its time of keeping may be over, and again when something of it is still to come; no table
//! is gone through. What goes, goes in one transaction that holds the complaint's row, as everybody does who changes its
//! clocks. Nothing is told of it: its events stay where they were told. Its row remains, and what is heard of it afterwards
//! is parked ([`Error::Forgotten`]): a deadline that was computed from half a story would be a wrong legal statement.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use tokio_util::sync::CancellationToken;

use super::Desk;
use super::aside::{Claimed, isolated};
use super::background::repeated;
use super::inputs;
use super::recount::{Known, books};
use super::telemetry;
use crate::domain::course::has_ended;
use crate::domain::keeping::{Keeping, Story, keeping};
use crate::error::Error;
use crate::store::aside::Work;
use crate::store::case::{Held, Key};
use crate::store::{aside, case, keeping as store};

/// Complaints of one transaction: their rows are locked meanwhile.
const BATCH: i64 = 50;
/// Between two batches, so that live work has the database.
const BREATH: Duration = Duration::from_millis(250);
/// How often it is looked for while there is nothing: days of keeping need no hurry.
const PERIOD: Duration = Duration::from_mins(10);

/// Forgets. Cheap to clone; any number may run at once, in any number of processes.
#[derive(Clone)]
pub struct Forgetting {
    desk: Desk,
}

/// What one look found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// Complaints that were looked at.
    pub looked_at: usize,
    /// Those that were forgotten.
    pub forgotten: usize,
}

impl Forgetting {
    /// By the desk's limits.
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    /// Works until `stop`; a task of the service.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let pause = |look: Look| if look.looked_at > 0 { BREATH } else { PERIOD };
        let look = || async { Ok(pause(self.look().await?)) };
        let failed = "complaints whose time of keeping is over could not be looked for";
        repeated(stop, PERIOD, failed, look).await;
        Ok(())
    }

    /// Looks at some complaints whose time of keeping may be over.
    pub async fn look(&self) -> Result<Look, Error> {
        let claimed = Claimed::default();
        let all = self.transaction(None, claimed.clone());
        let looks = isolated(&self.desk, Work::Keeping, &claimed, all, |key| {
            let this = self.clone();
            Box::pin(async move { this.transaction(Some(key), Claimed::default()).await })
        });
        let mut look = Look::default();
        for one in looks.await? {
            look.looked_at += one.looked_at;
            look.forgotten += one.forgotten;
        }
        if look.forgotten > 0 {
            tracing::info!(complaints = look.forgotten, "complaints that ended long ago are forgotten");
            telemetry::forgotten(look.forgotten);
        }
        Ok(look)
    }

    async fn transaction(&self, one: Option<Key>, claimed: Claimed) -> Result<Look, Error> {
        let work = Arc::new((self.desk.clone(), one, claimed));
        let looked = self.desk.db.run_tx("forget_complaints", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { look(&work.0, conn, work.1.as_ref(), &work.2).await })
        });
        looked.await
    }
}

async fn look(
    desk: &Desk,
    conn: &mut PgConnection,
    one: Option<&Key>,
    claimed: &Claimed,
) -> Result<Look, Error> {
    let (cases, now) = claim(desk, conn, one).await?;
    let keys: Vec<Key> = cases.iter().map(|held| held.key.clone()).collect();
    claimed.note(&keys);
    aside::clear(conn, &keys, Work::Keeping).await?;
    let books = books(&desk.books, conn, &cases).await?;
    let parked = inputs::held_back(conn, &keys).await?;
    let (mut forgotten, mut kept) = (Vec::new(), Vec::new());
    for known in Known::load(conn, cases).await? {
        let key = known.held.key.clone();
        let book = books.get(&key.0).ok_or_else(|| Error::Defect("a tenant without a book".into()))?;
        let story = Story {
            last_heard: known.facts.iter().map(|fact| fact.at).max(),
            told: &known.told,
            has_ended: has_ended(&known.facts, &**book),
            is_parked: parked.contains(&key),
        };
        match keeping(story, now, desk.settings.kept()) {
            Keeping::Forgotten => forgotten.push(key),
            Keeping::From(at) => kept.push((key, at)),
        }
    }
    store::keep_from(conn, &kept).await?;
    store::forget(conn, &forgotten).await?;
    Ok(Look { looked_at: keys.len(), forgotten: forgotten.len() })
}

/// Complaints whose rows are locked now, and what time it is.
async fn claim(
    desk: &Desk,
    conn: &mut PgConnection,
    one: Option<&Key>,
) -> Result<(Vec<Held>, Timestamp), Error> {
    let now = store::now(conn).await?;
    let cases = match one {
        Some(key) => case::lock_existing(conn, key).await?.into_iter().collect(),
        None => store::claim(conn, desk.settings.kept(), BATCH).await?,
    };
    Ok((cases, now))
}
