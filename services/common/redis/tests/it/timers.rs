use std::collections::HashSet;
use std::num::NonZeroU16;
use std::time::Duration;

use redis::RedisResult;
use redress_devstack::shared;
use redress_redis::{Armed, IndexSize, Redis, Timer, TimerIndex, keys};

use crate::{client, eventually};

/// Longer than any test.
pub(crate) const LONG: Duration = Duration::from_mins(10);
pub(crate) const SHARDS: u16 = 4;

/// An index of one test, by its prefix. Keys of earlier runs are gone: the server may have been shared by them.
async fn index(prefix: &'static str) -> TimerIndex {
    let redis = client(&shared().await.redis, 5_000);
    let stale: Vec<String> = (0..SHARDS)
        .flat_map(|shard| {
            [
                keys::timers_due(prefix, shard),
                keys::timers_in_flight(prefix, shard),
                keys::timers_mark(prefix, shard),
            ]
        })
        .collect();
    let delete = |mut c| async move { redis::cmd("DEL").arg(stale).exec_async(&mut c).await };
    redis.call("DEL", delete).await.unwrap();
    index_in(redis, prefix)
}

pub(crate) fn index_in(redis: Redis, prefix: &'static str) -> TimerIndex {
    TimerIndex::new(redis, prefix, NonZeroU16::new(SHARDS).unwrap())
}

/// A timer of generation 1.
pub(crate) fn timer(key: i64, due_ms: i64) -> Timer {
    Timer { key, generation: 1, due_ms }
}

pub(crate) fn timers(keys: std::ops::Range<i64>, due_ms: i64) -> Vec<Timer> {
    keys.map(|key| timer(key, due_ms)).collect()
}

/// What the index gives out now.
pub(crate) async fn claimed(index: &TimerIndex, lease: Duration) -> Vec<Timer> {
    let mut claimed = index.claim(&index.shards(), 1_000, lease).await.unwrap().timers;
    claimed.sort_unstable();
    claimed
}

/// Redis' clock, asked by itself.
async fn now_ms(redis: &Redis) -> i64 {
    let time = |mut c| async move { redis::cmd("TIME").query_async(&mut c).await };
    let (seconds, micros): (i64, i64) = redis.call("TIME", time).await.unwrap();
    seconds * 1_000 + micros / 1_000
}

#[tokio::test]
async fn what_is_due_is_claimed_once_and_gone_when_it_is_finished() {
    let index = index("due").await;
    let armed = timers(0..2_500, 1_000);
    assert_eq!(index.arm(&armed).await.unwrap(), Armed { armed: 2_500, no_room: 0 });
    let shards = index.shards();
    let first = index.claim(&shards, 100, LONG).await.unwrap();
    assert_eq!(first.timers.len(), 400, "a hundred of each shard");
    assert_eq!(first.next_due_ms, Some(1_000), "more is waiting");
    let mut all = first.timers;
    all.extend(claimed(&index, LONG).await);
    all.sort_unstable();
    assert_eq!(all, armed);
    assert_eq!(claimed(&index, LONG).await, []);
    assert_eq!(index.size().await.unwrap(), IndexSize { armed: 0, in_flight: 2_500 });
    index.finish(&all).await.unwrap();
    assert_eq!(index.size().await.unwrap(), IndexSize::default());
    assert_eq!(index.reap(&shards).await.unwrap(), 0);
}

