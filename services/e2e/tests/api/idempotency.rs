use std::collections::HashSet;

use redress_domain::{ComplaintNo, Role};
use redress_e2e::client::Answer;
use redress_e2e::evidence::{LIFECYCLE, SUBMISSIONS};
use redress_e2e::rpc;
use redress_e2e::submissions::{plain, whole};
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1::Submission;
use redress_testkit::Canary;
use serde_json::json;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::service::{Tenant, tenant};

async fn submit(
    tenant: &Tenant<'_>,
    key: &str,
    submission: &Submission,
) -> Result<wire::SubmitComplaintResponse, Status> {
    let mut client = rpc::intake(&tenant.grpc, &tenant.complainant()).unwrap();
    let request =
        wire::SubmitComplaintRequest { request_id: key.into(), submission: Some(submission.clone()) };
    client.submit_complaint(request).await.map(tonic::Response::into_inner)
}

/// What the answers to one submission have in common.
fn promise(answer: &Answer) -> [&str; 4] {
    ["complaintId", "complaintNo", "receivedAt", "acknowledgeBy"].map(|member| answer.text(member))
}

#[tokio::test]
async fn the_same_key_and_body_get_the_same_answer_over_http_and_grpc_alike_and_make_one_complaint() {
    let tenant = tenant().await;
    let (token, submission) = (tenant.complainant(), whole(&Canary::new()));
    let first = tenant.accepted(&token, "k-1", &submission).await;
    assert_eq!(first.body["duplicate"], false);
    assert!(first.text("complaintNo").parse::<ComplaintNo>().is_ok());

    let again = tenant.accepted(&token, "k-1", &submission).await;
    assert_eq!(again.body["duplicate"], true);
    assert_eq!(promise(&again), promise(&first));
    let over_grpc = submit(&tenant, "k-1", &submission).await.unwrap();
    assert!(over_grpc.duplicate);
    assert_eq!(over_grpc.complaint_id, first.text("complaintId"));
    assert_eq!(over_grpc.complaint_no, first.text("complaintNo"));
    assert_eq!(serde_json::to_value(over_grpc.received_at).unwrap(), first.body["receivedAt"]);

    tenant.view(&token, first.text("complaintId")).await;
    assert_eq!(tenant.rows("complaint").await, 1);
    assert_eq!(tenant.records(SUBMISSIONS).await.len(), 1, "what Redis remembers is not written again");
}

#[tokio::test]
async fn another_body_under_the_same_key_is_refused_over_http_and_grpc_alike() {
    let tenant = tenant().await;
    let token = tenant.complainant();
    let first = tenant.accepted(&token, "k-1", &plain("先前的话")).await;
    let other = tenant.post(&token, "k-1", &plain("后来的话")).await;
    assert_eq!((other.status, other.reason()), (409, "IDEMPOTENCY_KEY_REUSED"));
    let refused = submit(&tenant, "k-1", &plain("后来的话")).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(refused.get_error_details().error_info().unwrap().reason, "IDEMPOTENCY_KEY_REUSED");

    let view = tenant.view(&token, first.text("complaintId")).await;
    assert_eq!(view["text"], "先前的话");
    assert_eq!(tenant.records(SUBMISSIONS).await.len(), 1);
}

#[tokio::test]
async fn with_redis_emptied_another_body_is_recorded_as_a_conflict_shown_to_staff_and_the_first_stands() {
    let tenant = tenant().await;
    let token = tenant.complainant();
    let id = tenant.registered(&token, "k-1", &plain("先前的话")).await;
    tenant.empty_redis().await;
    let other = tenant.accepted(&token, "k-1", &plain("后来的话")).await;
    assert_eq!(other.text("complaintId"), id);

    let seen = tenant.conflicting(&id).await;
    assert_eq!(seen["text"], "先前的话");
    assert_eq!(seen["conflicts"].as_array().unwrap().len(), 1);
    assert_eq!(seen["conflicts"][0]["text"], "后来的话");
    assert_eq!(seen["conflicts"][0]["channel"], "CHANNEL_APP");
    assert_eq!(seen["stateVersion"], 1, "the lifecycle did not move");
    let own = tenant.view(&token, &id).await;
    assert_eq!((&own["text"], &own["conflicts"]), (&json!("先前的话"), &json!([])));
    assert_eq!(tenant.rows("complaint").await, 1);

    let types: Vec<String> = tenant
        .records_of(LIFECYCLE, &id, 2)
        .await
        .iter()
        .map(|record| record.header("ce_type").to_owned())
        .collect();
    assert_eq!(types, ["redress.intake.v1.ComplaintRegistered", "redress.intake.v1.SubmissionConflicted"]);
}

