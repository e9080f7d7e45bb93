//! A complaint's way, from its acceptance on.

use redress_domain::Role;
use redress_e2e::client::Answer;
use redress_e2e::rpc;
use redress_e2e::submissions::{attachment, plain, whole};
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1::{ComplaintState, Submission};
use redress_testkit::Canary;
use serde_json::{Value, json};

use crate::service::{Tenant, tenant};

fn events(view: &Value) -> Vec<&str> {
    view["history"].as_array().unwrap().iter().map(|entry| entry["event"].as_str().unwrap()).collect()
}

pub(crate) fn acceptance() -> Value {
    json!({"decision": "ADMISSIBILITY_YES", "category": "CATEGORY_CQ07", "severity": "SEVERITY_MAJOR",
        "handler": "staff-0042"})
}

fn refusal() -> Value {
    json!({"decision": "ADMISSIBILITY_NO", "category": "CATEGORY_CQ09", "refusalReason": "REFUSAL_REASON_NO_DISPUTE",
        "facts": "没有争议的事实", "rule": "l04.3@2026-04-15"})
}

pub(crate) async fn decide(tenant: &Tenant<'_>, id: &str, key: &str, decision: &Value) -> Answer {
    tenant.act(&tenant.officer(), id, "decideAdmissibility", key, decision).await
}

#[tokio::test]
async fn a_complaint_is_accepted_registered_seen_listed_and_taken_up() {
    let tenant = tenant().await;
    let (owner, canary) = (tenant.complainant(), Canary::new());
    let submission = whole(&canary);
    let accepted = tenant.accepted(&owner, "k-1", &submission).await;
    let id = accepted.text("complaintId");
    let view = tenant.view(&owner, id).await;
    for member in ["complaintId", "complaintNo", "receivedAt", "acknowledgeBy"] {
        assert_eq!(view[member], accepted.body[member], "{member}");
    }
    assert_eq!((&view["state"], &view["stateVersion"]), (&json!("COMPLAINT_STATE_RECEIVED"), &json!(1)));
    // What was sent comes back as it was sent.
    let sent = serde_json::to_value(&submission).unwrap();
    let parts = [
        "channel",
        "language",
        "text",
        "complainant",
        "respondents",
        "order",
        "live",
        "demand",
        "attachments",
    ];
    for member in parts {
        assert_eq!(view[member], sent[member], "{member}");
    }
    assert!(view["registeredAt"].is_string());
    assert_eq!(events(&view), ["ComplaintRegistered"]);

    let list = tenant.http.get(&tenant.officer(), "/v1/complaints?respondent=anchor-1&liveRoom=room-1").await;
    let listed = list.unwrap().body["complaints"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["complaintId"], id);
    assert_eq!((&listed[0]["text"], &listed[0]["history"]), (&json!(null), &json!([])));

    let taken_up = decide(&tenant, id, "d-1", &acceptance()).await;
    assert_eq!(taken_up.status, 200, "{}", taken_up.body);
    assert_eq!(taken_up.text("state"), "COMPLAINT_STATE_ACCEPTED");
    assert_eq!((taken_up.text("category"), taken_up.text("severity")), ("CATEGORY_CQ07", "SEVERITY_MAJOR"));
    let view = tenant.view(&owner, id).await;
    assert_eq!(events(&view), ["ComplaintRegistered", "AdmissibilityReviewStarted", "ComplaintAccepted"]);
    let last = &view["history"][2];
    assert_eq!((&last["actor"], &last["decidedBy"]), (&json!("officer-1"), &json!("DECIDED_BY_HUMAN")));
    assert_eq!((&last["version"], &last["state"]), (&json!(3), &json!("COMPLAINT_STATE_ACCEPTED")));
    assert_eq!(last["detail"]["handler"], "staff-0042");

    let accepted_ones = "/v1/complaints?state=COMPLAINT_STATE_ACCEPTED&category=CATEGORY_CQ07";
    let list = tenant.http.get(&tenant.officer(), accepted_ones).await.unwrap();
    assert_eq!(list.body["complaints"][0]["complaintId"], id);
}

#[tokio::test]
async fn a_refusal_needs_a_person_with_the_role_facts_a_reason_and_a_rule() {
    let tenant = tenant().await;
    let owner = tenant.complainant();
    let id = tenant.registered(&owner, "k-1", &plain("谢谢主播")).await;
    let bare = decide(&tenant, &id, "d-1", &json!({"decision": "ADMISSIBILITY_NO"})).await;
    assert_eq!(bare.status, 400);
    let fields: Vec<String> = bare.violations().into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["facts", "refusalReason", "rule"]);
    let handler = tenant.token("handler-1", &[Role::Handler]);
    assert_eq!(tenant.act(&handler, &id, "decideAdmissibility", "d-1", &refusal()).await.status, 403);
    assert_eq!(tenant.view(&owner, &id).await["stateVersion"], 1);

    let mut abuse = refusal();
    abuse["refusalReason"] = "REFUSAL_REASON_ABUSE_OR_SPAM".into();
    let refused = decide(&tenant, &id, "d-2", &abuse).await;
    assert_eq!(refused.reason(), "SUPERVISOR_REQUIRED", "{}", refused.body);

    let refused = decide(&tenant, &id, "d-3", &refusal()).await;
    assert_eq!((refused.status, refused.text("state")), (200, "COMPLAINT_STATE_NOT_ACCEPTED"));
    let view = tenant.view(&owner, &id).await;
    assert_eq!(view["notes"], json!([{"version": 3, "kind": "refusal_facts", "text": "没有争议的事实"}]));
    assert_eq!(view["history"][2]["detail"]["rule"], "l04.3@2026-04-15");
}