#[tokio::test]
async fn nothing_is_claimed_before_its_time_by_the_clock_of_redis() {
    let (index, redis) = (index("early").await, client(&shared().await.redis, 5_000));
    let start = now_ms(&redis).await;
    let soon: Vec<Timer> = (0..300).map(|n| timer(n, start + n)).collect();
    let later = timers(1_000..1_100, start + 3_600_000);
    index.arm(&soon).await.unwrap();
    index.arm(&later).await.unwrap();
    let mut seen = HashSet::new();
    eventually("all that is due soon", async || {
        let claimed = index.claim(&index.shards(), 1_000, LONG).await.unwrap();
        let now = now_ms(&redis).await;
        assert!((start..=now).contains(&claimed.now_ms), "{} is not the time", claimed.now_ms);
        for timer in claimed.timers {
            assert!(timer.due_ms <= claimed.now_ms, "{timer:?} came early, before {now}");
            assert!(seen.insert(timer), "{timer:?} came twice");
        }
        (seen.len() == soon.len()).then_some(())
    })
    .await;
    assert_eq!(index.next_due(&index.shards()).await.unwrap(), Some(start + 3_600_000));
    assert_eq!(index.claim(&index.shards(), 1, LONG).await.unwrap().next_due_ms, Some(start + 3_600_000));
    assert_eq!(index.size().await.unwrap().armed, 100);
}

#[tokio::test]
async fn many_workers_at_once_never_share_a_timer() {
    let index = index("workers").await;
    let armed = timers(0..5_000, 1_000);
    index.arm(&armed).await.unwrap();
    let workers = (0..8).map(|_| {
        let index = index.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = index.claim(&index.shards(), 37, LONG).await.unwrap().timers;
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed);
            }
        })
    });
    let mut all = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        all.extend(worker.await.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, armed);
}

#[tokio::test]
async fn a_timer_whose_worker_died_comes_back_after_the_lease_with_its_own_time() {
    let index = index("lease").await;
    let armed = timers(0..10, 1_000);
    index.arm(&armed).await.unwrap();
    assert_eq!(claimed(&index, Duration::from_millis(1)).await, armed);
    let mut back = 0;
    eventually("the timers' return", async || {
        back += index.reap(&index.shards()).await.unwrap();
        (back == 10).then_some(())
    })
    .await;
    assert_eq!(claimed(&index, LONG).await, armed);
    assert_eq!(index.reap(&index.shards()).await.unwrap(), 0, "the new lease runs");
    assert_eq!(claimed(&index, LONG).await, []);
}

#[tokio::test]
async fn arming_again_changes_nothing_and_gives_nothing_out_twice() {
    let index = index("again").await;
    let armed = timers(0..50, 1_000);
    index.arm(&armed).await.unwrap();
    index.arm(&armed).await.unwrap();
    assert_eq!(index.size().await.unwrap().armed, 50);
    assert_eq!(claimed(&index, LONG).await, armed);
    index.arm(&armed).await.unwrap();
    assert_eq!(claimed(&index, LONG).await, [], "they are in flight");
    index.finish(&armed[..20]).await.unwrap();
    index.arm(&armed).await.unwrap();
    assert_eq!(claimed(&index, LONG).await, armed[..20], "what was finished may be armed anew");
}

#[tokio::test]
async fn armed_again_while_in_flight_it_is_given_out_once_the_lease_has_ended() {
    let index = index("flying").await;
    let armed = timers(0..5, 1_000);
    index.arm(&armed).await.unwrap();
    assert_eq!(claimed(&index, Duration::from_millis(1)).await, armed);
    // The shards' leases end one after the other.
    let mut all = Vec::new();
    eventually("the end of the lease", async || {
        index.arm(&armed).await.unwrap();
        all.extend(claimed(&index, LONG).await);
        (all.len() >= armed.len()).then_some(())
    })
    .await;
    all.sort_unstable();
    assert_eq!(all, armed);
    assert_eq!(index.size().await.unwrap(), IndexSize { armed: 0, in_flight: 5 });
}

#[tokio::test]
async fn each_generation_is_a_timer_of_its_own_and_may_be_taken_out() {
    let index = index("generations").await;
    let old = timer(1, 1_000);
    let new = Timer { generation: 2, due_ms: 2_000, ..old };
    index.arm(&[old, new]).await.unwrap();
    index.disarm(&[old]).await.unwrap();
    assert_eq!(claimed(&index, LONG).await, [new]);
}

