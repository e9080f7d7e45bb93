use std::time::Duration;

use redis::Pipeline;
use thiserror::Error;

use super::state::{BUILDING, whole_mark};
use super::{Armed, Timer, TimerIndex, integer, read};
use crate::answers::{Run, each_answer};
use crate::measure::rebuilt;
use crate::{RedisError, keys};

/// How long a mark of a rebuild lives that nobody renews: a process that died makes room for another.
const MARK_TTL: Duration = Duration::from_secs(10);

/// Why a rebuild did not end well. Nothing is spoilt: it is begun again.
#[derive(Debug, Clone, Error)]
pub enum RebuildError {
    /// The index was lost again meanwhile, or 10 s passed without a further page.
    #[error("the timer index was lost again while it was rebuilt")]
    LostAgain,
    /// Redis gave no answer.
    #[error(transparent)]
    Redis(#[from] RedisError),
}

/// What a rebuild did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// Timers, and those that found no room.
    pub timers: Armed,
}

/// A rebuild under way. Claims, arming and finishing go on meanwhile: what is in place already is claimed in time.
///
/// Read what the database holds *after* [`TimerIndex::begin_rebuild`]: whatever is committed later arms itself.
#[derive(Debug)]
pub struct Rebuild {
    index: TimerIndex,
    mark: String,
    run_id: String,
    timers: Armed,
}

impl TimerIndex {
    /// Begins to fill the index anew, unless another process is at it. `holder` names this process; of one holder the
    /// latest rebuild counts.
    pub async fn begin_rebuild(&self, holder: &str) -> Result<Option<Rebuild>, RedisError> {
        let (run_id, _) = self.marks().await?;
        let own = format!("{BUILDING}{holder}:");
        // The first shard's mark is the lock for all.
        let Some(mark) = self.begin(&[0], &own, "").await?.pop().flatten() else { return Ok(None) };
        let others: Vec<u16> = (1..self.shards).collect();
        self.begin(&others, &own, &mark).await?;
        Ok(Some(Rebuild { index: self.clone(), mark, run_id, timers: Armed::default() }))
    }

    async fn begin(&self, shards: &[u16], own: &str, mark: &str) -> Result<Vec<Option<String>>, RedisError> {
        let arguments = [own.to_owned(), mark.to_owned(), MARK_TTL.as_millis().to_string()];
        let runs = self.mark_runs(shards.iter().copied(), &arguments);
        self.scripts.begin.run(&self.redis, &runs).await?.into_iter().map(read).collect()
    }

    fn mark_runs(&self, shards: impl Iterator<Item = u16>, arguments: &[String]) -> Vec<Run> {
        let keys = |shard| vec![keys::timers_mark(self.prefix, shard)];
        shards.map(|shard| Run { keys: keys(shard), arguments: arguments.to_vec() }).collect()
    }
}

impl Rebuild {
    /// Timers so far that found no room: Redis' memory is full. An index that lacks them is better not called whole.
    pub fn no_room(&self) -> usize {
        self.timers.no_room
    }

    /// Adds a page of what the database holds; some thousand timers suit.
    pub async fn add(&mut self, timers: &[Timer]) -> Result<(), RebuildError> {
        let armed = self.index.arm(timers).await?;
        self.timers.armed += armed.armed;
        self.timers.no_room += armed.no_room;
        // After the page, not before: had it gone into an index that was then lost, the marks are gone with it.
        let mut pipeline = Pipeline::new();
        for shard in 0..self.index.shards {
            let key = keys::timers_mark(self.index.prefix, shard);
            pipeline.cmd("GETEX").arg(key).arg("PX").arg(MARK_TTL.as_millis().to_string());
        }
        for answer in each_answer(&self.index.redis, "timers.renew", pipeline).await? {
            let mark: Option<String> = read(answer)?;
            if mark.as_deref() != Some(&self.mark) {
                return Err(RebuildError::LostAgain);
            }
        }
        Ok(())
    }

    /// Says that all has been added.
    pub async fn finish(self) -> Result<Rebuilt, RebuildError> {
        // A server that was started again in between, with some of its data, may lack some of ours.
        if self.index.marks().await?.0 != self.run_id {
            return Err(RebuildError::LostAgain);
        }
        let arguments = [self.mark.clone(), whole_mark(&self.run_id)];
        let runs = self.index.mark_runs(0..self.index.shards, &arguments);
        for answer in self.index.scripts.complete.run(&self.index.redis, &runs).await? {
            if integer(&answer.map_err(RedisError::Unexpected)?)? != 1 {
                return Err(RebuildError::LostAgain);
            }
        }
        rebuilt(self.index.prefix, 1);
        Ok(Rebuilt { timers: self.timers })
    }
}
