//! What is due soon, so that nobody has to ask the database every few milliseconds.
//!
//! The database is the truth: which timers there are, which have fired. The index only says *which to look at now*. So
//! it may hold timers that are long done (looking finds nothing to do), may give one out twice (the second look finds
//! nothing to do), and may lose any of them (a sweep over the database finds them a little later). Its own promises:
//! nothing before its time by Redis' clock, nothing to two workers at once within the lease, and that a loss of Redis
//! is noticed.
//!
//! Refused: expiry events of keys (told when the key is deleted, not when it is due, and to nobody who is away), one
//! sorted set for all (its script would hold up everybody), popping without a lease (what a dying worker has popped is
//! gone), and a client's clock in the scripts (it may be ten minutes ahead).

mod rebuild;
mod state;
mod timer;

use std::fmt;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use redis::{Pipeline, RedisResult, Value};

pub use rebuild::{Rebuild, RebuildError, Rebuilt};
pub use state::IndexState;
pub use timer::Timer;

use crate::answers::{PipelinedScript, Run, each_answer};
use crate::{Redis, RedisError, keys};
use timer::malformed;

/// Timers that a script moves at most: it holds up all other commands for 5 µs a timer.
const MOST: usize = 1_000;
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

/// What was claimed, and how things stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Due timers, given to nobody else until the lease ends.
    pub timers: Vec<Timer>,
    /// Redis' clock, in milliseconds since 1970: the one that decided.
    pub now_ms: i64,
    /// When the next timer of these shards is due; in the past where the limit left some.
    pub next_due_ms: Option<i64>,
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

    /// Claims what is due in `shards`, at most `limit` (up to 1,000) of each, for the time of the `lease`.
    ///
    /// Whoever has claimed a timer looks into the database, and then says [`finish`](Self::finish). One that the
    /// database calls not yet due, since the clocks differ, is left alone: it comes back when its lease ends.
    ///
    /// Dropped half-way, or answered too late for the call's limit, it leaves timers claimed until then, too.
    pub async fn claim(&self, shards: &[u16], limit: usize, lease: Duration) -> Result<Claimed, RedisError> {
        let arguments = [limit.clamp(1, MOST).to_string(), lease.as_millis().max(1).to_string()];
        let answers = self.scripts.claim.run(&self.redis, &self.runs(shards, &arguments)).await?;
        let mut claimed = Claimed { timers: Vec::new(), now_ms: 0, next_due_ms: None };
        let mut failed = None;
        for (shard, answer) in shards.iter().zip(answers) {
            if let Err(error) = claimed.take(answer) {
                // The others' timers are claimed by now, so they are given out.
                tracing::warn!(timers.shard = shard, error.message = %error, "a shard's timers cannot be claimed");
                failed = Some(error);
            }
        }
        match failed {
            Some(error) if claimed.timers.is_empty() => Err(error),
            _ => Ok(claimed),
        }
    }

    /// Says that the database has been asked about claimed timers: nobody has to look at them again.
    pub async fn finish(&self, timers: &[Timer]) -> Result<(), RedisError> {
        let in_flight = |shard| keys::timers_in_flight(self.prefix, shard);
        self.remove("timers.finish", timers, in_flight, Timer::entry).await
    }

    /// Returns timers whose lease has ended to those that are due, at most 1,000 of each shard; how many. To be called
    /// every second or so by somebody.
    pub async fn reap(&self, shards: &[u16]) -> Result<usize, RedisError> {
        let runs = self.runs(shards, &[MOST.to_string()]);
        let mut back = 0;
        for answer in self.scripts.reap.run(&self.redis, &runs).await? {
            back += usize::try_from(integer(&answer.map_err(RedisError::Unexpected)?)?).unwrap_or(0);
        }
        Ok(back)
    }

    /// When the next timer of `shards` is due, in milliseconds since 1970. [`claim`](Self::claim) tells it, too.
    pub async fn next_due(&self, shards: &[u16]) -> Result<Option<i64>, RedisError> {
        let mut pipeline = Pipeline::new();
        for &shard in shards {
            pipeline.cmd("ZRANGE").arg(keys::timers_due(self.prefix, shard)).arg(0).arg(0).arg("WITHSCORES");
        }
        let mut next: Option<i64> = None;
        for answer in each_answer(&self.redis, "timers.next", pipeline).await? {
            let first: Vec<(Vec<u8>, i64)> = read(answer)?;
            next = first.first().map(|(_, due)| *due).into_iter().chain(next).min();
        }
        Ok(next)
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

    fn runs(&self, shards: &[u16], arguments: &[String]) -> Vec<Run> {
        let keys =
            |shard| vec![keys::timers_due(self.prefix, shard), keys::timers_in_flight(self.prefix, shard)];
        shards.iter().map(|&shard| Run { keys: keys(shard), arguments: arguments.to_vec() }).collect()
    }
}

impl fmt::Debug for TimerIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimerIndex({}, {} shards)", self.prefix, self.shards)
    }
}

impl Claimed {
    fn take(&mut self, answer: RedisResult<Value>) -> Result<(), RedisError> {
        let answer = answer.map_err(RedisError::Unexpected)?;
        let Value::Array(parts) = &answer else { return Err(malformed()) };
        let [now, next, entries @ ..] = parts.as_slice() else { return Err(malformed()) };
        self.now_ms = self.now_ms.max(integer(now)?);
        let next = if matches!(next, Value::Nil) { None } else { Some(integer(next)?) };
        self.next_due_ms = next.into_iter().chain(self.next_due_ms).min();
        self.timers.reserve(entries.len());
        for entry in entries {
            self.timers.push(Timer::read(entry)?);
        }
        Ok(())
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
