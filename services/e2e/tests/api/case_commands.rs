//! The ways of a case beyond its admissibility, as their users see them: over HTTP, and once over gRPC.

use redress_domain::Role;
use redress_e2e::client::Answer;
use redress_e2e::evidence::LIFECYCLE;
use redress_e2e::rpc;
use redress_e2e::submissions::{attachment, plain};
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1::ComplaintState;
use serde_json::{Value, json};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::journey::{acceptance, decide};
use crate::service::{Tenant, tenant};

fn events(view: &Value) -> Vec<&str> {
    view["history"].as_array().unwrap().iter().map(|entry| entry["event"].as_str().unwrap()).collect()
}

/// What a call led to, where it was taken.
fn state(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.text("state")
}

impl Tenant<'_> {
    fn supervisor(&self) -> String {
        self.token("supervisor-1", &[Role::Supervisor])
    }

    fn handler(&self) -> String {
        self.token("handler-1", &[Role::Handler])
    }

    /// A complaint that was taken up.
    async fn taken_up(&self, key: &str) -> String {
        let id = self.registered(&self.complainant(), key, &plain("退款一直没到")).await;
        assert_eq!(
            state(&decide(self, &id, &format!("d-{key}"), &acceptance()).await),
            "COMPLAINT_STATE_ACCEPTED"
        );
        id
    }

    /// The names of what was published of a complaint.
    async fn published(&self, id: &str, count: usize) -> Vec<String> {
        let records = self.records_of(LIFECYCLE, id, count).await;
        let name = |record: &redress_e2e::evidence::Logged| {
            record.header("ce_type").rsplit('.').next().unwrap().to_owned()
        };
        records.iter().map(name).collect()
    }
}

#[tokio::test]
async fn a_refused_complainant_asks_for_a_review_with_new_material_and_somebody_else_takes_it_up() {
    let tenant = tenant().await;
    let owner = tenant.complainant();
    let id = tenant.registered(&owner, "k-1", &plain("谢谢主播")).await;
    let refusal = json!({"decision": "ADMISSIBILITY_NO", "category": "CATEGORY_CQ09",
        "refusalReason": "REFUSAL_REASON_NO_DISPUTE", "facts": "没有争议的事实", "rule": "l04.3@2026-04-15"});
    assert_eq!(state(&decide(&tenant, &id, "d-1", &refusal).await), "COMPLAINT_STATE_NOT_ACCEPTED");

    let bare = tenant.act(&owner, &id, "requestReview", "r-0", &json!({})).await;
    assert_eq!((bare.status, bare.violations()), (400, vec![("text".to_owned(), "REQUIRED".to_owned())]));
    let files = serde_json::to_value([attachment("新证据.png")]).unwrap();
    let grounds = json!({"text": "我有聊天记录", "attachments": files});
    let asked = tenant.act(&owner, &id, "requestReview", "r-1", &grounds).await;
    assert_eq!(state(&asked), "COMPLAINT_STATE_ADMISSIBILITY_REVIEW");
    let notes = asked.body["notes"].as_array().unwrap();
    assert_eq!(notes.last().unwrap()["kind"], "review_grounds");
    assert_eq!(notes.last().unwrap()["text"], "我有聊天记录");
    assert_eq!(asked.body["attachments"][0]["name"], "新证据.png");

    let same = decide(&tenant, &id, "d-2", &acceptance()).await;
    assert_eq!((same.status, same.reason()), (412, "REVIEWER_IS_DECIDER"), "{}", same.body);
    let other = tenant.token("officer-2", &[Role::IntakeOfficer]);
    let decided = tenant.act(&other, &id, "decideAdmissibility", "d-3", &acceptance()).await;
    assert_eq!(state(&decided), "COMPLAINT_STATE_ACCEPTED");
    let published = tenant.published(&id, 6).await;
    assert_eq!(published[2..4], ["ComplaintRefused", "RefusalReviewRequested"]);
    assert_eq!(events(&decided.body).len(), 6);
}