#[tokio::test]
async fn what_is_missing_is_asked_for_and_supplied() {
    let tenant = tenant().await;
    let owner = tenant.complainant();
    let id = tenant.registered(&owner, "k-1", &plain("东西坏了")).await;
    let early =
        tenant.act(&owner, &id, "supplyCompletion", "s-0", &json!({"text": "订单号 TEST-0001"})).await;
    assert_eq!(early.status, 412, "nothing was asked for: {}", early.body);

    let ask = json!({"decision": "ADMISSIBILITY_NEEDS_COMPLETION", "missing": ["order.orderNo"]});
    let asked = decide(&tenant, &id, "d-1", &ask).await;
    assert_eq!(asked.text("state"), "COMPLAINT_STATE_AWAITING_COMPLETION", "{}", asked.body);
    assert_eq!(tenant.view(&owner, &id).await["missing"], json!(["order.orderNo"]));

    let files = serde_json::to_value([attachment("测试截图.png")]).unwrap();
    let answer = json!({"text": "订单号 TEST-0001", "attachments": files});
    let supplied = tenant.act(&owner, &id, "supplyCompletion", "s-1", &answer).await;
    assert_eq!(
        (supplied.status, supplied.text("state")),
        (200, "COMPLAINT_STATE_RECEIVED"),
        "{}",
        supplied.body
    );
    assert_eq!(supplied.body["notes"][0]["text"], "订单号 TEST-0001");
    assert_eq!(supplied.body["attachments"][0]["name"], "测试截图.png");
    assert_eq!(events(&supplied.body), ["ComplaintRegistered", "CompletionRequested", "CompletionSupplied"]);
}

#[tokio::test]
async fn a_complaint_is_withdrawn_by_its_complainant_once_and_for_good() {
    let tenant = tenant().await;
    let owner = tenant.complainant();
    let id = tenant.registered(&owner, "k-1", &plain("算了")).await;
    let stale = tenant.act(&owner, &id, "withdraw", "w-0", &json!({"expectedVersion": 7})).await;
    assert_eq!((stale.status, stale.reason()), (409, "VERSION_MISMATCH"));
    let withdrawn = tenant.act(&owner, &id, "withdraw", "w-1", &json!({"reason": "商家已退款"})).await;
    assert_eq!((withdrawn.status, withdrawn.text("state")), (200, "COMPLAINT_STATE_WITHDRAWN"));
    assert_eq!(withdrawn.body["notes"][0]["text"], "商家已退款");
    let late = decide(&tenant, &id, "d-1", &acceptance()).await;
    assert_eq!(late.status, 412, "{}", late.body);
    assert_eq!(tenant.view(&owner, &id).await["stateVersion"], 2);
}

#[tokio::test]
async fn the_same_way_leads_over_grpc() {
    let tenant = tenant().await;
    let mut owner = rpc::intake(&tenant.grpc, &tenant.complainant()).unwrap();
    let submission = Some(Submission { language: "zh-Hans".into(), ..plain("主播说包邮") });
    let request = wire::SubmitComplaintRequest { request_id: "k-1".into(), submission };
    let id = owner.submit_complaint(request).await.unwrap().into_inner().complaint_id;
    tenant.view(&tenant.complainant(), &id).await;

    let mut officer = rpc::intake(&tenant.grpc, &tenant.officer()).unwrap();
    let decision: wire::DecideAdmissibilityRequest = serde_json::from_value(acceptance()).unwrap();
    let decision =
        wire::DecideAdmissibilityRequest { request_id: "d-1".into(), complaint_id: id.clone(), ..decision };
    let decided = officer.decide_admissibility(decision).await.unwrap().into_inner().complaint.unwrap();
    assert_eq!(decided.state(), ComplaintState::Accepted);
    let withdrawal = wire::WithdrawComplaintRequest {
        request_id: "w-1".into(),
        complaint_id: id.clone(),
        expected_version: 3,
        reason: String::new(),
    };
    let withdrawn = owner.withdraw_complaint(withdrawal).await.unwrap().into_inner().complaint.unwrap();
    assert_eq!(withdrawn.state(), ComplaintState::Withdrawn);
    let listed = officer.list_complaints(wire::ListComplaintsRequest::default()).await.unwrap().into_inner();
    assert_eq!(listed.complaints.len(), 1);
    assert_eq!(listed.complaints[0].state(), ComplaintState::Withdrawn);
}
