//! The process on real Kafka: what is on the log is followed, kill -9 loses nothing, a replay changes nothing.

use std::sync::atomic::Ordering;

use redress_domain::Role;
use redress_investigation::topics::{CASES, LIFECYCLE};
use redress_messaging::LogReader;
use redress_proto::admin::v1::admin_service_client::AdminServiceClient;
use redress_proto::admin::v1::{ConsumerStatusRequest, ReplayFromRequest};
use redress_proto::intake::v1 as intake;
use redress_proto::investigation::v1 as wire;
use redress_proto::investigation::v1::investigation_service_client::InvestigationServiceClient;
use redress_testkit::{bearing, wait_until};
use serde_json::Value;

use crate::bench::{SHOP, id, rows};
use crate::calls::asked;
use crate::platform::{Mood, TestPlatform};
use crate::world::{PATIENCE, Running, World};

/// Records on the topic of cases.
async fn on_topic(world: &World) -> i64 {
    let reader = LogReader::new(&world.kafka).unwrap();
    let partitions = world.kafka.partitions;
    reader
        .off_the_runtime(move |reader| {
            (0..partitions).map(|p| reader.watermarks(CASES, p).map(|(first, end)| end - first)).sum()
        })
        .await
        .unwrap()
}

async fn open_cases(world: &World, count: i64) {
    wait_until("the cases are open and told", PATIENCE, async || {
        let open = world.count("SELECT count(*) FROM case_file WHERE state = 'open'").await == count;
        let told = world.count("SELECT count(*) FROM outbox").await == 0;
        (open && told).then_some(())
    })
    .await;
}

#[tokio::test]
async fn complaints_on_the_log_are_opened_asked_for_evidence_and_a_replay_changes_nothing() {
    let world = World::new("").await;
    let running = world.serve().await;
    for n in 1..=30 {
        world.accepted(n).await;
    }
    open_cases(&world, 30).await;
    let mut client = InvestigationServiceClient::new(running.grpc.clone());
    let token = world.staff("tenant-a");
    let issued = client.request_evidence(bearing(&token, asked(7, "ask-1"))).await.unwrap().into_inner();
    let request = issued.evidence_request.unwrap();

    // The party finds it over HTTP, and asks for more time.
    let party = world.token("tenant-a", SHOP, &[Role::Respondent]);
    let http = reqwest::Client::new();
    let mine =
        http.get(format!("{}/v1/evidence-requests", running.http)).bearer_auth(&party).send().await.unwrap();
    let mine: Value = mine.json().await.unwrap();
    assert_eq!(mine["evidenceRequests"][0]["evidenceRequestId"], request.evidence_request_id.as_str());
    let extension = format!(
        "{}/v1/complaints/{}/evidence-requests/{}/extension",
        running.http,
        id(7),
        request.evidence_request_id
    );
    let nameless = http.post(&extension).bearer_auth(&party).send().await.unwrap();
    assert_eq!(nameless.status(), 400);
    for _ in 0..2 {
        let extended =
            http.post(&extension).bearer_auth(&party).header("Idempotency-Key", "more").send().await.unwrap();
        assert_eq!(extended.status(), 200);
        let extended: Value = extended.json().await.unwrap();
        assert_eq!(extended["evidenceRequest"]["extended"], true);
    }
    let timeline = format!("{}/v1/complaints/{}/timeline", running.http, id(7));
    let timeline: Value = http.get(timeline).bearer_auth(&party).send().await.unwrap().json().await.unwrap();
    assert_eq!(timeline["entries"].as_array().unwrap().len(), 5);

    world.happened(30, 4, &intake::ComplaintWithdrawn {}).await;
    open_cases(&world, 29).await;
    let (before, told) = (rows(&world.pool).await, on_topic(&world).await);
    assert_eq!(told, 32, "thirty openings, a request, an extension");
    replayed(&world, &running).await;
    assert_eq!(rows(&world.pool).await, before);
    assert_eq!(on_topic(&world).await, told);
}

/// Has the process read the lifecycle again.
async fn replayed(world: &World, running: &Running) {
    let token = world.token("tenant-a", "admin-1", &[Role::Admin]);
    let mut admin = AdminServiceClient::new(running.grpc.clone());
    let request = ReplayFromRequest {
        topic: LIFECYCLE.into(),
        from_time: Some(redress_proto::convert::to_wire_time("2020-01-01T00:00:00Z".parse().unwrap())),
        reason: "test".into(),
    };
    let positions = admin.replay_from(bearing(&token, request)).await.unwrap().into_inner().positions;
    assert!(positions.iter().any(|position| position.offset == 0), "{positions:?}");
    wait_until("everything was read again", PATIENCE, async || {
        let status = admin.consumer_status(bearing(&token, ConsumerStatusRequest {})).await.ok()?;
        let partitions = status.into_inner().partitions;
        let done = partitions.iter().all(|p| p.next_offset == p.end_offset);
        (done && partitions.iter().any(|p| p.end_offset > 0)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_process_that_is_killed_while_records_are_awaited_leaves_them_to_the_next() {
    let platform = TestPlatform::start(Mood::Away).await;
    let world = World::new(&platform.url).await;
    for n in 1..=5 {
        world.accepted(n).await;
    }
    for _ in 0..3 {
        let running = world.serve().await;
        let seen = platform.asked.load(Ordering::SeqCst);
        wait_until("the platform is asked", PATIENCE, async || {
            (platform.asked.load(Ordering::SeqCst) > seen + 5).then_some(())
        })
        .await;
        running.process.kill9().await;
    }
    platform.becomes(Mood::Well);
    let _running = world.serve().await;
    wait_until("every record is held", PATIENCE, async || {
        let held = world.count("SELECT count(*) FROM platform_record WHERE state = 'held'").await;
        let told = world.count("SELECT count(*) FROM outbox").await == 0;
        (held == 60 && told).then_some(())
    })
    .await;
    assert_eq!(world.count("SELECT count(*) FROM platform_record").await, 60);
    assert_eq!(
        on_topic(&world).await,
        70,
        "each case is opened once, has each record once, and is captured once"
    );
}

#[tokio::test]
async fn a_call_without_the_right_or_the_case_is_refused() {
    let world = World::new("").await;
    let running = world.serve().await;
    world.accepted(1).await;
    open_cases(&world, 1).await;
    let mut client = InvestigationServiceClient::new(running.grpc.clone());
    let party = world.token("tenant-a", SHOP, &[Role::Respondent]);
    let denied = client.request_evidence(bearing(&party, asked(1, "a"))).await.unwrap_err();
    assert_eq!(denied.code(), tonic::Code::PermissionDenied);
    let request = wire::GetInvestigationRequest { complaint_id: id(1) };
    let elsewhere = world.staff("tenant-b");
    let hidden = client.get_investigation(bearing(&elsewhere, request.clone())).await.unwrap_err();
    assert_eq!(hidden.code(), tonic::Code::NotFound);
    let token = world.staff("tenant-a");
    let seen = client.get_investigation(bearing(&token, request)).await.unwrap().into_inner();
    assert_eq!(seen.investigation.unwrap().state(), wire::InvestigationState::Open);
}