#[tokio::test]
async fn a_case_is_referred_with_consent_and_closed_with_what_the_outside_body_made_of_it() {
    let tenant = tenant().await;
    let (id, handler) = (tenant.taken_up("k-1").await, tenant.handler());
    let secret = tenant.act(&handler, &id, "refer", "f-0", &json!({"body": "12315"})).await;
    assert_eq!((secret.status, secret.reason()), (412, "SHARE_CONSENT_MISSING"));
    let body = json!({"body": "12315", "consentToShare": true});
    let referred = tenant.act(&handler, &id, "refer", "f-1", &body).await;
    assert_eq!(state(&referred), "COMPLAINT_STATE_REFERRED");
    let repeated = tenant.act(&handler, &id, "refer", "f-1", &body).await;
    assert_eq!(repeated.body["stateVersion"], referred.body["stateVersion"], "one effect");

    let outcome =
        json!({"outcome": "REFERRAL_OUTCOME_NOT_UPHELD", "cause": "live_wording", "expectedVersion": 1});
    let stale = tenant.act(&handler, &id, "recordOutcome", "o-0", &outcome).await;
    assert_eq!((stale.status, stale.reason()), (409, "VERSION_MISMATCH"));
    let outcome = json!({"outcome": "REFERRAL_OUTCOME_NOT_UPHELD", "cause": "live_wording"});
    let closed = tenant.act(&handler, &id, "recordOutcome", "o-1", &outcome).await;
    assert_eq!(state(&closed), "COMPLAINT_STATE_CLOSED");
    assert_eq!(
        tenant.published(&id, 6).await[3..],
        ["ComplaintReferred", "ReferralConcluded", "ComplaintClosed"]
    );
    let last = closed.body["history"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["actor"], &last["detail"]["outcome"]), (&json!("handler-1"), &json!("not_upheld")));

    let ground = json!({"ground": "REOPEN_GROUND_NEW_EVIDENCE"});
    let reopened = tenant.act(&tenant.supervisor(), &id, "reopen", "p-1", &ground).await;
    assert_eq!(state(&reopened), "COMPLAINT_STATE_INVESTIGATING");
}

#[tokio::test]
async fn a_case_stands_still_for_two_people_and_goes_on_where_it_stood() {
    let tenant = tenant().await;
    let (id, supervisor) = (tenant.taken_up("k-1").await, tenant.supervisor());
    let halt = |second: &str| json!({"reason": "SUSPENSION_REASON_POLICE", "second": second, "reviewOn": "2999-01-01"});
    let alone = tenant.act(&supervisor, &id, "suspend", "s-0", &halt("supervisor-1")).await;
    assert_eq!((alone.status, alone.reason()), (412, "SECOND_PERSON_REQUIRED"));
    let halted = tenant.act(&supervisor, &id, "suspend", "s-1", &halt("legal-1")).await;
    assert_eq!(state(&halted), "COMPLAINT_STATE_SUSPENDED");
    let entry = halted.body["history"].as_array().unwrap().last().unwrap();
    assert_eq!((&entry["event"], &entry["detail"]["second"]), (&json!("CaseSuspended"), &json!("legal-1")));
    let resumed = tenant.act(&supervisor, &id, "resume", "s-2", &json!({"second": "legal-1"})).await;
    assert_eq!(state(&resumed), "COMPLAINT_STATE_ACCEPTED");
    assert_eq!(tenant.published(&id, 5).await[3..], ["CaseSuspended", "CaseResumed"]);
}

#[tokio::test]
async fn complaints_are_merged_stand_alone_again_and_a_matter_is_taken_out() {
    let tenant = tenant().await;
    let (owner, handler) = (tenant.complainant(), tenant.handler());
    let id = tenant.registered(&owner, "k-1", &plain("同一件事")).await;
    let into = tenant.registered(&owner, "k-2", &plain("同一件事，再说一次")).await;
    let merged = tenant.act(&handler, &id, "merge", "m-1", &json!({"intoComplaintId": into})).await;
    assert_eq!(state(&merged), "COMPLAINT_STATE_MERGED");
    let reason = json!({"reason": "different_cause"});
    let denied = tenant.act(&handler, &id, "unmerge", "m-2", &reason).await;
    assert_eq!(denied.status, 403);
    let apart = tenant.act(&tenant.supervisor(), &id, "unmerge", "m-2", &reason).await;
    assert_eq!(state(&apart), "COMPLAINT_STATE_RECEIVED");

    let label = json!({"newComplaintId": into, "matter": "MATTER_REPORT", "label": "reporter_only"});
    let split = tenant.act(&tenant.officer(), &id, "splitMatter", "p-1", &label).await;
    assert_eq!(state(&split), "COMPLAINT_STATE_RECEIVED");
    assert_eq!(tenant.view(&tenant.officer(), &into).await["label"], "reporter_only");
    assert_eq!(tenant.view(&owner, &into).await["label"], "", "labels are for staff");
    let again = tenant.act(&handler, &id, "merge", "m-3", &json!({"intoComplaintId": into})).await;
    assert_eq!((again.status, again.reason()), (412, "LABELS_INCOMPATIBLE"));
    assert_eq!(
        tenant.published(&id, 4).await,
        ["ComplaintRegistered", "ComplaintMerged", "ComplaintUnmerged", "MatterSplit"]
    );
}

