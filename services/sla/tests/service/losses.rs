//! A loss of the index is noticed within a second, whatever its keeper is about.

use std::time::Duration;

use redress_devstack::{Part, Stack, StackOptions};
use redress_testkit::wait_until;
use tokio::time::{MissedTickBehavior, interval};

use crate::bench::Bench;
use crate::redis::{Kept, SOON, command, index, warned_in};

const TICK: Duration = Duration::from_millis(10);
/// Of a second.
const TICKS: u32 = 100;

async fn own_redis() -> Stack {
    Stack::start(StackOptions { parts: &[Part::Redis], ..StackOptions::default() }).await.unwrap()
}

/// The index is not relied on any more before a second has passed. It is counted in ticks that this process had time for: a
/// machine that is busy with others gives the keeper as few.
async fn is_noticed(kept: &Kept, loss: &str) {
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..TICKS {
        if !kept.bench.desk.noted.is_relied_on() {
            return;
        }
        tick.tick().await;
    }
    panic!("{loss}: not noticed within a second");
}

#[tokio::test]
async fn redis_that_stands_still_or_is_emptied_is_not_relied_on_within_a_second() {
    let stack = own_redis().await;
    let url = stack.endpoints().redis.clone();
    let kept = Kept::start(Bench::new().await, &index(&url, "sla-noticed"));
    warned_in(1, 600).heard(&kept.bench).await;
    kept.relies(true).await;

    stack.pause(Part::Redis);
    is_noticed(&kept, "it stands still").await;
    stack.resume(Part::Redis);
    kept.relies(true).await;

    // Without room for a timer it cannot be filled again before anybody has seen that it was lost.
    assert_eq!(command(&url, "CONFIG SET maxmemory-policy noeviction").await, "+OK");
    assert_eq!(command(&url, "CONFIG SET maxmemory 1").await, "+OK");
    assert_eq!(command(&url, "FLUSHALL").await, "+OK");
    is_noticed(&kept, "it was emptied").await;
    assert_eq!(command(&url, "CONFIG SET maxmemory 0").await, "+OK");
    kept.relies(true).await;

    kept.end().await;
    stack.stop().await;
}

#[tokio::test]
async fn it_is_noticed_while_the_timers_of_the_next_minutes_are_being_added() {
    let stack = own_redis().await;
    let url = stack.endpoints().redis.clone();
    let kept = Kept::rolling(Bench::new().await, &index(&url, "sla-rolling"));
    kept.relies(true).await;
    // The database does not answer the question for them.
    let mut holding = kept.bench.db.pool().begin().await.unwrap();
    sqlx::query("LOCK TABLE clock IN ACCESS EXCLUSIVE MODE").execute(&mut *holding).await.unwrap();
    let asked = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = 'clock'::regclass";
    wait_until("they are asked for", SOON, async || {
        sqlx::query_scalar(asked).fetch_one(kept.bench.db.pool()).await.unwrap_or(false).then_some(())
    })
    .await;
    kept.relies(true).await;
    assert_eq!(command(&url, "FLUSHALL").await, "+OK");
    is_noticed(&kept, "it was emptied").await;
    holding.rollback().await.unwrap();
    kept.relies(true).await;
    kept.end().await;
    stack.stop().await;
}
