//! What other services read.

use jiff::Timestamp;
use prost::Message as _;
use redress_e2e::evidence::{LIFECYCLE, Logged, SUBMISSIONS};
use redress_e2e::rpc;
use redress_e2e::submissions::{plain, whole};
use redress_proto::intake::v1 as wire;
use redress_testkit::Canary;
use reqwest::Method;
use serde_json::json;
use tonic::Request;
use uuid::Uuid;

use crate::service::tenant;

const PARENT: &str = "b7ad6b7169203331";

fn traceparent(trace: &str) -> String {
    format!("00-{trace}-{PARENT}-01")
}

fn traced<M>(trace: &str, message: M) -> Request<M> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("traceparent", traceparent(trace).parse().unwrap());
    request
}

/// The trace that a record belongs to; its span is not the caller's own.
fn trace_of(record: &Logged) -> String {
    let parts: Vec<&str> = record.header("traceparent").split('-').collect();
    let [_, trace, span, _] = parts[..] else { panic!("traceparent {:?}", record.header("traceparent")) };
    assert_ne!(span, PARENT);
    trace.to_owned()
}

fn assert_envelope(record: &Logged, tenant: &str, id: &str) {
    let text = |name| record.header(name);
    assert_eq!((text("ce_specversion"), text("content-type")), ("1.0", "application/protobuf"));
    assert_eq!((text("ce_source"), text("ce_tenant")), ("/redress/intake", tenant));
    assert_eq!((text("ce_subject"), record.key.as_str()), (id, id));
    assert!(text("ce_id").parse::<Uuid>().is_ok() && text("ce_time").parse::<Timestamp>().is_ok());
    let known = [
        "ce_specversion",
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_tenant",
        "ce_subject",
        "ce_time",
        "content-type",
        "ce_version",
        "ce_recordedtime",
        "ce_actor",
        "ce_decidedby",
        "ce_causation",
        "ce_correlation",
        "traceparent",
        "tracestate",
    ];
    for (name, _) in &record.headers {
        assert!(known.contains(&name.as_str()), "the header {name} is no one's");
    }
}

#[tokio::test]
async fn each_change_is_published_once_in_order_under_versions_without_a_hole() {
    let tenant = tenant().await;
    let owner = tenant.complainant();
    let id = tenant.registered(&owner, "k-1", &whole(&Canary::new())).await;
    let decision =
        json!({"decision": "ADMISSIBILITY_YES", "category": "CATEGORY_CQ07", "handler": "staff-1"});
    tenant.act(&tenant.officer(), &id, "decideAdmissibility", "d-1", &decision).await;
    // A repetition that Redis does not know takes a version too.
    tenant.empty_redis().await;
    tenant.accepted(&owner, "k-1", &plain("别的话")).await;
    tenant.conflicting(&id).await;
    tenant.act(&owner, &id, "withdraw", "w-1", &json!({})).await;

    let records = tenant.records_of(LIFECYCLE, &id, 5).await;
    let told: Vec<_> = records
        .iter()
        .map(|r| {
            (r.header("ce_version"), r.header("ce_type").rsplit('.').next().unwrap(), r.header("ce_actor"))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("1", "ComplaintRegistered", "c-1"),
            ("2", "AdmissibilityReviewStarted", "officer-1"),
            ("3", "ComplaintAccepted", "officer-1"),
            ("4", "SubmissionConflicted", "c-1"),
            ("5", "ComplaintWithdrawn", "c-1"),
        ]
    );
    for record in &records {
        assert_envelope(record, tenant.id.as_str(), &id);
        assert_eq!((record.header("ce_decidedby"), record.header("ce_correlation")), ("human", id.as_str()));
        assert!(record.header("ce_recordedtime").parse::<Timestamp>().is_ok());
    }
    // What led to a registration is the attempt on the submissions topic.
    let attempts = tenant.records_of(SUBMISSIONS, &id, 2).await;
    assert_eq!(records[0].header("ce_causation"), attempts[0].header("ce_id"));
    assert_eq!(records[3].header("ce_causation"), attempts[1].header("ce_id"));
    assert_envelope(&attempts[0], tenant.id.as_str(), &id);
    assert_eq!(attempts[0].partition, records[0].partition, "one key, one partition, on every topic");
}

#[tokio::test]
async fn an_event_carries_what_later_stages_need_and_personal_fields_only_sealed() {
    let tenant = tenant().await;
    let owner = tenant.complainant();
    let accepted = tenant.accepted(&owner, "k-1", &whole(&Canary::new())).await;
    let id = accepted.text("complaintId");
    let registered = &tenant.records_of(LIFECYCLE, id, 1).await[0];
    let event = wire::ComplaintRegistered::decode(registered.payload.as_slice()).unwrap();
    assert_eq!(event.complaint_no, accepted.text("complaintNo"));
    let submission = event.submission.unwrap();
    assert_eq!(submission.order.unwrap().order_no, "TEST-0001");
    assert_eq!(submission.respondents[1].external_ref, "anchor-1");
    assert_eq!((submission.text.as_str(), submission.respondents[1].name.as_deref()), ("", None));
    let sealed = event.sealed.unwrap();
    let names: Vec<_> = sealed.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["text", "complainant", "names", "live.quoted_wording", "demand.text"]);
    assert!(!sealed.wrapped_key.is_empty() && !event.complainant_index.is_empty());
}

#[tokio::test]
async fn the_trace_of_an_http_call_goes_on_in_both_topics() {
    let tenant = tenant().await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let request = tenant.http.request(Method::POST, "/v1/complaints").bearer_auth(tenant.complainant());
    let request = request.header("traceparent", traceparent(trace)).header("tracestate", "test=1");
    let request = request.header("idempotency-key", "k-1").json(&plain("x"));
    let id = tenant.http.exchange(request).await.unwrap().text("complaintId").to_owned();
    for topic in [SUBMISSIONS, LIFECYCLE] {
        let record = &tenant.records_of(topic, &id, 1).await[0];
        assert_eq!(trace_of(record), trace, "{topic}");
        assert_eq!(record.header("tracestate"), "test=1", "{topic}");
    }
}

#[tokio::test]
async fn the_trace_of_a_grpc_call_goes_on_in_both_topics() {
    let tenant = tenant().await;
    let trace = "1af7651916cd43dd8448eb211c80319c";
    let submission = wire::SubmitComplaintRequest { request_id: "k-1".into(), submission: Some(plain("x")) };
    let mut client = rpc::intake(&tenant.grpc, &tenant.complainant()).unwrap();
    let id = client.submit_complaint(traced(trace, submission)).await.unwrap().into_inner().complaint_id;
    for topic in [SUBMISSIONS, LIFECYCLE] {
        assert_eq!(trace_of(&tenant.records_of(topic, &id, 1).await[0]), trace, "{topic}");
    }

    // A command's event belongs to the command's trace, not to that of the submission.
    let trace = "2af7651916cd43dd8448eb211c80319c";
    let withdrawal = wire::WithdrawComplaintRequest {
        request_id: "w-1".into(),
        complaint_id: id.clone(),
        ..wire::WithdrawComplaintRequest::default()
    };
    tenant.view(&tenant.complainant(), &id).await;
    client.withdraw_complaint(traced(trace, withdrawal)).await.unwrap();
    assert_eq!(trace_of(&tenant.records_of(LIFECYCLE, &id, 2).await[1]), trace);
}
