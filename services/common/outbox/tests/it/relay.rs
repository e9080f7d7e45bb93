use std::time::Duration;

use redress_messaging::{Producer, TopicSpec, ensure_topics};
use redress_outbox::{Relay, Unpublishable, Wake, enqueue};
use redress_proto::admin::v1::OutboxStatusRequest;
use redress_proto::admin::v1::admin_service_server::AdminService as _;
use redress_testkit::wait_until;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ledger::{Ledger, SINK, event};
use crate::world::{LIMIT, World, admin_request, aggregate};

fn relay(world: &World, name: &str) -> (JoinHandle<()>, CancellationToken, Wake) {
    relay_of(world, name, |relay| relay)
}

fn relay_of(
    world: &World,
    name: &str,
    set: impl FnOnce(Relay) -> Relay,
) -> (JoinHandle<()>, CancellationToken, Wake) {
    let (stop, wake) = (CancellationToken::new(), Wake::default());
    let producer = Producer::for_relay(&world.kafka).unwrap();
    let relay = set(Relay::new(world.db.clone(), producer, name, wake.clone()));
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
async fn who_wakes_the_relay_waits_for_no_period() {
    let world = World::new().await;
    let (running, stop, wake) = relay_of(&world, "a", |relay| relay.looking_every(LIMIT * 60));
    wait_until("leased", LIMIT, async || (!held(&world).await.is_empty()).then_some(())).await;
    for version in 1..=5 {
        decide(&world, 1, version).await;
        wake.wake();
        wait_until("published", LIMIT, async || (world.count("outbox").await == 0).then_some(())).await;
    }
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_wakes_the_relay_for_is_published_soon_all_the_same() {
    let world = World::new().await;
    let (running, stop, _) = relay(&world, "a");
    wait_until("leased", LIMIT, async || (!held(&world).await.is_empty()).then_some(())).await;
    for version in 1..=5 {
        decide(&world, 1, version).await;
        let published = async || (world.count("outbox").await == 0).then_some(());
        wait_until("published", Duration::from_secs(10), published).await;
    }
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_kafka_refuses_holds_up_nothing_else_is_shown_and_goes_on_once_it_is_there() {
    const MISSING: &str = "test.missing.v1";
    let world = World::new().await;
    let running = world.start(Ledger::default());
    let events: Vec<_> = (0..20)
        .flat_map(|n| [event(MISSING, aggregate(n), 1, b"text"), event(SINK, aggregate(n), 1, b"text")])
        .collect();
    let mut connection = world.db.pool().acquire().await.unwrap();
    enqueue(&mut connection, &events).await.unwrap();
    drop(connection);
    let waiting = async |topic: &str| world.count(&format!("outbox WHERE topic = '{topic}'")).await;
    wait_until("the other topic's events are published", LIMIT, async || {
        (waiting(SINK).await == 0).then_some(())
    })
    .await;
    // Also what is decided while it rests.
    decide(&world, 20, 2).await;
    wait_until("those decided later too", LIMIT, async || (waiting(SINK).await == 0).then_some(())).await;
    assert_eq!(waiting(MISSING).await, 20);
    wait_until("operators see it", LIMIT, async || {
        let status = running.admin.outbox_status(admin_request(OutboxStatusRequest {})).await.unwrap();
        (status.into_inner().refused_topics == [MISSING]).then_some(())
    })
    .await;
    let spec = TopicSpec { name: MISSING, partitions: 1, retention: Duration::from_hours(1) };
    ensure_topics(&world.kafka, &[spec]).await.unwrap();
    wait_until("it goes on", LIMIT, async || (waiting(MISSING).await == 0).then_some(())).await;
    assert_eq!(world.read(SINK).await.len(), 40, "nothing was published again and again meanwhile");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_goes_on_where_the_backlog_cannot_be_measured() {
    let world = World::new().await;
    sqlx::query("ALTER TABLE outbox RENAME created_at TO hidden").execute(&world.db).await.unwrap();
    let (running, stop, _) = relay(&world, "a");
    decide(&world, 10, 1).await;
    wait_until("all is published", LIMIT, async || (world.count("outbox").await == 0).then_some(())).await;
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_whose_broker_is_away_ends_soon_when_it_is_told_to() {
    let mut world = World::new().await;
    world.kafka.brokers = "127.0.0.1:1".to_owned();
    let (running, stop, _) = relay(&world, "a");
    decide(&world, 10, 1).await;
    wait_until("leased", LIMIT, async || (!held(&world).await.is_empty()).then_some(())).await;
    // A term later the page is on its way.
    let renewed =
        "outbox_relay WHERE expires_at > (SELECT min(created_at) FROM outbox) + interval '8 seconds'";
    wait_until("renewed with the page on its way", LIMIT, async || {
        (world.count(renewed).await == 1).then_some(())
    })
    .await;
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), running).await.expect("it ends").unwrap();
    assert_eq!(world.count("outbox").await, 10, "what waits stays");
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

#[tokio::test(flavor = "multi_thread")]
async fn receipts_and_redriven_records_that_are_too_old_to_be_asked_for_are_removed() {
    let world = World::new().await;
    let written = "
        INSERT INTO call_receipt (tenant, call_id, fingerprint, outcome, recorded_at)
        SELECT 'acme', gen_random_uuid(), '', '', now() - age * interval '1 day'
        FROM generate_series(1, 31) AS age, generate_series(1, 1100) WHERE age <> 30;
        INSERT INTO parked_event (topic, incarnation, partition, log_offset, headers, payload, recorded_at, event_at,
                                  cause, detail, attempts, status, settled_at)
        SELECT 'events', 0, 0, row_number() OVER (), '[]', '', now(), now(), 'GAP', '', 1, status, now() - age
        FROM unnest(ARRAY['redriven', 'discarded']) AS status,
             unnest(ARRAY[interval '29 days', interval '31 days']) AS age;";
    sqlx::raw_sql(written).execute(world.db.pool()).await.unwrap();
    let (relay, stop, _) = relay(&world, "a");
    wait_until("what is old is gone", LIMIT, async || {
        let left = (world.count("call_receipt").await, world.count("parked_event").await);
        (left == (29 * 1_100, 3)).then_some(())
    })
    .await;
    stop.cancel();
    relay.await.unwrap();
    let kept = "SELECT bool_and(settled_at > now() - interval '30 days') FROM parked_event WHERE status = 'redriven'";
    assert!(sqlx::query_scalar::<_, bool>(kept).fetch_one(world.db.pool()).await.unwrap());
}
