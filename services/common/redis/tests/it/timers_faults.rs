use std::time::Duration;

use redress_devstack::{Part, Stack, StackOptions};
use redress_redis::{Armed, IndexState, Redis, RedisError};
use tokio::time::{Instant, timeout};

use crate::timers::{LONG, claimed, index_in, timers};
use crate::{client, eventually};

/// Long enough for a busy machine to answer in, short enough for many calls to run into.
const LIMIT_MS: u64 = 50;

async fn stack() -> Stack {
    Stack::start(StackOptions { parts: &[Part::Redis], ..StackOptions::default() }).await.unwrap()
}

/// Sets how much memory Redis may take beyond which nothing more is written.
async fn set_memory(redis: &Redis, bytes: &str) {
    for (name, value) in [("maxmemory-policy", "noeviction"), ("maxmemory", bytes)] {
        let set = |mut c| async move {
            redis::cmd("CONFIG").arg("SET").arg(name).arg(value).exec_async(&mut c).await
        };
        redis.call("CONFIG", set).await.unwrap();
    }
}

#[tokio::test]
async fn full_memory_is_told_and_what_is_armed_is_still_claimed_and_finished() {
    let stack = stack().await;
    let redis = client(&stack.endpoints().redis, 5_000);
    let index = index_in(redis.clone(), "sla");
    index.arm(&timers(0..100, 1_000)).await.unwrap();
    set_memory(&redis, "1").await;
    assert_eq!(index.arm(&timers(100..200, 1_000)).await.unwrap(), Armed { armed: 0, no_room: 100 });
    assert_eq!(claimed(&index, Duration::from_millis(1)).await.len(), 100);
    let mut back = 0;
    eventually("the end of the lease", async || {
        back += index.reap(&index.shards()).await.unwrap();
        (back == 100).then_some(())
    })
    .await;
    let again = claimed(&index, LONG).await;
    assert_eq!(again, timers(0..100, 1_000));
    index.finish(&again).await.unwrap();

    // A rebuild takes what finds room and says what does not; the sweep has the rest. It is not tried for ever.
    let mut rebuild = index.begin_rebuild("a").await.unwrap().unwrap();
    rebuild.add(&timers(0..100, 1_000)).await.unwrap();
    assert_eq!(rebuild.finish().await.unwrap().timers, Armed { armed: 0, no_room: 100 });
    assert_eq!(index.state().await.unwrap(), IndexState::Whole);

    set_memory(&redis, "0").await;
    assert_eq!(index.arm(&timers(100..200, 1_000)).await.unwrap().armed, 100);
    assert_eq!(claimed(&index, LONG).await.len(), 100);
    stack.stop().await;
}

#[tokio::test]
async fn hanging_it_delays_few_calls_and_goes_on_with_all_it_had() {
    let stack = stack().await;
    let url = stack.endpoints().redis.clone();
    index_in(client(&url, 5_000), "sla").arm(&timers(0..50, 1_000)).await.unwrap();
    let index = index_in(client(&url, LIMIT_MS), "sla");
    eventually("the first answer", async || index.size().await.ok()).await;
    stack.pause(Part::Redis);
    let (batch, mut waited) = (timers(50..60, 1_000), 0);
    for _ in 0..30 {
        let start = Instant::now();
        let answer = in_time(index.claim(&[0, 1], 10, LONG)).await;
        assert!(matches!(answer, Err(RedisError::Unavailable)), "{answer:?}");
        assert!(matches!(in_time(index.arm(&batch)).await, Err(RedisError::Unavailable)));
        assert!(matches!(in_time(index.state()).await, Err(RedisError::Unavailable)), "away is not lost");
        waited += usize::from(start.elapsed() >= Duration::from_millis(LIMIT_MS));
    }
    assert!(waited <= 10, "{waited} of 30 rounds waited for the limit");
    stack.resume(Part::Redis);
    // Claims that were on the way may be carried out late; they come back after their lease. So may the arming.
    let index = index_in(client(&url, 5_000), "sla");
    let known = index.size().await.unwrap();
    assert!((50..=60).contains(&(known.armed + known.in_flight)), "{known:?}");
    stack.stop().await;
}

#[tokio::test]
async fn a_claim_that_nobody_waited_for_comes_back() {
    let stack = stack().await;
    let url = stack.endpoints().redis.clone();
    let patient = index_in(client(&url, 5_000), "sla");
    patient.arm(&timers(0..50, 1_000)).await.unwrap();
    let hasty = index_in(client(&url, LIMIT_MS), "sla");
    eventually("the first answer", async || hasty.size().await.ok()).await;
    // The script is known from now on: the claim below is carried out when nobody waits for it any more.
    assert_eq!(patient.claim(&[0], 1, Duration::from_millis(1)).await.unwrap().timers.len(), 1);
    stack.pause(Part::Redis);
    assert!(hasty.claim(&hasty.shards(), 100, Duration::from_millis(1)).await.is_err());
    stack.resume(Part::Redis);
    let mut all = Vec::new();
    eventually("all timers", async || {
        patient.reap(&patient.shards()).await.unwrap();
        let claimed = claimed(&patient, LONG).await;
        patient.finish(&claimed).await.unwrap();
        all.extend(claimed);
        (all.len() == 50).then_some(())
    })
    .await;
    all.sort_unstable();
    assert_eq!(all, timers(0..50, 1_000));
    stack.stop().await;
}

#[tokio::test]
async fn the_scripts_are_taught_again_to_a_server_that_has_forgotten_them() {
    let stack = stack().await;
    let redis = client(&stack.endpoints().redis, 5_000);
    let index = index_in(redis.clone(), "sla");
    index.arm(&timers(0..50, 1_000)).await.unwrap();
    for _ in 0..2 {
        let flush = |mut c| async move { redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut c).await };
        redis.call("SCRIPT", flush).await.unwrap();
        index.claim(&index.shards(), 1, LONG).await.unwrap();
        index.reap(&index.shards()).await.unwrap();
    }
    assert_eq!(index.size().await.unwrap().in_flight, 8, "one of each shard, twice");
    stack.stop().await;
}

/// The result of what must end soon, however busy the machine.
async fn in_time<T>(work: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(5), work).await.unwrap()
}
