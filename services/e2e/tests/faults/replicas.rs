use std::time::Duration;

use redress_testkit::{Addresses, wait_until};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::time::Instant;

use crate::world::{SESSION, SOON, World, figure};

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_asked_to_leave_leaves_in_time_and_one_repetition_hides_it() {
    let world = World::shared().await;
    let [one, two] = [(); 2].map(|()| Addresses::claim());
    let (leaving, _staying) =
        tokio::join!(world.intake("one", &one, &[SESSION]), world.intake("two", &two, &[SESSION]));
    let load = world.load(&[&one, &two], 60).start().unwrap();
    load.accepts(60, SOON).await;
    let asked = Instant::now();
    let status = leaving.terminate(Duration::from_secs(10)).await.unwrap();
    figure("asked to leave under load: gone after", asked);
    assert_eq!(status.code(), Some(0));
    load.accepts(60, SOON).await;
    let sent = load.stop().await.unwrap();
    let worse: Vec<_> = sent.iter().filter(|sent| sent.attempts > 2).collect();
    assert!(worse.is_empty(), "{worse:#?}");
    world.all_is_well(&sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_stopped_within_a_batch_until_others_have_its_partitions_writes_nothing_twice() {
    let world = World::shared().await;
    let [zombie_at, other_at] = [(); 2].map(|()| Addresses::claim());
    // So slow before each commit that it is stopped there.
    let slow = [SESSION, ("FAILPOINTS", "register.before_commit=sleep(3000)")];
    let (zombie, _other) =
        tokio::join!(world.intake("zombie", &zombie_at, &slow), world.intake("other", &other_at, &[SESSION]));
    let load = world.load(&[&other_at], 40).start().unwrap();
    load.accepts(40, SOON).await;
    wait_until("the slow one is within a batch", SOON, async || {
        within_a_batch(&world).await.ok()?.then_some(())
    })
    .await;
    zombie.pause();
    let stopped = Instant::now();
    load.accepts(80, SOON).await;
    let accepted = i64::try_from(load.accepted()).unwrap();
    // Keys are spread over all partitions, so the other one must have taken over every one.
    world.registers(accepted).await;
    figure("stopped: its partitions were read by another after", stopped);
    zombie.resume();
    load.accepts(80, SOON).await;
    let sent = load.stop().await.unwrap();
    world.all_is_well(&sent).await;
    assert_eq!(world.evidence.parked().await.unwrap(), 0);
}

/// Whether a transaction has been waiting for its process for long: only the slow one makes it wait.
async fn within_a_batch(world: &World) -> sqlx::Result<bool> {
    let mut database = PgConnection::connect(&world.evidence.database_url).await?;
    sqlx::query_scalar(
        "SELECT count(*) > 0 FROM pg_stat_activity
         WHERE datname = current_database() AND state = 'idle in transaction'
           AND state_change < now() - interval '500 ms'",
    )
    .fetch_one(&mut database)
    .await
}
