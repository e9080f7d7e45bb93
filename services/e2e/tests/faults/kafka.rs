use std::time::Duration;

use redress_devstack::Part;
use redress_domain::Role;
use redress_e2e::client::Http;
use redress_e2e::evidence::SUBMISSIONS;
use redress_e2e::ledger::Told;
use redress_e2e::load::told;
use redress_e2e::{rpc, submissions};
use redress_proto::admin::v1::ConsumerStatusRequest;
use redress_proto::intake::v1::SubmitComplaintRequest;
use redress_testkit::{Addresses, wait_until};
use serde_json::json;
use tokio::time::Instant;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::world::{SESSION, SOON, World, figure, prompt};

fn grpc_request(key: &str) -> Request<SubmitComplaintRequest> {
    let submission = Some(submissions::plain("主播说全场包邮，实际没有。"));
    let mut request = Request::new(SubmitComplaintRequest { request_id: key.to_owned(), submission });
    request.set_timeout(Duration::from_secs(1));
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn while_kafka_is_away_callers_are_told_in_time_and_their_repetition_ends_in_one_complaint() {
    let world = World::alone().await;
    let (at, token) = (Addresses::claim(), world.token(Role::Complainant));
    let intake = world.intake("one", &at, &[]).await;
    let http = Http::connect(&at.http).await.unwrap();
    let mut grpc = rpc::intake(&rpc::channel(&at.grpc).unwrap(), &token).unwrap();
    let load = world.load(&[&at], 20).start().unwrap();
    load.accepts(20, SOON).await;

    world.stack().kill(Part::Kafka).await;
    let body = json!(submissions::plain("主播说全场包邮，实际没有。"));
    let post = async || http.post(&token, "/v1/complaints", "http-1", &body).await.unwrap();
    let began = Instant::now();
    let answer = post().await;
    figure("kafka away: answered over HTTP after", began);
    assert_eq!((answer.status, answer.reason()), (503, "LOG_UNAVAILABLE"));
    assert!(answer.body["retryAfterMs"].as_u64().unwrap() > 0);
    assert_eq!(answer.headers["retry-after"], "1");

    let began = Instant::now();
    let status = grpc.submit_complaint(grpc_request("grpc-1")).await.unwrap_err();
    figure("kafka away: answered over gRPC with a deadline of 1000 ms after", began);
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(status.get_details_retry_info().is_some(), "{status:?}");

    world.restart(Part::Kafka).await;
    let returned = Instant::now();
    // Redis remembers both attempts, and neither as confirmed.
    // Promised within two seconds; whether that is kept is read off the figure, on a machine that is known.
    wait_until("the repetition is accepted", SOON, async || (post().await.status == 202).then_some(())).await;
    prompt("kafka back: accepted after", returned);
    let again = async || grpc.submit_complaint(grpc_request("grpc-1")).await.ok();
    wait_until("the repetition is accepted over gRPC", SOON, again).await;

    load.accepts(20, SOON).await;
    let sent = load.stop().await.unwrap();
    let mut told = told(&sent);
    for key in ["http-1", "grpc-1"] {
        told.insert(world.complaint(key), Told::Accepted);
    }
    let verdict = world.evidence.judge(&told, SOON).await.unwrap();
    assert!(verdict.is_clean(), "{verdict}");
    assert_eq!(verdict.accepted, told.len(), "callers gave up: {sent:#?}");
    drop(intake);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_that_was_written_after_its_caller_was_told_otherwise_is_one_complaint_with_its_repetition()
 {
    let world = World::alone().await;
    let (at, token) = (Addresses::claim(), world.token(Role::Complainant));
    let intake = world.intake("one", &at, &[]).await;
    let http = Http::connect(&at.http).await.unwrap();
    let sent = world.load(&[&at], 20).burst(5).await.unwrap();

    world.stack().pause(Part::Kafka);
    let body = json!(submissions::plain("主播说全场包邮，实际没有。"));
    let answer = http.post(&token, "/v1/complaints", "late-1", &body).await.unwrap();
    assert_eq!((answer.status, answer.reason()), (503, "LOG_UNAVAILABLE"));
    world.stack().resume(Part::Kafka);

    let id = world.complaint("late-1").to_string();
    let written = async |count: usize| {
        let records = world.evidence.records(SUBMISSIONS).await.ok()?;
        (records.iter().filter(|record| record.key == id).count() == count).then_some(())
    };
    wait_until("the first attempt is written after all", SOON, async || written(1).await).await;

    let answer = http.post(&token, "/v1/complaints", "late-1", &body).await.unwrap();
    assert_eq!((answer.status, answer.text("complaintId")), (202, id.as_str()));
    wait_until("the repetition is written too", SOON, async || written(2).await).await;
    let mut told = told(&sent);
    told.insert(world.complaint("late-1"), Told::Accepted);
    let verdict = world.evidence.judge(&told, SOON).await.unwrap();
    assert!(verdict.is_clean(), "{verdict}");
    drop(intake);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_away_for_longer_than_the_session_ends_no_process_and_registering_goes_on() {
    let world = World::alone().await;
    let (at, token) = (Addresses::claim(), world.token(Role::Admin));
    // So slow that what was read before is still being registered, and told to Kafka, shortly before the session ends.
    let slow = [SESSION, ("FAILPOINTS", "register.before_commit=sleep(3000)")];
    let intake = world.intake("one", &at, &slow).await;
    let mut admin = rpc::admin(&rpc::channel(&at.grpc).unwrap(), &token).unwrap();
    let load = world.load(&[&at], 60).start().unwrap();
    load.accepts(60, SOON).await;
    world.registers(1).await;
    // They wait behind the batch that is being registered.
    load.accepts(60, SOON).await;

    world.stack().kill(Part::Kafka).await;
    // The register itself gives its partitions up.
    let session_is_over = async || {
        let status = admin.consumer_status(ConsumerStatusRequest {}).await.ok()?;
        status.into_inner().partitions.is_empty().then_some(())
    };
    wait_until("the session is over", SOON, session_is_over).await;
    world.restart(Part::Kafka).await;
    let returned = Instant::now();
    let before = world.evidence.registered().await.unwrap();
    world.registers(before + 60).await;
    figure("kafka back after the session: registering after", returned);

    let sent = load.stop().await.unwrap();
    world.all_is_well(&sent).await;
    assert!(intake.is_alive(), "the process is the one that was started");
    assert_eq!(world.evidence.parked().await.unwrap(), 0);
    drop(intake);
    world.end().await;
}
