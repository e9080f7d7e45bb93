use std::time::Duration;

use redress_messaging::Producer;
use redress_outbox::{Relay, Unpublishable, Wake, enqueue};
use redress_testkit::wait_until;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ledger::{SINK, event};
use crate::world::{LIMIT, World, aggregate};

fn relay(world: &World, name: &str) -> (JoinHandle<()>, CancellationToken, Wake) {
    let (stop, wake) = (CancellationToken::new(), Wake::default());
    let producer = Producer::for_relay(&world.kafka).unwrap();
    let relay = Relay::new(world.db.clone(), producer, name, wake.clone());
    let running = relay.run(stop.clone());
    (tokio::spawn(async move { running.await.unwrap() }), stop, wake)
}

async fn held(world: &World) -> Vec<(String, i64)> {
    sqlx::query_as(
        "SELECT holder, count(*) FROM outbox_lease WHERE expires_at > now() GROUP BY holder ORDER BY holder",
    )
    .fetch_all(world.db.pool())
    .await
    .unwrap()
}

async fn decide(world: &World, aggregates: u128, version: i64) {
    let events: Vec<_> = (0..aggregates).map(|n| event(SINK, aggregate(n), version, b"text")).collect();
    let mut connection = world.db.pool().acquire().await.unwrap();
    enqueue(&mut connection, &events).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn relays_share_the_buckets_and_one_takes_over_when_the_other_leaves() {
    let world = World::new().await;
    let (first, stop_first, _) = relay(&world, "a");
    wait_until("one relay has all", LIMIT, async || {
        (held(&world).await == [("a".to_owned(), 64)]).then_some(())
    })
    .await;
    let (second, stop_second, _) = relay(&world, "b");
    let even = [("a".to_owned(), 32), ("b".to_owned(), 32)];
    wait_until("two relays have half each", LIMIT, async || (held(&world).await == even).then_some(())).await;
    for version in 1..=20 {
        decide(&world, 100, version).await;
    }
    wait_until("all is published", LIMIT, async || (world.count("outbox").await == 0).then_some(())).await;
    stop_first.cancel();
    first.await.unwrap();
    decide(&world, 100, 21).await;
    wait_until("the other publishes all", Duration::from_secs(4), async || {
        (world.count("outbox").await == 0).then_some(())
    })
    .await;
    assert_eq!(world.read(SINK).await.len(), 2_100, "nothing twice while leases hold");
    stop_second.cancel();
    second.await.unwrap();
    assert!(held(&world).await.is_empty(), "given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_with_a_low_id_that_commits_late_is_published_all_the_same() {
    let world = World::new().await;
    let (running, stop, _) = relay(&world, "a");
    let mut late = world.db.pool().begin().await.unwrap();
    enqueue(&mut late, &[event(SINK, aggregate(0), 1, b"late")]).await.unwrap();
    decide(&world, 50, 1).await;
    wait_until("the higher ids are published", LIMIT, async || {
        (world.count("outbox").await == 0).then_some(())
    })
    .await;
    late.commit().await.unwrap();
    wait_until("the lower one too", LIMIT, async || (world.count("outbox").await == 0).then_some(())).await;
    assert_eq!(world.read(SINK).await.len(), 51);
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn waking_is_quicker_than_the_period_and_the_period_suffices() {
    let world = World::new().await;
    let (running, stop, wake) = relay(&world, "a");
    wait_until("leased", LIMIT, async || (!held(&world).await.is_empty()).then_some(())).await;
    decide(&world, 1, 1).await;
    wake.wake();
    decide(&world, 1, 2).await;
    wait_until("both are published", Duration::from_secs(5), async || {
        (world.count("outbox").await == 0).then_some(())
    })
    .await;
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn an_event_that_could_never_be_published_is_refused_when_it_is_decided() {
    let world = World::new().await;
    let mut connection = world.db.pool().acquire().await.unwrap();
    let huge = event(SINK, aggregate(0), 1, &vec![0; 1 << 20]);
    let mut unversioned = event(SINK, aggregate(0), 1, b"text");
    unversioned.meta.version = None;
    for (event, why) in [(huge, Unpublishable::TooLarge), (unversioned, Unpublishable::NoVersion)] {
        match enqueue(&mut connection, &[event]).await {
            Err(sqlx::Error::Encode(refused)) => assert_eq!(refused.downcast_ref(), Some(&why)),
            other => panic!("{other:?}"),
        }
    }
}
