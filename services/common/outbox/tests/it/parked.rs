use std::sync::atomic::Ordering;

use redress_messaging::Outgoing;
use redress_outbox::Guard;
use redress_proto::admin::v1::admin_service_server::AdminService as _;
use redress_proto::admin::v1::{DiscardParkedRequest, ListParkedRequest, Position, RedriveParkedRequest};

use redress_domain::Clock as _;
use redress_testkit::wait_until;

use crate::ledger::{Ledger, SOURCE, WallClock, meta};
use crate::world::{LIMIT, PARTITIONS, Running, World, admin_request, aggregate, stream};

/// An aggregate whose second event is poison, among others that are well.
async fn with_poison(world: &World, poison: &[u8]) {
    world.produce(stream(30, 1)).await;
    world.produce([(meta(aggregate(7), 2), poison.to_vec())]).await;
    world.produce((0..30).filter(|n| *n != 7).map(|n| (meta(aggregate(n), 2), b"ok".to_vec()))).await;
    world.produce((0..30).map(|n| (meta(aggregate(n), 3), b"ok".to_vec()))).await;
}

async fn causes(world: &World) -> Vec<(i64, String)> {
    sqlx::query_as("SELECT aggregate_version, cause FROM parked_event WHERE status = 'parked' ORDER BY 1")
        .fetch_all(world.db.pool())
        .await
        .unwrap()
}

async fn redrive(running: &Running, positions: Vec<Position>) -> (i32, i32, i32) {
    let topic = SOURCE.to_owned();
    let request = RedriveParkedRequest { positions, topic, reason: "mended".to_owned() };
    let answer = running.admin.redrive_parked(admin_request(request)).await.unwrap().into_inner();
    (answer.applied, answer.dropped, answer.still_parked)
}

async fn listed(running: &Running) -> Vec<redress_proto::admin::v1::ParkedEvent> {
    let request = ListParkedRequest::default();
    running.admin.list_parked(admin_request(request)).await.unwrap().into_inner().events
}

/// Parks by `poison`, checks that all others flow, mends the handler and redrives.
async fn parks_and_mends(poison: &[u8], cause: &str) {
    let world = World::new().await;
    let ledger = Ledger::default();
    with_poison(&world, poison).await;
    let running = world.start(ledger.clone());
    world.wait_for_ledger(88).await;
    world.wait_for_parked(2).await;
    assert_eq!(causes(&world).await, [(2, cause.to_owned()), (3, "BEHIND_PARKED".to_owned())]);
    assert_eq!(world.applied().await[&aggregate(7)], [1]);

    assert_eq!(redrive(&running, Vec::new()).await, (0, 0, 2), "still poison");
    let first = &listed(&running).await[0];
    assert_eq!((first.cause.as_str(), first.aggregate_id.as_str()), (cause, &*aggregate(7).to_string()));
    assert!(!first.detail.contains("told to"), "nothing of a panic's or record's text");

    ledger.mended.store(true, Ordering::Relaxed);
    // More of the same key arrives while it waits.
    world.produce([(meta(aggregate(7), 4), b"ok".to_vec())]).await;
    world.wait_for_parked(3).await;
    assert_eq!(redrive(&running, Vec::new()).await, (3, 0, 0));
    assert_eq!(redrive(&running, Vec::new()).await, (0, 0, 0), "repeating is harmless");
    assert_eq!(world.applied().await[&aggregate(7)], [1, 2, 3, 4]);
    // And the live consumer goes on with the key.
    world.produce([(meta(aggregate(7), 5), b"ok".to_vec())]).await;
    world.wait_for_ledger(92).await;
    assert_eq!(world.applied().await[&aggregate(7)], [1, 2, 3, 4, 5]);
    running.stop().await;
}