#[tokio::test]
async fn with_redis_emptied_a_retry_is_told_the_same_complaint_by_id_and_number_and_makes_no_second_one() {
    let tenant = tenant().await;
    let (token, submission) = (tenant.complainant(), plain("同一件事"));
    let first = tenant.accepted(&token, "k-1", &submission).await;
    tenant.empty_redis().await;
    let again = tenant.accepted(&token, "k-1", &submission).await;
    assert_eq!(again.text("complaintId"), first.text("complaintId"));
    // Without its memory the filter knows neither the first time nor the day in front of the number; what identifies
    // the complaint is behind the day.
    let code = |answer: &Answer| answer.text("complaintNo").parse::<ComplaintNo>().unwrap().code();
    assert_eq!(code(&again), code(&first));

    let id = first.text("complaintId");
    let events = tenant.records_of(LIFECYCLE, id, 2).await;
    assert_eq!(events[1].header("ce_type"), "redress.intake.v1.SubmissionDeduplicated");
    assert_eq!(tenant.rows("complaint").await, 1);
    let view = tenant.view(&tenant.officer(), id).await;
    assert_eq!(view["conflicts"], json!([]));
    assert_eq!(view["complaintNo"], first.text("complaintNo"), "the number first told stands");
}

#[tokio::test]
async fn the_same_key_of_two_subjects_or_two_tenants_is_two_complaints() {
    let (one, other) = (tenant().await, tenant().await);
    let submission = plain("同一句话");
    let mut ids = HashSet::new();
    for (tenant, subject) in [(&one, "c-1"), (&one, "c-2"), (&other, "c-1")] {
        let token = tenant.token(subject, &[Role::Complainant]);
        let answer = tenant.accepted(&token, "k-1", &submission).await;
        assert_eq!(answer.body["duplicate"], false);
        tenant.view(&token, answer.text("complaintId")).await;
        ids.insert(answer.text("complaintId").to_owned());
    }
    assert_eq!(ids.len(), 3);
    assert_eq!((one.rows("complaint").await, other.rows("complaint").await), (2, 1));
}

#[tokio::test]
async fn twenty_calls_with_one_key_at_the_same_moment_make_one_complaint() {
    let tenant = tenant().await;
    let (token, submission) = (tenant.complainant(), plain("连点了二十下"));
    let calls = (0..20).map(|_| tenant.accepted(&token, "k-1", &submission));
    let answers = futures::future::join_all(calls).await;
    let promises: HashSet<_> = answers.iter().map(promise).collect();
    assert_eq!(promises.len(), 1, "{promises:?}");
    tenant.view(&token, answers[0].text("complaintId")).await;
    assert_eq!(tenant.rows("complaint").await, 1);
}

#[tokio::test]
async fn of_bodies_that_race_under_one_key_the_accepted_one_is_registered_and_the_others_are_refused() {
    let tenant = tenant().await;
    let token = tenant.complainant();
    let texts: Vec<String> = (0..10).map(|n| format!("第{n}种说法")).collect();
    // Whoever meets another body on its way is told to repeat, and so learns how it ended.
    let (tenant, token) = (&tenant, &token);
    let decided = texts.iter().map(|text| async move {
        let settled = async || {
            let answer = tenant.post(token, "k-1", &plain(text)).await;
            if answer.status == 503 {
                assert_eq!(answer.reason(), "KEY_IN_USE", "{}", answer.body);
                assert!(answer.headers.contains_key("retry-after"));
                return None;
            }
            Some(answer)
        };
        redress_testkit::wait_until("the race is decided", crate::service::PATIENCE, settled).await
    });
    let answers = futures::future::join_all(decided).await;
    let accepted: Vec<usize> = (0..10).filter(|n| answers[*n].status == 202).collect();
    assert_eq!(accepted.len(), 1, "one of them is accepted");
    for answer in answers.iter().filter(|answer| answer.status != 202) {
        assert_eq!((answer.status, answer.reason()), (409, "IDEMPOTENCY_KEY_REUSED"));
    }
    let view = tenant.view(&tenant.officer(), answers[accepted[0]].text("complaintId")).await;
    assert_eq!((&view["text"], &view["conflicts"]), (&json!(texts[accepted[0]]), &json!([])));
    assert_eq!(tenant.records(SUBMISSIONS).await.len(), 1, "no other body was written");
}

#[tokio::test]
async fn a_command_repeated_under_its_key_has_one_effect_and_other_content_is_refused() {
    let tenant = tenant().await;
    let id = tenant.registered(&tenant.complainant(), "k-1", &plain("要受理")).await;
    let officer = tenant.officer();
    let decision = |handler: &str| json!({"decision": "ADMISSIBILITY_YES", "category": "CATEGORY_CQ07", "handler": handler});
    for _ in 0..2 {
        let answer = tenant.act(&officer, &id, "decideAdmissibility", "d-1", &decision("staff-1")).await;
        assert_eq!((answer.status, &answer.body["stateVersion"]), (200, &json!(3)), "{}", answer.body);
    }
    let other = tenant.act(&officer, &id, "decideAdmissibility", "d-1", &decision("staff-2")).await;
    assert_eq!((other.status, other.reason()), (409, "IDEMPOTENCY_KEY_REUSED"));
    assert_eq!(tenant.rows("audit_entry").await, 3);
}