#[tokio::test]
async fn another_tenants_complaint_as_the_other_one_is_answered_like_one_that_does_not_exist() {
    let (tenant, stranger) = (tenant().await, tenant().await);
    let id = tenant.registered(&tenant.complainant(), "k-1", &plain("x")).await;
    let theirs = stranger.registered(&stranger.complainant(), "k-1", &plain("x")).await;
    let nobody = uuid::Uuid::nil().to_string();
    let into = async |other: &str| {
        let body = json!({"intoComplaintId": other, "complainantsConsented": true});
        let answer = tenant.act(&tenant.handler(), &id, "merge", &format!("m-{other}"), &body).await;
        (answer.status, answer.body)
    };
    let answer = into(&theirs).await;
    assert_eq!((answer.0, &answer.1["reason"]), (412, &json!("OTHER_COMPLAINT_UNKNOWN")));
    assert_eq!(answer, into(&nobody).await);
}

#[tokio::test]
async fn over_grpc_a_complaint_is_handed_over_and_climbs_and_each_has_its_entry_on_the_trail() {
    let tenant = tenant().await;
    let id = tenant.taken_up("k-1").await;
    let mut handler = rpc::intake(&tenant.grpc, &tenant.handler()).unwrap();
    let transfer = wire::TransferComplaintRequest {
        request_id: "t-1".into(),
        complaint_id: id.clone(),
        expected_version: 3,
        unit: "unit-7".into(),
        acknowledged: true,
        complainant_told: true,
    };
    let moved = handler.transfer_complaint(transfer).await.unwrap().into_inner().complaint.unwrap();
    assert_eq!((moved.state(), moved.state_version), (ComplaintState::Accepted, 4));

    let mut owner = rpc::intake(&tenant.grpc, &tenant.complainant()).unwrap();
    let escalate = |reason: wire::EscalationReason, request_id: &str| wire::EscalateComplaintRequest {
        request_id: request_id.into(),
        complaint_id: id.clone(),
        expected_version: 0,
        reason: reason.into(),
    };
    owner.escalate_complaint(escalate(wire::EscalationReason::OverTheHead, "e-1")).await.unwrap();
    let others =
        owner.escalate_complaint(escalate(wire::EscalationReason::Cluster, "e-2")).await.unwrap_err();
    assert_eq!(others.code(), Code::FailedPrecondition);
    assert_eq!(others.get_error_details().error_info().unwrap().reason, "REASON_NOT_FOR_ROLE");
    let unknown =
        wire::EscalateComplaintRequest { reason: 99, ..escalate(wire::EscalationReason::Cluster, "e-3") };
    let unknown = handler.escalate_complaint(unknown).await.unwrap_err();
    assert_eq!(unknown.code(), Code::InvalidArgument);
    assert_eq!(tenant.view(&tenant.officer(), &id).await["escalationLevel"], 1);

    let mut auditor = rpc::intake(&tenant.grpc, &tenant.auditor()).unwrap();
    let of_this = wire::QueryAuditRequest { complaint_id: id.clone(), ..Default::default() };
    let entries = auditor.query_audit(of_this).await.unwrap().into_inner().entries;
    let acts: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), entry.actor.as_str())).collect();
    assert_eq!(acts[3..], [("ComplaintTransferred", "handler-1"), ("ComplaintEscalated", "c-1")]);
    let verdict = auditor.verify_audit_chain(wire::VerifyAuditChainRequest::default()).await.unwrap();
    assert!(verdict.into_inner().intact);
}
