use std::sync::atomic::Ordering;

use redress_messaging::Outgoing;
use redress_outbox::{Guard, Watermark, held_back, watermarks, watermarks_of};
use redress_proto::admin::v1::admin_service_server::AdminService as _;
use redress_proto::admin::v1::{DiscardParkedRequest, ListParkedRequest, Position, RedriveParkedRequest};

use redress_domain::Clock as _;
use redress_testkit::wait_until;

use crate::ledger::{Ledger, SOURCE, WallClock, meta};
use crate::world::{LIMIT, Running, World, admin_request, aggregate, stream};

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

fn mark(found: Result<Vec<Watermark>, sqlx::Error>) -> Option<i64> {
    let found = found.unwrap();
    assert!(found.iter().all(|watermark| watermark.topic == SOURCE), "nobody reads the other");
    found.first()?.applied_through.map(jiff::Timestamp::as_second)
}

const TOPICS: [&str; 2] = [SOURCE, "test.never.v1"];

/// Up to when the source has been read, seconds since 1970.
async fn applied_through(world: &World) -> Option<i64> {
    mark(watermarks(world.db.pool(), &TOPICS).await)
}

/// The same for what is counted of a tenant as a whole.
async fn counted_through(world: &World, tenant: &str) -> Option<i64> {
    mark(watermarks_of(world.db.pool(), &tenant.parse().unwrap(), &TOPICS).await)
}

