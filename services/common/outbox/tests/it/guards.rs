use std::sync::atomic::Ordering;

use redress_messaging::{EventMeta, Outgoing};
use redress_outbox::Guard;
use redress_proto::admin::v1::RedriveParkedRequest;
use redress_proto::admin::v1::admin_service_server::AdminService as _;
use redress_testkit::wait_until;

use crate::ledger::{Ledger, SOURCE, meta};
use crate::world::{LIMIT, World, admin_request, aggregate, stream};

#[tokio::test(flavor = "multi_thread")]
async fn events_take_effect_once_and_in_order_and_are_published_on() {
    let world = World::new().await;
    world.produce(stream(100, 5)).await;
    let running = world.start(Ledger::default());
    world.wait_for_ledger(500).await;
    world.check(100, 5).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_relay_publishes_again_is_dropped() {
    let world = World::new().await;
    world.produce(stream(20, 3)).await;
    // The whole run again, as after a lost lease.
    world.produce(stream(20, 5)).await;
    let running = world.start(Ledger::default());
    world.wait_for_ledger(100).await;
    world.check(20, 5).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_with_keys_of_its_own_sees_every_record_once_per_position() {
    let world = World::new().await;
    world.produce(stream(30, 2)).await;
    let run = || {
        let (group, wake) = world.group(Guard::Own, Ledger::default());
        world.start_group(group, wake)
    };
    let running = run();
    world.wait_for_ledger(60).await;
    running.stop().await;
    // A restart goes on where the position is, not where it began.
    let running = run();
    world.produce(stream(1, 1)).await;
    world.wait_for_ledger(61).await;
    assert_eq!(world.count("ledger").await, 61);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_of_no_use_is_passed_over_and_its_version_counts() {
    let world = World::new().await;
    let other = EventMeta { event_type: "test.v1.Other".into(), ..meta(aggregate(0), 2) };
    let records = [(meta(aggregate(0), 1), 1), (other, 2), (meta(aggregate(0), 3), 3)];
    world.produce(records.into_iter().map(|(meta, _)| (meta, b"ok".to_vec()))).await;
    let running = world.start(Ledger::default());
    world.wait_for_ledger(2).await;
    assert_eq!(world.applied().await[&aggregate(0)], [1, 3]);
    assert_eq!(world.count("parked_event").await, 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_dependency_is_away_the_batch_waits_and_nothing_is_parked() {
    let world = World::new().await;
    let ledger = Ledger::default();
    ledger.away.store(true, Ordering::Relaxed);
    world.produce(stream(10, 2)).await;
    let running = world.start(ledger.clone());
    wait_until("the partitions are shown as paused", LIMIT, async || {
        let status = crate::admin::consumers(&running.admin).await;
        status.iter().any(|partition| partition.paused).then_some(())
    })
    .await;
    assert_eq!(world.count("ledger").await, 0);
    ledger.away.store(false, Ordering::Relaxed);
    world.wait_for_ledger(20).await;
    world.check(10, 2).await;
    assert_eq!(world.count("parked_event").await, 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_may_use_one_key_and_neither_waits_behind_the_other() {
    let world = World::new().await;
    let fact = |tenant: &str| EventMeta { tenant: tenant.parse().unwrap(), ..meta(aggregate(1_001), 1) };
    world.produce([(fact("acme"), b"refuse".to_vec())]).await;
    world.produce([(fact("acme"), b"behind".to_vec())]).await;
    world.produce([(fact("other"), b"ok".to_vec())]).await;
    let ledger = Ledger::default();
    let (group, wake) = world.group(Guard::Own, ledger.clone());
    let running = world.start_group(group, wake);
    world.wait_for_ledger(1).await;
    world.wait_for_parked(2).await;
    // And so for those that come later, behind what waits in the database.
    world.produce([(fact("other"), b"ok".to_vec())]).await;
    world.produce([(fact("acme"), b"behind".to_vec())]).await;
    world.wait_for_ledger(2).await;
    world.wait_for_parked(3).await;
    assert_eq!(world.count("ledger WHERE text = 'ok'").await, 2);
    ledger.mended.store(true, Ordering::Relaxed);
    let request =
        RedriveParkedRequest { topic: SOURCE.into(), reason: "mended".into(), ..Default::default() };
    let answer = running.admin.redrive_parked(admin_request(request)).await.unwrap().into_inner();
    assert_eq!((answer.applied, answer.still_parked), (3, 0));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_lack_what_the_guard_needs_are_parked() {
    let world = World::new().await;
    let without = EventMeta { version: None, ..meta(aggregate(0), 1) };
    world.produce([(without, b"ok".to_vec())]).await;
    let bare = Outgoing {
        topic: SOURCE.into(),
        key: "bare".to_owned(),
        headers: Vec::new(),
        payload: b"?".to_vec(),
    };
    world.producer.send(bare).await.unwrap();
    let running = world.start(Ledger::default());
    world.wait_for_parked(2).await;
    let details: Vec<String> = sqlx::query_scalar("SELECT detail FROM parked_event ORDER BY detail")
        .fetch_all(world.db.pool())
        .await
        .unwrap();
    assert_eq!(details, ["header ce_specversion: missing", "header ce_version: missing"]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_large_records_is_bounded_by_its_bytes() {
    let world = World::new().await;
    let large = "x".repeat(200_000).into_bytes();
    world.produce((0..100).map(|n| (meta(aggregate(n), 1), large.clone()))).await;
    let ledger = Ledger::default();
    let running = world.start(ledger.clone());
    world.wait_for_ledger(100).await;
    running.stop().await;
    let largest = ledger.largest.load(Ordering::Relaxed);
    assert!((400_000..(4 << 20) + 201_000).contains(&largest), "{largest} bytes in one batch");
}