#[tokio::test]
async fn a_stranger_among_the_timers_goes_and_holds_up_nobody() {
    let (index, redis) = (index("stranger").await, client(&shared().await.redis, 5_000));
    let key = keys::timers_due("stranger", index.shard_of(1));
    let add = |mut c| async move {
        let added: RedisResult<u64> =
            redis::cmd("ZADD").arg(key).arg(1).arg("nonsense").query_async(&mut c).await;
        added
    };
    assert_eq!(redis.call("ZADD", add).await.unwrap(), 1);
    index.arm(&[timer(1, 1_000)]).await.unwrap();
    assert_eq!(claimed(&index, LONG).await, [timer(1, 1_000)]);
    assert_eq!(index.size().await.unwrap(), IndexSize { armed: 0, in_flight: 1 });
}

#[tokio::test]
async fn one_shard_that_fails_keeps_nobody_from_the_timers_of_the_others() {
    let (index, redis) = (index("spoilt").await, client(&shared().await.redis, 5_000));
    let armed = timers(0..8, 1_000);
    index.arm(&armed).await.unwrap();
    let key = keys::timers_due("spoilt", 0);
    let spoil = |mut c| async move { redis::cmd("SET").arg(key).arg("text").exec_async(&mut c).await };
    redis.call("SET", spoil).await.unwrap();
    let of_others: Vec<Timer> =
        armed.iter().copied().filter(|timer| index.shard_of(timer.key) != 0).collect();
    assert_eq!(claimed(&index, LONG).await, of_others);
    assert!(
        index.claim(&index.shards(), 1, LONG).await.is_err(),
        "with nothing to give out the fault is told"
    );
}

#[tokio::test]
async fn nothing_to_do_is_done() {
    let index = index("nothing").await;
    assert_eq!(index.arm(&[]).await.unwrap(), Armed::default());
    index.disarm(&[]).await.unwrap();
    index.finish(&[]).await.unwrap();
    assert_eq!(index.claim(&[], 10, LONG).await.unwrap().timers, []);
    assert_eq!(index.next_due(&index.shards()).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_due_by_a_clock_that_redis_is_ahead_of_is_claimed_by_that_one() {
    let (index, redis) = (index("ahead").await, client(&shared().await.redis, 5_000));
    let start = now_ms(&redis).await;
    index.arm(&[timer(0, start - 60_000), timer(1, start)]).await.unwrap();
    let shards = index.shards();
    let due = async |ahead: i64| {
        let claimed = index.claim_ahead(&shards, 10, LONG, ahead).await.unwrap();
        assert!(claimed.now_ms >= start, "it tells Redis' own time");
        claimed.timers
    };
    assert_eq!(due(3_600_000).await, []);
    assert_eq!(due(30_000).await, [timer(0, start - 60_000)]);
    assert_eq!(due(-30_000).await, [timer(1, start)]);
    assert!((start..start + 3_600_000).contains(&index.now().await.unwrap()));
}

#[tokio::test]
async fn a_timer_that_is_postponed_comes_back_at_its_instant_with_its_own_due_time() {
    let index = index("postponed").await;
    index.arm(&timers(0..2, 1_000)).await.unwrap();
    assert_eq!(claimed(&index, LONG).await, timers(0..2, 1_000));
    let now = index.now().await.unwrap();
    let finished = timer(9, 1_000);
    index
        .postpone(&[(timer(0, 1_000), now + 100), (timer(1, 1_000), now + 3_600_000), (finished, 0)])
        .await
        .unwrap();
    let shards = index.shards();
    eventually("it comes back", async || (index.reap(&shards).await.unwrap() > 0).then_some(())).await;
    assert!(index.now().await.unwrap() >= now + 100, "not before");
    assert_eq!(claimed(&index, LONG).await, [timer(0, 1_000)]);
    assert_eq!(index.reap(&shards).await.unwrap(), 0);
}
