//! Keeping the index: it is filled whenever it is lost or lacks something, and gets what comes within the horizon.

use std::time::Duration;

use redress_redis::{IndexState, RebuildError, RedisError, Timer, TimerIndex};
use tokio::time::{Instant, sleep};

use super::{Desk, HORIZON, PAGE, Standing};
use crate::error::Error;
use crate::store::soon;

/// How often it is looked whether the index is whole: by its marks, which go with it, and the server's run id, which
/// another start does not have. With the limit of a call a loss is noticed within a second; see the configuration.
const LOOK: Duration = Duration::from_millis(400);
/// How long a call to Redis may take for that.
pub(crate) const LONGEST_CALL: Duration = Duration::from_millis(600);
/// How long a filling that failed waits.
const AGAIN: Duration = Duration::from_secs(1);

/// Keeps `index`.
pub(super) struct Keeper<'a> {
    pub(super) index: &'a TimerIndex,
    pub(super) desk: &'a Desk,
    pub(super) standing: &'a Standing,
    pub(super) holder: &'a str,
    /// How often timers that come into the horizon are added.
    pub(super) roll: Duration,
}

impl Keeper<'_> {
    pub(super) async fn run(&self) {
        let mut rolled = Instant::now();
        loop {
            if !self.look().await {
                if self.fill().await {
                    rolled = Instant::now();
                } else {
                    sleep(AGAIN).await;
                }
                continue;
            }
            if rolled.elapsed() < self.roll {
                sleep(LOOK).await;
                continue;
            }
            rolled = Instant::now();
            // However long that takes, a loss is noticed meanwhile; then it is filled anew from the beginning.
            tokio::select! {
                () = self.roll() => {}
                () = self.lost() => {}
            }
        }
    }

    /// Looks how the index stands; whether it can be relied on.
    async fn look(&self) -> bool {
        let whole = matches!(self.index.state().await, Ok(IndexState::Whole));
        self.standing.set_whole(whole);
        self.standing.is_relied_on()
    }

    /// Looks on until it cannot be relied on.
    async fn lost(&self) {
        loop {
            sleep(LOOK).await;
            if !self.look().await {
                return;
            }
        }
    }

    /// Fills the index; whether that was done. Afterwards the next look says that it is whole.
    async fn fill(&self) -> bool {
        self.standing.set_whole(false);
        // Before the database is read: what comes to lack something later says so again.
        let lacked = self.standing.take_lacking();
        match self.rebuild().await {
            Ok(Some(timers)) => {
                tracing::info!(timers, "the timer index is filled");
                return true;
            }
            // Another process is at it, or there is no room yet.
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "the timer index is not filled yet"),
        }
        if lacked {
            self.standing.set_lacking();
        }
        false
    }

    /// How many timers it was filled with; none if it was not.
    async fn rebuild(&self) -> Result<Option<usize>, KeepError> {
        let Some(mut rebuild) = self.index.begin_rebuild(self.holder).await? else { return Ok(None) };
        let mut after = None;
        loop {
            let page = self.page(after).await?;
            rebuild.add(&page.timers).await?;
            // What found no room is not there: the marks of this filling run out.
            if rebuild.no_room() > 0 {
                return Ok(None);
            }
            after = page.last;
            if after.is_none() {
                return Ok(Some(rebuild.finish().await?.timers.armed));
            }
        }
    }

    async fn roll(&self) {
        if let Err(error) = self.add_all().await {
            self.standing.set_lacking();
            tracing::debug!(%error, "timers of the next minutes are not armed; the sweep finds them");
        }
    }

    async fn add_all(&self) -> Result<(), KeepError> {
        let mut after = None;
        loop {
            let page = self.page(after).await?;
            if self.index.arm(&page.timers).await?.no_room > 0 {
                self.standing.set_lacking();
            }
            after = page.last;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn page(&self, after: Option<soon::Place>) -> Result<Page, KeepError> {
        let mut conn = self.desk.db.pool().acquire().await.map_err(Error::from)?;
        let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let found = soon::page(&mut conn, HORIZON, after, limit).await?;
        let last = found.last().filter(|_| found.len() == PAGE).map(|one| one.place);
        let timers = found.iter().map(|one| Timer::new(one.place.id, one.generation, one.place.at)).collect();
        Ok(Page { timers, last })
    }
}

struct Page {
    timers: Vec<Timer>,
    /// Where the next page begins; none at the end.
    last: Option<soon::Place>,
}

#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error(transparent)]
    Database(#[from] Error),
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
    #[error(transparent)]
    Redis(#[from] RedisError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_noticed_within_a_second_if_a_call_takes_as_long_as_it_may() {
        assert!(LOOK + LONGEST_CALL <= Duration::from_secs(1));
    }
}
