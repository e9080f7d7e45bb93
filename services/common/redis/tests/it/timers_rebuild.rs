use redress_devstack::{Part, Stack, StackOptions};
use redress_redis::{IndexState, Rebuild, RebuildError, Redis, TimerIndex};

use crate::timers::{LONG, claimed, index_in, timer, timers};
use crate::{client, eventually};

async fn stack() -> Stack {
    Stack::start(StackOptions { parts: &[Part::Redis], ..StackOptions::default() }).await.unwrap()
}

async fn run(redis: &Redis, command: &[&str]) {
    let run = |mut c| async move {
        let (name, arguments) = command.split_first().unwrap();
        redis::cmd(name).arg(arguments).exec_async(&mut c).await
    };
    redis.call("RAW", run).await.unwrap();
}

async fn begun(index: &TimerIndex, holder: &str) -> Rebuild {
    index.begin_rebuild(holder).await.unwrap().unwrap()
}

async fn rebuilt(index: &TimerIndex, keys: std::ops::Range<i64>) {
    let mut rebuild = begun(index, "a").await;
    rebuild.add(&timers(keys, 1_000)).await.unwrap();
    rebuild.finish().await.unwrap();
    assert_eq!(index.state().await.unwrap(), IndexState::Whole);
}

#[tokio::test]
async fn flushed_the_loss_is_noticed_and_the_index_is_rebuilt_while_claims_go_on() {
    let stack = stack().await;
    let redis = client(&stack.endpoints().redis, 5_000);
    let index = index_in(redis.clone(), "sla");
    index.lost().await;
    rebuilt(&index, 0..10).await;
    assert_eq!(claimed(&index, LONG).await.len(), 10);

    let watch = tokio::spawn({
        let index = index.clone();
        async move { index.lost().await }
    });
    run(&redis, &["FLUSHALL"]).await;
    run(&redis, &["SCRIPT", "FLUSH"]).await;
    watch.await.unwrap();

    let mut rebuild = begun(&index, "a").await;
    assert_eq!(index.state().await.unwrap(), IndexState::Rebuilding);
    rebuild.add(&timers(0..10, 1_000)).await.unwrap();
    assert_eq!(claimed(&index, LONG).await, timers(0..10, 1_000), "in place, so claimed");
    index.arm(&[timer(50, 1_000)]).await.unwrap();
    rebuild.add(&timers(10..20, 1_000)).await.unwrap();
    assert_eq!(rebuild.finish().await.unwrap().timers.armed, 20);
    let mut rest = timers(10..20, 1_000);
    rest.push(timer(50, 1_000));
    assert_eq!(claimed(&index, LONG).await, rest);
    stack.stop().await;
}

#[tokio::test]
async fn restarted_empty_the_loss_is_noticed() {
    let stack = stack().await;
    let index = index_in(client(&stack.endpoints().redis, 5_000), "sla");
    rebuilt(&index, 0..10).await;
    stack.kill(Part::Redis).await;
    stack.start_part(Part::Redis).await.unwrap();
    index.lost().await;
    rebuilt(&index, 0..10).await;
    assert_eq!(claimed(&index, LONG).await.len(), 10);
    stack.stop().await;
}

#[tokio::test]
async fn restarted_with_old_data_it_is_lost_too_for_the_last_second_may_be_missing() {
    let stack = stack().await;
    let redis = client(&stack.endpoints().redis, 5_000);
    let index = index_in(redis.clone(), "sla");
    rebuilt(&index, 0..10).await;
    run(&redis, &["SAVE"]).await;
    stack.kill(Part::Redis).await;
    stack.start_part(Part::Redis).await.unwrap();
    let back = async || index.size().await.ok().filter(|size| size.armed == 10);
    eventually("the old data", back).await;
    assert_eq!(index.state().await.unwrap(), IndexState::Lost);
    stack.stop().await;
}

#[tokio::test]
async fn one_at_a_time_rebuilds_and_a_dead_one_makes_room() {
    let stack = stack().await;
    let redis = client(&stack.endpoints().redis, 5_000);
    let index = index_in(redis.clone(), "sla");
    let mut first = begun(&index, "a").await;
    assert!(index.begin_rebuild("b").await.unwrap().is_none());
    let second = begun(&index, "a").await;
    assert!(matches!(first.add(&[]).await, Err(RebuildError::LostAgain)), "the latest of a holder counts");
    drop(second);
    assert_eq!(index.state().await.unwrap(), IndexState::Rebuilding);
    // What the end of its time does.
    run(&redis, &["DEL", "sla:{0}:mark"]).await;
    assert_eq!(index.state().await.unwrap(), IndexState::Lost);
    begun(&index, "b").await.finish().await.unwrap();
    assert_eq!(index.state().await.unwrap(), IndexState::Whole);
    begun(&index, "a").await;
    stack.stop().await;
}

#[tokio::test]
async fn a_mark_of_a_rebuild_does_not_outlive_it() {
    let stack = stack().await;
    let redis = client(&stack.endpoints().redis, 5_000);
    let index = index_in(redis.clone(), "sla");
    let _begun = begun(&index, "a").await;
    for shard in index.shards() {
        let key = redress_redis::keys::timers_mark("sla", shard);
        let ttl = |mut c| async move { redis::cmd("PTTL").arg(key).query_async::<i64>(&mut c).await };
        assert!((1..=10_000).contains(&redis.call("PTTL", ttl).await.unwrap()));
    }
    stack.stop().await;
}

#[tokio::test]
async fn lost_again_in_the_middle_the_rebuild_says_so_and_the_next_one_is_whole() {
    let stack = stack().await;
    let redis = client(&stack.endpoints().redis, 5_000);
    let index = index_in(redis.clone(), "sla");
    let mut rebuild = begun(&index, "a").await;
    rebuild.add(&timers(0..10, 1_000)).await.unwrap();
    run(&redis, &["FLUSHALL"]).await;
    assert!(matches!(rebuild.add(&timers(10..20, 1_000)).await, Err(RebuildError::LostAgain)));

    let mut rebuild = begun(&index, "a").await;
    rebuild.add(&timers(0..10, 1_000)).await.unwrap();
    run(&redis, &["FLUSHALL"]).await;
    assert!(matches!(rebuild.finish().await, Err(RebuildError::LostAgain)));
    assert_eq!(index.state().await.unwrap(), IndexState::Lost);
    rebuilt(&index, 0..20).await;
    assert_eq!(claimed(&index, LONG).await.len(), 20);
    stack.stop().await;
}
