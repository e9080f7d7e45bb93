//! What is due soon, so that nobody has to ask the database every few milliseconds.
//!
//! The database is the truth: which timers there are, which have fired. The index only says *which to look at now*. So
//! it may hold timers that are long done (looking finds nothing to do), may give one out twice (the second look finds
//! nothing to do), and may lose any of them (a sweep over the database finds them a little later). Its own promises:
//! nothing before its time by Redis' clock, or by another whose distance from it the worker knows; nothing to two workers
//! at once within the lease; and that a loss of Redis is noticed.
//!
//! Refused: expiry events of keys (told when the key is deleted, not when it is due, and to nobody who is away), one
//! sorted set for all (its script would hold up everybody), popping without a lease (what a dying worker has popped is
//! gone), and a client's clock in the scripts (it may be ten minutes ahead).

mod claim;
mod rebuild;
mod state;
mod timer;

use std::fmt;
use std::num::NonZeroU16;
use std::sync::Arc;

use redis::{Pipeline, RedisResult, Value};

pub use claim::Claimed;
pub use rebuild::{Rebuild, RebuildError, Rebuilt};
pub use state::IndexState;
pub use timer::Timer;

use crate::answers::{PipelinedScript, each_answer};
use crate::measure::rebuilt;
use crate::{Redis, RedisError, keys};
use timer::malformed;

/// Timers of one command, and of one pipeline: a call must end within its limit.
const PER_COMMAND: usize = 500;
const PER_PIPELINE: usize = 8_000;

/// An index of the timers that are due within a horizon. Clones share it.
///
/// Give it a [`Redis`] of its own with a limit of some 100 ms: its calls take longer than requests should wait.
#[derive(Clone)]
pub struct TimerIndex {
    redis: Redis,
    prefix: &'static str,
    shards: u16,
    scripts: Arc<Scripts>,
}

struct Scripts {
    claim: PipelinedScript,
    reap: PipelinedScript,
    begin: PipelinedScript,
    complete: PipelinedScript,
}

/// What came of arming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Armed {
    /// Timers that are in the index now.
    pub armed: usize,
    /// Timers that found no room: Redis' memory is full. The sweep will find them, late. Worth an alarm.
    pub no_room: usize,
}

/// How many timers the index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IndexSize {
    /// Armed and not claimed.
    pub armed: u64,
    /// Claimed and not finished.
    pub in_flight: u64,
}

impl TimerIndex {
    /// The index under `prefix`, in as many shards as every process must name alike; 16 to 64 suit.
    ///
    /// After a change of the number, timers of shards that are no more wait for the sweep; nothing else happens.
    pub fn new(redis: Redis, prefix: &'static str, shards: NonZeroU16) -> Self {
        let scripts = Arc::new(Scripts {
            claim: PipelinedScript::new("timers.claim", include_str!("../scripts/timers_claim.lua")),
            reap: PipelinedScript::new("timers.reap", include_str!("../scripts/timers_reap.lua")),
            begin: PipelinedScript::new("timers.begin", include_str!("../scripts/timers_begin.lua")),
            complete: PipelinedScript::new("timers.complete", include_str!("../scripts/timers_complete.lua")),
        });
        rebuilt(prefix, 0);
        Self { redis, prefix, shards: shards.get(), scripts }
    }

    /// Every shard.
    pub fn shards(&self) -> Vec<u16> {
        (0..self.shards).collect()
    }

    /// The shard of a timer.
    pub fn shard_of(&self, key: i64) -> u16 {
        // The remainder is below a u16. The last bits of an id are random, so shards are equally full.
        u16::try_from(key.rem_euclid(i64::from(self.shards))).unwrap_or(0)
    }

    /// Arms timers. Safe to repeat: a timer that is armed already, or is in flight, is not given out twice for it.
    ///
    /// To be called after the commit that made them: an index that knows less than the database is only late.
    pub async fn arm(&self, timers: &[Timer]) -> Result<Armed, RedisError> {
        let mut armed = Armed::default();
        for timers in timers.chunks(PER_PIPELINE) {
            let mut sizes = Vec::new();
            let mut pipeline = Pipeline::new();
            for (shard, timers) in self.by_shard(timers) {
                for timers in timers.chunks(PER_COMMAND) {
                    let add = pipeline.cmd("ZADD").arg(keys::timers_due(self.prefix, shard));
                    for timer in timers {
                        add.arg(timer.due_ms).arg(&timer.member()[..]);
                    }
                    sizes.push(timers.len());
                }
            }
            let answers = each_answer(&self.redis, "timers.arm", pipeline).await?;
            for (size, answer) in sizes.into_iter().zip(answers) {
                match answer {
                    Ok(_) => armed.armed += size,
                    Err(error) if error.code() == Some("OOM") => armed.no_room += size,
                    Err(error) => return Err(RedisError::Unexpected(error)),
                }
            }
        }
        Ok(armed)
    }

    /// Takes armed timers out again. Not needed for what is right, only to spare a look: a timer whose generation has
    /// passed finds nothing to do.
    pub async fn disarm(&self, timers: &[Timer]) -> Result<(), RedisError> {
        let due = |shard| keys::timers_due(self.prefix, shard);
        self.remove("timers.disarm", timers, due, |timer| timer.member().to_vec()).await
    }

    /// How many timers there are.
    pub async fn size(&self) -> Result<IndexSize, RedisError> {
        let mut pipeline = Pipeline::new();
        for shard in 0..self.shards {
            pipeline.cmd("ZCARD").arg(keys::timers_due(self.prefix, shard));
            pipeline.cmd("ZCARD").arg(keys::timers_in_flight(self.prefix, shard));
        }
        let mut size = IndexSize::default();
        for (at, answer) in each_answer(&self.redis, "timers.size", pipeline).await?.into_iter().enumerate() {
            let count: u64 = read(answer)?;
            if at % 2 == 0 { size.armed += count } else { size.in_flight += count }
        }
        Ok(size)
    }

    /// Timers grouped by their shards, which come in order; no empty groups.
    fn by_shard(&self, timers: &[Timer]) -> Vec<(u16, Vec<Timer>)> {
        let mut groups: Vec<Vec<Timer>> = vec![Vec::new(); usize::from(self.shards)];
        for timer in timers {
            groups[usize::from(self.shard_of(timer.key))].push(*timer);
        }
        (0..).zip(groups).filter(|(_, group)| !group.is_empty()).collect()
    }

    async fn remove(
        &self,
        operation: &'static str,
        timers: &[Timer],
        key: impl Fn(u16) -> String,
        member: impl Fn(&Timer) -> Vec<u8>,
    ) -> Result<(), RedisError> {
        for timers in timers.chunks(PER_PIPELINE) {
            let mut pipeline = Pipeline::new();
            for (shard, timers) in self.by_shard(timers) {
                for timers in timers.chunks(PER_COMMAND) {
                    let remove = pipeline.cmd("ZREM").arg(key(shard));
                    for timer in timers {
                        remove.arg(member(timer));
                    }
                }
            }
            for answer in each_answer(&self.redis, operation, pipeline).await? {
                answer.map_err(RedisError::Unexpected)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for TimerIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimerIndex({}, {} shards)", self.prefix, self.shards)
    }
}

fn read<T: redis::FromRedisValue>(answer: RedisResult<Value>) -> Result<T, RedisError> {
    let value = answer.map_err(RedisError::Unexpected)?;
    T::from_redis_value(value).map_err(|error| RedisError::Unexpected(error.into()))
}

fn integer(value: &Value) -> Result<i64, RedisError> {
    match value {
        Value::Int(number) => Ok(*number),
        _ => Err(malformed()),
    }
}
