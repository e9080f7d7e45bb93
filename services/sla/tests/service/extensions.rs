//! More time: asked for by one person, granted by another, within the cap, before it is too late.

use redress_proto::sla::v1 as wire;
use redress_proto::sla::v1::clock_service_server::ClockService as _;
use tonic::Status;

use crate::bench::{Bench, faults, handler, in_seconds, reason, stranger, supervisor};
use crate::course::Case;

/// A complaint of now, whose result is due in 15 working days (C13).
async fn running(bench: &Bench) -> String {
    Case::new(1).registered(in_seconds(-60)).heard(bench).await;
    bench.clock_of("C13").await.0.to_string()
}

fn ask(clock_id: &str, amount: i64, request_id: &str) -> wire::RequestExtensionRequest {
    wire::RequestExtensionRequest {
        request_id: request_id.into(),
        clock_id: clock_id.into(),
        amount,
        reason: "complex".into(),
    }
}

fn decide(id: &str, approve: bool, request_id: &str) -> wire::DecideExtensionRequest {
    let reason = if approve { String::new() } else { "not_justified".into() };
    wire::DecideExtensionRequest { request_id: request_id.into(), extension_id: id.into(), approve, reason }
}

async fn asked(bench: &Bench, clock_id: &str, amount: i64, name: &str) -> Result<wire::Extension, Status> {
    let answer = bench.grpc.request_extension(handler(ask(clock_id, amount, name))).await?;
    Ok(answer.into_inner().extension.unwrap())
}

#[tokio::test]
async fn two_people_extend_a_clock_and_the_new_deadline_is_told_with_both_names() {
    let bench = Bench::new().await;
    let clock = running(&bench).await;
    let extension = asked(&bench, &clock, 5, "ask-1").await.unwrap();
    assert_eq!(extension.state, i32::from(wire::ExtensionState::Requested));
    assert_eq!(asked(&bench, &clock, 5, "ask-1").await.unwrap(), extension, "again the same");
    assert_eq!(reason(&asked(&bench, &clock, 6, "ask-1").await.unwrap_err()), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(reason(&asked(&bench, &clock, 5, "ask-2").await.unwrap_err()), "EXTENSION_PENDING");

    let id = extension.extension_id.as_str();
    let own = bench.grpc.decide_extension(handler(decide(id, true, "decide-0"))).await.unwrap_err();
    assert_eq!(reason(&own), "EXTENSION_BY_SAME_PERSON");
    let decided = bench.grpc.decide_extension(supervisor(decide(id, true, "decide-1"))).await.unwrap();
    let decided = decided.into_inner();
    let again = bench.grpc.decide_extension(supervisor(decide(id, true, "decide-1"))).await.unwrap();
    assert_eq!(again.into_inner(), decided);
    let late = bench.grpc.decide_extension(supervisor(decide(id, false, "decide-2"))).await.unwrap_err();
    assert_eq!(reason(&late), "EXTENSION_DECIDED");

    let told = decided.clock.unwrap();
    assert_eq!(told.due_at, extension.new_due_at);
    assert_eq!((told.extension, told.generation), (5, 1));
    let published = bench.published_of("C13").await;
    assert_eq!(published.len(), 3, "{published:?}");
    assert!(published[1].starts_with("DeadlineRecalculated extension"), "{published:?}");
    assert!(published[2].ends_with("asked by handler-1 granted by supervisor-1"), "{published:?}");
    // What is heard later is computed with the extension.
    Case::new(1).registered(in_seconds(-60)).accepted(in_seconds(-30)).heard(&bench).await;
    assert_eq!(bench.published_of("C13").await.len(), 3);
}

#[tokio::test]
async fn a_request_past_the_cap_is_refused_and_nothing_of_it_is_kept() {
    let bench = Bench::new().await;
    let clock = running(&bench).await;
    let refused = asked(&bench, &clock, 16, "ask-1").await.unwrap_err();
    assert_eq!(reason(&refused), "EXTENSION_PAST_CAP");
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM extension").fetch_one(bench.db.pool()).await.unwrap();
    assert_eq!(kept, 0);
    assert_eq!(asked(&bench, &clock, 15, "ask-2").await.unwrap().amount, 15, "up to the cap");
}

#[tokio::test]
async fn what_is_due_or_over_or_not_extendable_gets_no_more_time() {
    let bench = Bench::new().await;
    Case::new(1).registered(crate::course::at("2026-03-02T02:00:00Z")).heard(&bench).await;
    let due = bench.clock_of("C13").await.0.to_string();
    assert_eq!(reason(&asked(&bench, &due, 5, "1").await.unwrap_err()), "EXTENSION_AFTER_DUE");
    let bench = Bench::new().await;
    running(&bench).await;
    let fixed = bench.clock_of("C06").await.0.to_string();
    assert_eq!(reason(&asked(&bench, &fixed, 5, "2").await.unwrap_err()), "EXTENSION_NOT_ALLOWED");
    let over = bench.clock_of("C04").await.0.to_string();
    assert_eq!(reason(&asked(&bench, &over, 5, "3").await.unwrap_err()), "CLOCK_IS_OVER");
}

#[tokio::test]
async fn a_refusal_is_told_with_its_reason_and_moves_nothing() {
    let bench = Bench::new().await;
    let clock = running(&bench).await;
    let due = bench.clock_of("C13").await.2;
    let id = asked(&bench, &clock, 5, "ask-1").await.unwrap().extension_id;
    bench.grpc.decide_extension(supervisor(decide(&id, false, "decide-1"))).await.unwrap();
    assert_eq!(bench.published_of("C13").await[1..], ["ExtensionRefused not_justified"]);
    assert_eq!(bench.clock_of("C13").await.2, due);
    assert!(asked(&bench, &clock, 5, "ask-2").await.is_ok(), "another request may follow");
}

#[tokio::test]
async fn bad_input_is_refused_with_its_field_and_another_tenant_finds_nothing() {
    let bench = Bench::new().await;
    let clock = running(&bench).await;
    let bad =
        wire::RequestExtensionRequest { amount: 0, reason: "Very complex".into(), ..ask(&clock, 0, "1") };
    let refused = bench.grpc.request_extension(handler(bad)).await.unwrap_err();
    assert_eq!(faults(&refused), ["amount OUT_OF_RANGE", "reason MALFORMED"]);
    let refused = bench.grpc.request_extension(handler(ask(&clock, 5, ""))).await.unwrap_err();
    assert_eq!(faults(&refused), ["requestId MALFORMED"]);
    let refused = bench.grpc.request_extension(stranger(ask(&clock, 5, "1"))).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound);
    let id = asked(&bench, &clock, 5, "1").await.unwrap().extension_id;
    let refused = bench.grpc.decide_extension(stranger(decide(&id, true, "1"))).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound);
    let silent = wire::DecideExtensionRequest { reason: String::new(), ..decide(&id, false, "2") };
    let refused = bench.grpc.decide_extension(supervisor(silent)).await.unwrap_err();
    assert_eq!(faults(&refused), ["reason REQUIRED"]);
}