/// Those of the first hundred aggregates of which something waits.
async fn held(world: &World, tenant: &str, topics: &[&str]) -> Vec<u128> {
    let tenant = tenant.parse().unwrap();
    let asked = (0..100).map(|n| (&tenant, aggregate(n)));
    let held = held_back(world.db.pool(), topics, asked).await.unwrap();
    (0..100).filter(|n| held.contains(&(tenant.to_string(), aggregate(*n)))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watermark_passes_a_parked_record_which_holds_back_its_own_aggregate_until_it_is_settled() {
    let world = World::new().await;
    assert_eq!(applied_through(&world).await, None);
    let ledger = Ledger::default();
    let running = world.start(ledger.clone());
    world
        .produce([(meta(aggregate(1), 1), b"refuse".to_vec()), (meta(aggregate(2), 1), b"ok".to_vec())])
        .await;
    // What waits behind it, and what waits for something that is missing.
    world.produce([(meta(aggregate(1), 2), b"ok".to_vec()), (meta(aggregate(3), 2), b"ok".to_vec())]).await;
    world.wait_for_parked(3).await;
    let parked_at = WallClock.now().as_second();
    wait_until("the watermark has passed them", LIMIT, async || {
        applied_through(&world).await.filter(|at| *at > parked_at + 1)
    })
    .await;
    assert_eq!(held(&world, "acme", &TOPICS).await, [1, 3]);
    assert_eq!(held(&world, "other", &TOPICS).await, [0; 0], "of another tenant");
    assert_eq!(held(&world, "acme", &["test.never.v1"]).await, [0; 0], "on another topic");
    assert!(counted_through(&world, "acme").await.unwrap() <= parked_at, "numbers lack what is parked");
    assert!(counted_through(&world, "other").await.unwrap() > parked_at);
    ledger.mended.store(true, Ordering::Relaxed);
    assert_eq!(redrive(&running, Vec::new()).await, (2, 0, 1));
    assert_eq!(held(&world, "acme", &TOPICS).await, [3]);
    let gap = listed(&running).await.remove(0).position.unwrap();
    let request = DiscardParkedRequest { positions: vec![gap], reason: "a test order".to_owned() };
    running.admin.discard_parked(admin_request(request)).await.unwrap();
    assert_eq!(held(&world, "acme", &TOPICS).await, [0; 0], "what is given up holds nobody");
    assert!(counted_through(&world, "acme").await.unwrap() > parked_at);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_record_without_a_readable_envelope_holds_back_whom_its_key_names_and_else_nobody() {
    let world = World::new().await;
    let running = world.start(Ledger::default());
    world.produce_without_tenant(&meta(aggregate(1), 1)).await;
    let bare =
        |key: String| Outgoing { topic: SOURCE.into(), key, headers: Vec::new(), payload: b"?".to_vec() };
    for key in [aggregate(2).to_string(), "of nobody".to_owned()] {
        world.producer.send(bare(key)).await.unwrap();
    }
    world.wait_for_parked(3).await;
    for tenant in ["acme", "other"] {
        assert_eq!(held(&world, tenant, &TOPICS).await, [1, 2], "in every tenant: it may be its own");
    }
    running.stop().await;
}

#[tokio::test]
async fn who_is_held_back_is_found_by_an_index_however_much_is_parked() {
    let world = World::new().await;
    sqlx::query(
        "INSERT INTO parked_event (topic, incarnation, partition, log_offset, key, headers, payload, recorded_at, event_at,
                                   tenant, aggregate_id, aggregate_version, cause, detail, attempts)
         SELECT $1, 0, 0, n, convert_to(id::text, 'UTF8'), '[]', '', now(), now(), 'acme', id, 1, 'GAP', '', 1
         FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, 20000) AS n) AS made",
    )
    .bind(SOURCE)
    .execute(&world.db)
    .await
    .unwrap();
    sqlx::query("ANALYZE parked_event").execute(&world.db).await.unwrap();
    let scans = "SELECT coalesce(seq_scan, 0) FROM pg_stat_xact_user_tables WHERE relname = 'parked_event'";
    let mut tx = world.db.pool().begin().await.unwrap();
    let tenant = "acme".parse().unwrap();
    held_back(&mut *tx, &TOPICS, (0..100).map(|n| (&tenant, aggregate(n)))).await.unwrap();
    let whole_reads: i64 = sqlx::query_scalar(scans).fetch_one(&mut *tx).await.unwrap();
    assert_eq!(whole_reads, 0);
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
async fn a_gap_is_parked_and_what_waits_goes_on_by_itself_once_what_was_missing_has_come() {
    let world = World::new().await;
    let record = |version| (meta(aggregate(0), version), b"ok".to_vec());
    world.produce([1, 3, 4].map(record)).await;
    let running = world.start(Ledger::default());
    world.wait_for_parked(2).await;
    assert_eq!(causes(&world).await, [(3, "GAP".to_owned()), (4, "BEHIND_PARKED".to_owned())]);
    assert_eq!(redrive(&running, Vec::new()).await, (0, 0, 2), "the gap is still there");
    world.produce([record(2), record(5)]).await;
    world.wait_for_ledger(5).await;
    assert_eq!(world.applied().await[&aggregate(0)], [1, 2, 3, 4, 5]);
    let waiting = "parked_event WHERE status = 'parked'";
    wait_until("nothing waits any more", LIMIT, async || (world.count(waiting).await == 0).then_some(()))
        .await;
    assert!(world.count("parked_event WHERE settled_by = 'redress'").await >= 3);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_longer_than_what_is_read_at_once_is_redriven_whole_and_in_order() {
    let world = World::new().await;
    let first = (meta(aggregate(0), 1), b"refuse".to_vec());
    let rest = (2..=250).map(|version| (meta(aggregate(0), version), b"ok".to_vec()));
    world.produce(std::iter::once(first).chain(rest)).await;
    let ledger = Ledger::default();
    let running = world.start(ledger.clone());
    world.wait_for_parked(250).await;
    assert_eq!(redrive(&running, Vec::new()).await, (0, 0, 250));
    ledger.mended.store(true, Ordering::Relaxed);
    assert_eq!(redrive(&running, Vec::new()).await, (250, 0, 0));
    assert_eq!(world.applied().await[&aggregate(0)], (1..=250).collect::<Vec<_>>());
    running.stop().await;
}
