use redress_outbox::{Admin, Guard};
use redress_proto::admin::v1::admin_service_server::AdminService as _;
use redress_proto::admin::v1::{
    ConsumerStatusRequest, DiscardParkedRequest, ListParkedRequest, OutboxStatusRequest, PartitionStatus,
    RedriveParkedRequest, ReplayFromRequest,
};
use redress_testkit::wait_until;

use crate::ledger::{Ledger, SOURCE, meta};
use crate::world::{LIMIT, OPERATOR, World, admin_request, aggregate, request_of, stream};

pub(crate) async fn consumers(admin: &Admin) -> Vec<PartitionStatus> {
    let request = admin_request(ConsumerStatusRequest {});
    admin.consumer_status(request).await.unwrap().into_inner().partitions
}

fn from(seconds: i64) -> ReplayFromRequest {
    ReplayFromRequest {
        topic: SOURCE.to_owned(),
        from_time: Some(pbjson_types::Timestamp { seconds, nanos: 0 }),
        reason: "the read model was wrong".to_owned(),
    }
}

async fn everything_was_read_again(world: &World, records: i64) {
    wait_until("everything was read again", LIMIT, async || {
        let next: i64 = sqlx::query_scalar("SELECT sum(next_offset)::bigint FROM progress WHERE replays = 1")
            .fetch_one(&world.db)
            .await
            .unwrap();
        (next == records).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_reads_again_without_a_restart_and_changes_nothing() {
    let world = World::new().await;
    world.produce(stream(50, 3)).await;
    let running = world.start(Ledger::default());
    world.wait_for_ledger(150).await;
    let answer = running.admin.replay_from(admin_request(from(0))).await.unwrap().into_inner();
    assert_eq!(answer.positions.len(), 4);
    assert!(answer.positions.iter().all(|position| position.offset == 0));
    everything_was_read_again(&world, 150).await;
    world.produce((0..50).map(|n| (meta(aggregate(n), 4), b"ok".to_vec()))).await;
    world.wait_for_ledger(200).await;
    world.check(50, 4).await;
    assert!(!running.group.is_finished());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_over_parked_and_discarded_records_leaves_them_as_they_are() {
    let world = World::new().await;
    world
        .produce([(meta(aggregate(0), 1), b"refuse".to_vec()), (meta(aggregate(1), 1), b"ok".to_vec())])
        .await;
    world.produce([(meta(aggregate(2), 1), b"refuse".to_vec())]).await;
    let ledger = Ledger::default();
    // Nothing but what is known of parked records keeps them from being applied here.
    let (group, wake) = world.group(Guard::Own, ledger.clone());
    let running = world.start_group(group, wake);
    world.wait_for_parked(2).await;
    let listed = running.admin.list_parked(admin_request(ListParkedRequest::default())).await.unwrap();
    let of =
        |id| listed.get_ref().events.iter().find(|event| event.aggregate_id == aggregate(id).to_string());
    let given_up = of(2).unwrap().position.clone().unwrap();
    let request = DiscardParkedRequest { positions: vec![given_up], reason: "a test".to_owned() };
    running.admin.discard_parked(admin_request(request)).await.unwrap();
    ledger.mended.store(true, std::sync::atomic::Ordering::Relaxed);
    running.admin.replay_from(admin_request(from(0))).await.unwrap();
    everything_was_read_again(&world, 3).await;
    assert_eq!(world.count("ledger WHERE text = 'refuse'").await, 0);
    let mut states: Vec<String> =
        sqlx::query_scalar("SELECT status FROM parked_event").fetch_all(&world.db).await.unwrap();
    states.sort();
    assert_eq!(states, ["discarded", "parked"]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_shows_positions_ends_and_the_outbox() {
    let world = World::new().await;
    world.produce(stream(40, 1)).await;
    let running = world.start(Ledger::default());
    world.wait_for_ledger(40).await;
    wait_until("positions reach the ends", LIMIT, async || {
        let partitions = consumers(&running.admin).await;
        let next: i64 = partitions.iter().map(|partition| partition.next_offset).sum();
        let end: i64 = partitions.iter().map(|partition| partition.end_offset).sum();
        ((next, end) == (40, 40)).then_some(())
    })
    .await;
    wait_until("the outbox is empty and leased", LIMIT, async || {
        let request = admin_request(OutboxStatusRequest {});
        let outbox = running.admin.outbox_status(request).await.unwrap().into_inner();
        ((outbox.waiting, outbox.oldest_age_ms, outbox.buckets_held, outbox.buckets) == (0, 0, 64, 64))
            .then_some(())
    })
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_backlog_is_counted_up_to_a_bound() {
    let world = World::new().await;
    sqlx::query(
        "INSERT INTO outbox (bucket, aggregate_id, aggregate_version, topic, key, headers, payload)
         SELECT n % 64, gen_random_uuid(), 1, 't', 'k', '[]', 'x' FROM generate_series(1, 12000) AS n",
    )
    .execute(&world.db)
    .await
    .unwrap();
    let (group, _) = world.group(Guard::Version, Ledger::default());
    let admin = Admin::new(&group, &world.kafka, "one").unwrap();
    let status = admin.outbox_status(admin_request(OutboxStatusRequest {})).await.unwrap().into_inner();
    assert_eq!(status.waiting, 10_001);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_redrives_a_bounded_number_of_keys_and_repeating_it_comes_to_all() {
    let world = World::new().await;
    world.produce((0..250).map(|n| (meta(aggregate(n), 1), b"\xff".to_vec()))).await;
    let ledger = Ledger::default();
    let running = world.start(ledger.clone());
    world.wait_for_parked(250).await;
    let redrive = async || {
        let request =
            RedriveParkedRequest { topic: SOURCE.to_owned(), reason: "a test".into(), ..Default::default() };
        let answer = running.admin.redrive_parked(admin_request(request)).await.unwrap().into_inner();
        (answer.applied, answer.still_parked, answer.more)
    };
    assert_eq!(redrive().await, (0, 200, true));
    assert_eq!(redrive().await, (0, 200, true));
    assert_eq!(
        world.count("parked_event WHERE attempts = 0").await,
        0,
        "the second call began with the others"
    );
    ledger.mended.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(redrive().await, (200, 0, true));
    assert_eq!(redrive().await, (50, 0, false));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_do_not_fit_are_refused_with_all_their_problems() {
    let world = World::new().await;
    let running = world.start(Ledger::default());
    let request = RedriveParkedRequest { topic: "none".to_owned(), ..RedriveParkedRequest::default() };
    let refused = running.admin.redrive_parked(admin_request(request)).await.unwrap_err();
    let problem = redress_runtime::grpc::problem_of(&refused).unwrap();
    let fields: Vec<&str> = problem.violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["reason", "topic"]);
    let unknown = tonic::Request::new(ListParkedRequest::default());
    assert_eq!(running.admin.list_parked(unknown).await.unwrap_err().code(), tonic::Code::Unauthenticated);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_parked_events_are_not_shown_and_pages_join() {
    let world = World::new().await;
    let mut foreign = meta(aggregate(0), 1);
    foreign.tenant = "other".parse().unwrap();
    world.produce([(foreign, b"refuse".to_vec())]).await;
    world.produce((1..8).map(|n| (meta(aggregate(n), 1), b"refuse".to_vec()))).await;
    let running = world.start(Ledger::default());
    world.wait_for_parked(8).await;
    let mut page_token = String::new();
    let mut seen = Vec::new();
    loop {
        let request = ListParkedRequest { page_size: 3, page_token, ..ListParkedRequest::default() };
        let page = running.admin.list_parked(admin_request(request)).await.unwrap().into_inner();
        seen.extend(page.events.into_iter().map(|event| event.aggregate_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    seen.sort();
    let own: Vec<String> = (1..8).map(|n| aggregate(n).to_string()).collect();
    assert_eq!(seen, own);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_concerns_every_tenant_is_for_the_operators_administrators_alone() {
    let world = World::new().await;
    world.produce_without_tenant(&meta(aggregate(0), 1)).await;
    let running = world.start(Ledger::default());
    world.wait_for_parked(1).await;
    let replay = running.admin.replay_from(request_of("other", from(0))).await.unwrap_err();
    assert_eq!(redress_runtime::grpc::problem_of(&replay).unwrap().reason, "OPERATOR_REQUIRED");
    assert_eq!(world.count("progress WHERE replays > 0").await, 0);

    let listed = async |tenant| {
        let request = request_of(tenant, ListParkedRequest::default());
        running.admin.list_parked(request).await.unwrap().into_inner().events
    };
    assert_eq!(listed("other").await.len(), 0);
    let seen = listed(OPERATOR).await.remove(0);
    let give_up = async |tenant| {
        let request = DiscardParkedRequest {
            positions: vec![seen.position.clone().unwrap()],
            reason: "nobody's".to_owned(),
        };
        running.admin.discard_parked(request_of(tenant, request)).await.unwrap().into_inner().discarded
    };
    assert_eq!(give_up("other").await, 0);
    assert_eq!(world.count("parked_event WHERE status = 'parked'").await, 1);
    assert_eq!(give_up(OPERATOR).await, 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_operator_nobody_does_what_concerns_every_tenant() {
    let world = World::new().await;
    let (group, _) = world.group(Guard::Version, Ledger::default());
    let admin = Admin::new(&group, &world.kafka, "one").unwrap();
    let replay = admin.replay_from(admin_request(from(0))).await.unwrap_err();
    assert_eq!(replay.code(), tonic::Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_operators_did_is_not_changed_by_an_ordinary_statement() {
    let world = World::new().await;
    let noted = "INSERT INTO operator_action (actor, tenant, action, target, reason)
                 VALUES ('operator', 'acme', 'replay', '{}', 'a test')";
    sqlx::query(noted).execute(world.db.pool()).await.unwrap();
    for sql in
        ["UPDATE operator_action SET actor = 'x'", "DELETE FROM operator_action", "TRUNCATE operator_action"]
    {
        assert!(sqlx::query(sql).execute(world.db.pool()).await.is_err(), "{sql}");
    }
    assert_eq!(world.count("operator_action").await, 1);
}
