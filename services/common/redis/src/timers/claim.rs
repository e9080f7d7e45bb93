use std::time::Duration;

use redis::{Pipeline, RedisResult, Value};

use super::timer::malformed;
use super::{PER_COMMAND, Timer, TimerIndex, integer, read};
use crate::answers::{Run, each_answer};
use crate::{RedisError, keys};

/// Timers that a script moves at most: it holds up all other commands for 5 to 10 µs a timer.
const MOST: usize = 1_000;

/// What was claimed, and how things stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Due timers, given to nobody else until the lease ends.
    pub timers: Vec<Timer>,
    /// Redis' clock, in milliseconds since 1970: the one that decided, put right where another is to.
    pub now_ms: i64,
    /// When the next timer of these shards is due; in the past where the limit left some.
    pub next_due_ms: Option<i64>,
}

impl TimerIndex {
    /// Claims what is due in `shards`, at most `limit` (up to 1,000) of each, for the time of the `lease`.
    ///
    /// Whoever has claimed a timer looks into the database, and then says [`finish`](Self::finish). One that the
    /// database still has to do, since the clocks differ or somebody else holds it, is [postponed](Self::postpone).
    ///
    /// Dropped half-way, or answered too late for the call's limit, it leaves timers claimed until their lease ends.
    pub async fn claim(&self, shards: &[u16], limit: usize, lease: Duration) -> Result<Claimed, RedisError> {
        self.claim_ahead(shards, limit, lease, 0).await
    }

    /// The same where another clock decides, which Redis' own is ahead of by `ahead_ms`; behind, if that is negative.
    pub async fn claim_ahead(
        &self,
        shards: &[u16],
        limit: usize,
        lease: Duration,
        ahead_ms: i64,
    ) -> Result<Claimed, RedisError> {
        let lease = lease.as_millis().max(1);
        let arguments = [limit.clamp(1, MOST).to_string(), lease.to_string(), ahead_ms.to_string()];
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

    /// Lets the lease of claimed timers end at an instant of their own by Redis' clock, in milliseconds since 1970: then
    /// [`reap`](Self::reap) returns them. One whose lease has ended already stays as it is.
    pub async fn postpone(&self, timers: &[(Timer, i64)]) -> Result<(), RedisError> {
        for timers in timers.chunks(PER_COMMAND) {
            let mut pipeline = Pipeline::new();
            for (timer, until) in timers {
                let key = keys::timers_in_flight(self.prefix, self.shard_of(timer.key));
                pipeline.cmd("ZADD").arg(key).arg("XX").arg(until).arg(timer.entry());
            }
            for answer in each_answer(&self.redis, "timers.postpone", pipeline).await? {
                answer.map_err(RedisError::Unexpected)?;
            }
        }
        Ok(())
    }

    /// Redis' clock, in milliseconds since 1970.
    pub async fn now(&self) -> Result<i64, RedisError> {
        let time = |mut connection| async move { redis::cmd("TIME").query_async(&mut connection).await };
        let (seconds, micros): (i64, i64) = self.redis.call("timers.now", time).await?;
        Ok(seconds * 1_000 + micros / 1_000)
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

    fn runs(&self, shards: &[u16], arguments: &[String]) -> Vec<Run> {
        let keys =
            |shard| vec![keys::timers_due(self.prefix, shard), keys::timers_in_flight(self.prefix, shard)];
        shards.iter().map(|&shard| Run { keys: keys(shard), arguments: arguments.to_vec() }).collect()
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