/// Up to when the source has been applied, seconds since 1970.
async fn applied_through(world: &World) -> Option<i64> {
    let found = redress_outbox::watermarks(world.db.pool(), &[SOURCE, "test.never.v1"]).await.unwrap();
    assert!(found.iter().all(|watermark| watermark.topic == SOURCE), "nobody reads the other");
    found.first()?.applied_through.map(jiff::Timestamp::as_second)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watermark_follows_the_clock_and_a_parked_record_holds_it_back_until_it_is_settled() {
    let world = World::new().await;
    assert_eq!(applied_through(&world).await, None);
    let ledger = Ledger::default();
    let running = world.start(ledger.clone());
    let begun = WallClock.now().as_second();
    wait_until("the clock is followed", LIMIT, async || {
        applied_through(&world).await.filter(|at| *at >= begun)
    })
    .await;
    world.produce([(meta(aggregate(1), 1), b"refuse".to_vec())]).await;
    world.wait_for_parked(1).await;
    let parked_at = WallClock.now().as_second();
    wait_until("the partitions moved on", LIMIT, async || {
        let moved = format!("progress WHERE extract(epoch FROM applied_through) > {}", parked_at + 1);
        (world.count(&moved).await == i64::from(PARTITIONS)).then_some(())
    })
    .await;
    assert!(applied_through(&world).await.unwrap() <= parked_at);
    ledger.mended.store(true, Ordering::Relaxed);
    assert_eq!(redrive(&running, Vec::new()).await, (1, 0, 0));
    assert!(applied_through(&world).await.unwrap() > parked_at);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undecodable_record_is_parked_with_what_follows_it_and_applied_once_mended() {
    parks_and_mends(b"\xff\xfe", "UNDECODABLE").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_is_found_by_bisection() {
    parks_and_mends(b"refuse", "HANDLER_REFUSED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_makes_the_handler_panic_is_found_by_bisection() {
    parks_and_mends(b"panic", "HANDLER_PANICKED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_parked_until_what_was_missing_arrives() {
    let world = World::new().await;
    let record = |version| (meta(aggregate(0), version), b"ok".to_vec());
    world.produce([1, 3, 4].map(record)).await;
    let running = world.start(Ledger::default());
    world.wait_for_parked(2).await;
    assert_eq!(causes(&world).await, [(3, "GAP".to_owned()), (4, "BEHIND_PARKED".to_owned())]);
    assert_eq!(redrive(&running, Vec::new()).await, (0, 0, 2), "the gap is still there");
    world.produce([record(2)]).await;
    world.wait_for_parked(3).await;
    assert_eq!(redrive(&running, Vec::new()).await, (3, 0, 0));
    assert_eq!(world.applied().await[&aggregate(0)], [1, 2, 3, 4]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_accepted_only_where_an_operator_names_the_record() {
    let world = World::new().await;
    let record = |version| (meta(aggregate(0), version), b"ok".to_vec());
    world.produce([1, 3, 4].map(record)).await;
    let running = world.start(Ledger::default());
    world.wait_for_parked(2).await;
    let gap = listed(&running).await.remove(0).position.unwrap();
    assert_eq!(redrive(&running, vec![gap]).await, (2, 0, 0));
    assert_eq!(world.applied().await[&aggregate(0)], [1, 3, 4]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_record_is_listed_with_the_aggregate_that_its_key_names() {
    let world = World::new().await;
    world.produce([(meta(aggregate(1), 1), b"refuse".to_vec())]).await;
    let bare =
        |key: String| Outgoing { topic: SOURCE.into(), key, headers: Vec::new(), payload: b"?".to_vec() };
    for key in [aggregate(2).to_string(), "of nobody".to_owned()] {
        world.producer.send(bare(key)).await.unwrap();
    }
    // Without versions: the inbox knows no aggregate.
    let (group, wake) = world.group(Guard::Own, Ledger::default());
    let running = world.start_group(group, wake);
    world.wait_for_parked(3).await;
    let mut aggregates: Vec<String> =
        listed(&running).await.into_iter().map(|event| event.aggregate_id).collect();
    aggregates.sort();
    assert_eq!(aggregates, [String::new(), aggregate(1).to_string(), aggregate(2).to_string()]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_counts_as_seen_and_stays_on_record() {
    let world = World::new().await;
    world
        .produce([(meta(aggregate(0), 1), b"ok".to_vec()), (meta(aggregate(0), 2), b"refuse".to_vec())])
        .await;
    world.produce([(meta(aggregate(0), 3), b"ok".to_vec())]).await;
    let running = world.start(Ledger::default());
    world.wait_for_parked(2).await;
    let poison = listed(&running).await.remove(0).position.unwrap();
    let request = DiscardParkedRequest { positions: vec![poison.clone()], reason: "a test order".to_owned() };
    let answer = running.admin.discard_parked(admin_request(request.clone())).await.unwrap().into_inner();
    assert_eq!(answer.discarded, 1);
    let again = running.admin.discard_parked(admin_request(request)).await.unwrap().into_inner();
    assert_eq!(again.discarded, 0);
    assert_eq!(redrive(&running, Vec::new()).await, (1, 0, 0));
    world.produce([(meta(aggregate(0), 4), b"ok".to_vec())]).await;
    world.wait_for_ledger(3).await;
    assert_eq!(world.applied().await[&aggregate(0)], [1, 3, 4]);
    let record: (String, String, String) =
        sqlx::query_as("SELECT status, settled_by, reason FROM parked_event WHERE aggregate_version = 2")
            .fetch_one(world.db.pool())
            .await
            .unwrap();
    assert_eq!(record, ("discarded".to_owned(), "operator".to_owned(), "a test order".to_owned()));
    assert_eq!(world.count("operator_action").await, 3);
    running.stop().await;
}
