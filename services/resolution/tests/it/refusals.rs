//! The guards that no other test meets: each refused with its reason and what would satisfy it, and nothing told.

use redress_proto::intake::v1 as intake;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::{ComplaintState as State, Severity};

use crate::bench::{Bench, complainant, handler, merchant, reason, supervisor};
use crate::steps::{accept, call, draft, liability, option, refund, report, ruling};

#[tokio::test]
async fn a_case_has_one_proposal_at_a_time_which_is_sent_once_and_accepted_in_one_option() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    let plan = || draft(id, vec![option(vec![refund(100)])]);
    bench.act(&handler("h-1"), plan()).await.unwrap();
    let refused = bench.act(&handler("h-1"), plan()).await.unwrap_err();
    assert_eq!(refused.reason, "PROPOSAL_PENDING");
    assert!(refused.metadata.iter().any(|(key, _)| *key == "satisfied_by"));

    let (id, proposal) = bench.to_mediating(2).await;
    let told = bench.published(id).await;
    let send = wire::SendProposalRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        proposal_id: proposal.clone(),
        ..Default::default()
    };
    assert_eq!(reason(bench.act(&handler("h-1"), send).await), "PROPOSAL_NOT_APPROVED");
    assert_eq!(bench.published(id).await, told, "nothing was told");
    bench.act(&complainant(), accept(id, &proposal, 1, 1)).await.unwrap();
    assert_eq!(reason(bench.act(&complainant(), accept(id, &proposal, 1, 2)).await), "ALREADY_ACCEPTED");
}

#[tokio::test]
async fn what_was_not_decided_is_neither_confirmed_nor_appealed_nor_reported() {
    let bench = Bench::new().await;
    let id = bench.to_ruling(1, Severity::General).await;
    let seen = bench.act(&supervisor("s-2"), ruling(id, vec![refund(100)])).await.unwrap();
    let confirm = wire::ConfirmRulingRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        ruling_id: seen.rulings[0].ruling_id.clone(),
        confirm: true,
        ..Default::default()
    };
    assert_eq!(reason(bench.act(&supervisor("s-3"), confirm).await), "NOT_AWAITING_SECOND");

    let id = bench.to_plan_review(2, Severity::General).await;
    bench.advance(id, State::PlanReview, State::ResultNotified, "ReferralConcluded").await;
    assert_eq!(reason(bench.act(&handler("h-1"), report(id)).await), "OUTCOME_MISSING");

    let id = bench.to_plan_review(3, Severity::General).await;
    bench.lifecycle(id, &intake::ComplaintClosed::default()).await;
    let appeal =
        wire::FileAppealRequest { request_id: call(), complaint_id: id.to_string(), ..Default::default() };
    assert_eq!(reason(bench.act(&complainant(), appeal).await), "NOTHING_TO_APPEAL");
    let closing = wire::FileClosingReportRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        summary: "已结案。".into(),
        lessons: "无。".into(),
        language: "zh-Hans".into(),
        ..Default::default()
    };
    assert_eq!(reason(bench.act(&handler("h-1"), closing).await), "REPORT_MISSING");
}

#[tokio::test]
async fn a_result_is_answered_once_and_an_appeal_decided_once_it_is_under_review() {
    let bench = Bench::new().await;
    let id = bench.to_result(1).await;
    let content = || wire::RespondToResultRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        accept: true,
        ..Default::default()
    };
    bench.act(&complainant(), content()).await.unwrap();
    assert_eq!(reason(bench.act(&complainant(), content()).await), "RESULT_ANSWERED");

    let id = bench.to_result(2).await;
    let appeal =
        wire::FileAppealRequest { request_id: call(), complaint_id: id.to_string(), ..Default::default() };
    let seen = bench.act(&merchant(), appeal).await.unwrap();
    let decide = wire::DecideAppealRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        appeal_id: seen.appeals[0].appeal_id.clone(),
        outcome: wire::AppealOutcome::Remit.into(),
        answers: vec![wire::AppealGround { ground: 1, answer: "已核实。".into(), ..Default::default() }],
        ..Default::default()
    };
    assert_eq!(reason(bench.act(&supervisor("s-9"), decide).await), "APPEAL_NOT_UNDER_REVIEW");
}

#[tokio::test]
async fn a_ruling_does_not_rest_on_a_consent_that_nobody_gave() {
    let bench = Bench::new().await;
    let id = bench.to_ruling(1, Severity::General).await;
    let forced = wire::RemedyTerms {
        r#type: wire::RemedyType::RefundOnly.into(),
        charge_basis: wire::ChargeBasis::MerchantConsent.into(),
        ..refund(19_900)
    };
    let refused = bench.act(&supervisor("s-2"), ruling(id, vec![forced])).await;
    assert_eq!(reason(refused), "MERCHANT_CONSENT_MISSING");
}

#[tokio::test]
async fn nothing_is_written_about_somebody_whose_words_were_erased() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    sqlx::query("DELETE FROM subject_key").execute(bench.db.pool()).await.unwrap();
    assert_eq!(reason(bench.act(&handler("h-1"), liability(id)).await), "SUBJECT_ERASED");
    assert_eq!(bench.count("SELECT count(*) FROM case_record").await, 0);
}
