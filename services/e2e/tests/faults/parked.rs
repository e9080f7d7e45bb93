use std::borrow::Cow;

use redress_domain::Role;
use redress_e2e::evidence::SUBMISSIONS;
use redress_e2e::ledger::Told;
use redress_e2e::load::told;
use redress_e2e::rpc;
use redress_messaging::{KafkaConfig, Outgoing, Producer, partition_of};
use redress_proto::admin::v1::{
    DiscardParkedRequest, ListParkedRequest, ParkedEvent, RedriveParkedRequest, RedriveParkedResponse,
};
use redress_proto::intake::v1::SubmissionAccepted;
use redress_proto::type_name;
use redress_testkit::{Addresses, wait_until};
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};
use tokio::time::Instant;
use uuid::Uuid;

use crate::world::{SOON, World, figure, prompt};

/// Partitions of every topic of an installation.
const PARTITIONS: i32 = 6;

fn producer(world: &World) -> Producer {
    let mut config = KafkaConfig::at(&world.evidence.kafka, "stranger");
    config.topic_prefix.clone_from(&world.evidence.topic_prefix);
    Producer::for_requests(&config, SOON).unwrap()
}

fn record(key: &str, headers: Vec<(Cow<'static, str>, String)>, payload: Vec<u8>) -> Outgoing {
    Outgoing { topic: SUBMISSIONS.into(), key: key.to_owned(), headers, payload }
}

/// The envelope of a submission of `complaint`.
fn envelope(world: &World, complaint: Uuid) -> Vec<(Cow<'static, str>, String)> {
    [
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", Uuid::from_u128(1).to_string()),
        ("ce_type", type_name::<SubmissionAccepted>()),
        ("ce_source", "/redress/intake".to_owned()),
        ("ce_tenant", world.tenant.to_string()),
        ("ce_subject", complaint.to_string()),
        ("ce_time", "2026-01-02T03:04:05Z".to_owned()),
    ]
    .map(|(name, value)| (Cow::Borrowed(name), value))
    .to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_is_parked_with_its_cause_and_its_partition_moves_on() {
    let world = World::shared().await;
    let (at, admin) = (Addresses::claim(), world.token(Role::Admin));
    // Whoever runs the installation sees also the records that name no tenant.
    let operator = [("REDRESS__RUNTIME__AUTH__OPERATOR_TENANT", world.tenant.as_str())];
    let _intake = world.intake("one", &at, &operator).await;
    let mut admin = rpc::admin(&rpc::channel(&at.grpc).unwrap(), &admin).unwrap();
    let warm = world.load(&[&at], 1).burst(20).await.unwrap();
    world.all_is_well(&warm).await;

    // Into every partition, so that whatever comes next comes behind one.
    let producer = producer(&world);
    let mut garbage = 0;
    let began = Instant::now();
    for partition in 0..PARTITIONS {
        let id = (1..1_000)
            .map(Uuid::from_u128)
            .find(|id| partition_of(id.to_string().as_bytes(), PARTITIONS) == partition);
        let id = id.unwrap();
        let unreadable = record(&id.to_string(), envelope(&world, id), b"\xff\xff\xff".to_vec());
        let bare = record(&id.to_string(), Vec::new(), Vec::new());
        let key_of_nobody = record("no-uuid", Vec::new(), b"?".to_vec());
        for record in [unreadable, bare, key_of_nobody] {
            producer.send(record).await.unwrap();
            garbage += 1;
        }
    }
    let mut later = world.load(&[&at], 1);
    later.subject = "later".to_owned();
    later.token = world.token_of("later", Role::Complainant);
    let later = later.burst(20).await.unwrap();
    let behind = Instant::now();
    let all = i64::try_from(warm.len() + later.len()).unwrap();
    let registered = async || (world.evidence.registered().await.ok()? == all).then_some(());
    // Promised within a second; whether that is kept is read off the figures, on a machine that is known.
    wait_until("records behind the unreadable ones are registered", SOON, registered).await;
    figure("unreadable records: the first of them written until all behind them are registered", began);
    prompt("unreadable records: those behind them accepted until registered", behind);

    let list =
        ListParkedRequest { topic: SUBMISSIONS.to_owned(), page_size: 100, ..ListParkedRequest::default() };
    let parked = admin.list_parked(list.clone()).await.unwrap().into_inner().events;
    assert_eq!(parked.len(), garbage);
    let first_of_key = |event: &&ParkedEvent| event.cause == "UNDECODABLE" && !event.detail.is_empty();
    assert!(parked.iter().filter(first_of_key).count() >= garbage / 3, "{parked:#?}");

    let positions = parked.into_iter().filter_map(|event| event.position).collect();
    let reason = "made up by a test".to_owned();
    let discarded =
        admin.discard_parked(DiscardParkedRequest { positions, reason }).await.unwrap().into_inner();
    assert_eq!(usize::try_from(discarded.discarded).unwrap(), garbage);
    assert_eq!(admin.list_parked(list).await.unwrap().into_inner().events, []);
    world.all_is_well(&[warm, later].concat()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_refused_is_applied_once_after_the_cause_is_gone_and_before_those_behind_it() {
    let world = World::shared().await;
    let (at, admin) = (Addresses::claim(), world.token(Role::Admin));
    let _intake = world.intake("one", &at, &[]).await;
    let mut admin = rpc::admin(&rpc::channel(&at.grpc).unwrap(), &admin).unwrap();
    let marked = world.complaint("load-0");
    let mut database = PgConnection::connect(&world.evidence.database_url).await.unwrap();
    let constraint = format!(
        "ALTER TABLE complaint ADD CONSTRAINT not_the_marked_one CHECK (complaint_id <> '{marked}') NOT VALID"
    );
    database.execute(sqlx::AssertSqlSafe(constraint)).await.unwrap();
    let sent = world.load(&[&at], 1).burst(20).await.unwrap();
    world.registers(19).await;

    // A repetition of the marked submission, as accept would have written it without Redis.
    let repetition = repetition_of(&world, marked).await;
    producer(&world).send(repetition).await.unwrap();
    let list = ListParkedRequest { topic: SUBMISSIONS.to_owned(), ..ListParkedRequest::default() };
    let two = async || {
        let events = admin.list_parked(list.clone()).await.ok()?.into_inner().events;
        (events.len() == 2).then_some(events)
    };
    let parked = wait_until("both records are parked", SOON, two).await;
    let causes: Vec<&str> = parked.iter().map(|event| event.cause.as_str()).collect();
    assert_eq!(causes, ["HANDLER_REFUSED", "BEHIND_PARKED"]);
    assert!(parked[0].detail.contains("not_the_marked_one"), "{}", parked[0].detail);
    assert!(parked.iter().all(|event| event.aggregate_id == marked.to_string()), "{parked:#?}");

    let redrive = RedriveParkedRequest {
        topic: SUBMISSIONS.to_owned(),
        reason: "the constraint is gone".to_owned(),
        positions: Vec::new(),
    };
    let redriven = admin.redrive_parked(redrive.clone()).await.unwrap().into_inner();
    assert_eq!(redriven, RedriveParkedResponse { applied: 0, dropped: 0, still_parked: 2, more: false });
    database.execute("ALTER TABLE complaint DROP CONSTRAINT not_the_marked_one").await.unwrap();
    let redriven = admin.redrive_parked(redrive.clone()).await.unwrap().into_inner();
    assert_eq!(redriven, RedriveParkedResponse { applied: 2, dropped: 0, still_parked: 0, more: false });
    let redriven = admin.redrive_parked(redrive).await.unwrap().into_inner();
    assert_eq!(redriven, RedriveParkedResponse::default());

    assert!(told(&sent).values().all(|told| *told == Told::Accepted));
    // The ledger holds the repetition's event to be the second of its complaint.
    world.all_is_well(&sent).await;
    let kept: Vec<String> =
        sqlx::query_scalar("SELECT disposition FROM submission WHERE complaint_id = $1 ORDER BY disposition")
            .bind(marked)
            .fetch_all(&mut database)
            .await
            .unwrap();
    assert_eq!(kept, ["registered", "repeated"]);
}

/// The record of `complaint` in the log, as another attempt.
async fn repetition_of(world: &World, complaint: Uuid) -> Outgoing {
    let key = complaint.to_string();
    let records = world.evidence.records(SUBMISSIONS).await.unwrap();
    let first = records.into_iter().find(|record| record.key == key).unwrap();
    let another = |(name, value): (String, String)| {
        let value = if name == "ce_id" { Uuid::from_u128(1).to_string() } else { value };
        (Cow::Owned(name), value)
    };
    record(&key, first.headers.into_iter().map(another).collect(), first.payload)
}
