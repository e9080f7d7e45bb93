//! What is recorded by a call: a fact like those that are heard.

use jiff::Timestamp;
use redress_domain::Role;
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::sla::v1 as wire;
use redress_proto::sla::v1::clock_service_server::ClockService as _;
use redress_proto::types::v1 as types;
use tonic::Status;

use crate::bench::{Bench, TENANT, call, caller, faults, handler, in_seconds, reason, stranger};
use crate::course::Case;

fn told(kind: wire::MilestoneKind, subject: &str, at: Timestamp, name: &str) -> wire::RecordMilestoneRequest {
    wire::RecordMilestoneRequest {
        request_id: name.into(),
        complaint_id: Case::new(1).id.to_string(),
        kind: kind.into(),
        subject_id: subject.into(),
        at: Some(to_wire_time(at)),
    }
}

async fn record(bench: &Bench, request: wire::RecordMilestoneRequest) -> Result<wire::Milestone, Status> {
    let answer = bench.grpc.record_milestone(handler(request)).await?;
    Ok(answer.into_inner().milestone.unwrap())
}

#[tokio::test]
async fn a_milestone_is_recorded_once_told_by_its_witness_and_moves_its_clock() {
    let bench = Bench::new().await;
    Case::new(1).registered(in_seconds(-7_200)).heard(&bench).await;
    let before = bench.published().await.len();
    let rang = told(wire::MilestoneKind::GoodsReturned, "return-1", in_seconds(-60), "m1");
    let milestone = record(&bench, rang.clone()).await.unwrap();
    assert_eq!((milestone.subject_id.as_str(), milestone.at), ("return-1", rang.at));
    assert_eq!(record(&bench, rang.clone()).await.unwrap(), milestone, "again the same");
    let other = wire::RecordMilestoneRequest { subject_id: "return-2".into(), ..rang };
    assert_eq!(reason(&record(&bench, other).await.unwrap_err()), "IDEMPOTENCY_KEY_REUSED");

    let refunded = told(wire::MilestoneKind::Refunded, "return-1", in_seconds(-30), "m2");
    let service = caller(TENANT, "orders", &[Role::Service]);
    bench.grpc.record_milestone(call(service, refunded)).await.unwrap();
    assert_eq!(bench.clock_of("C31").await.1, "met");
    let events = bench.events().await.split_off(before);
    let names: Vec<_> = events.iter().map(|(meta, _)| meta.event_type.rsplit('.').next().unwrap()).collect();
    assert_eq!(names, ["MilestoneRecorded", "ClockStarted", "MilestoneRecorded", "ClockMet"]);
    let who = |at: usize| (events[at].0.actor.as_deref(), events[at].0.decided_by.as_deref());
    assert_eq!(who(0), (Some("handler-1"), Some("human")));
    assert_eq!(who(2), (Some("orders"), Some("rule")));
    let recorded = events[0].0.event_id.to_string();
    assert_eq!(milestone.milestone_id, recorded);
    assert_eq!(events[1].0.causation.as_deref(), Some(recorded.as_str()), "what starts a clock is named");
}

#[tokio::test]
async fn what_happened_in_time_and_is_recorded_late_undoes_the_breach() {
    let bench = Bench::new().await;
    let mut case = Case::new(1).registered(in_seconds(-7_200));
    let leak = intake::AdmissibilityReviewStarted {
        category: types::Category::Cq08.into(),
        severity: types::Severity::Major.into(),
        ..Default::default()
    };
    case.lifecycle.tell(in_seconds(-7_000), &leak);
    case.heard(&bench).await;
    bench.heard_through(in_seconds(0)).await;
    bench.firing().look().await.unwrap();
    assert_eq!(bench.clock_of("C34").await.1, "breached");
    let informed = in_seconds(-4_000);
    record(&bench, told(wire::MilestoneKind::DpoInformed, "", informed, "m1")).await.unwrap();
    assert_eq!(bench.clock_of("C34").await.1, "met");
    let published = bench.published_of("C34").await;
    assert_eq!(published.last().unwrap(), &format!("ClockMet at {informed}, corrected"));
}

#[tokio::test]
async fn what_moves_no_clock_is_told_and_the_versions_go_on() {
    let bench = Bench::new().await;
    let case = Case::new(1).registered(in_seconds(-60));
    case.heard(&bench).await;
    for name in ["m1", "m2"] {
        let told = told(wire::MilestoneKind::RevisitDone, "", in_seconds(-30), name);
        record(&bench, told).await.unwrap();
    }
    case.accepted(in_seconds(-10)).heard(&bench).await;
    let published = bench.published().await;
    assert_eq!(published.iter().filter(|line| *line == "MilestoneRecorded").count(), 2, "{published:?}");
    assert!(published.last().unwrap().starts_with('C'), "{published:?}");
}

#[tokio::test]
async fn bad_input_is_refused_with_its_field_and_another_tenant_finds_nothing() {
    let bench = Bench::new().await;
    Case::new(1).registered(in_seconds(-60)).heard(&bench).await;
    let good = told(wire::MilestoneKind::ChatIn, "chat-1", in_seconds(-30), "m1");
    let bad = |change: fn(&mut wire::RecordMilestoneRequest)| {
        let mut bad = good.clone();
        change(&mut bad);
        bad
    };
    let rows: [(_, &[&str]); 6] = [
        (bad(|told| told.kind = 0), &["kind REQUIRED"]),
        (bad(|told| told.subject_id.clear()), &["subjectId REQUIRED"]),
        (bad(|told| told.subject_id = "somebody's chat".into()), &["subjectId MALFORMED"]),
        (bad(|told| told.at = Some(to_wire_time(in_seconds(60)))), &["at OUT_OF_RANGE"]),
        (bad(|told| told.at = Some(to_wire_time(in_seconds(-400 * 86_400)))), &["at OUT_OF_RANGE"]),
        (bad(|told| told.request_id.clear()), &["requestId MALFORMED"]),
    ];
    for (bad, expected) in rows {
        assert_eq!(faults(&record(&bench, bad).await.unwrap_err()), *expected);
    }
    let foreign = bench.grpc.record_milestone(stranger(good.clone())).await.unwrap_err();
    assert_eq!(foreign.code(), tonic::Code::NotFound);
    let unknown = bad(|told| told.complaint_id = "00000000-0000-0000-0000-000000000001".into());
    assert_eq!(record(&bench, unknown).await.unwrap_err().code(), tonic::Code::NotFound);
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM heard WHERE event = 'MilestoneRecorded'")
        .fetch_one(bench.db.pool())
        .await
        .unwrap();
    assert_eq!(kept, 0);
    assert!(record(&bench, good).await.is_ok());
}
