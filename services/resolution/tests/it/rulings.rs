//! A person decides; two in major cases; nothing is shown or ordered before the lifecycle has moved.

use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::{ComplaintState as State, Severity};
use redress_resolution::domain::settlement::DecisionState;

use crate::bench::{Bench, complainant, handler, reason, supervisor};
use crate::steps::{call, refund, ruling};

pub(crate) fn confirm(
    id: redress_domain::ComplaintId,
    ruling_id: &str,
    confirm: bool,
) -> wire::ConfirmRulingRequest {
    wire::ConfirmRulingRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        ruling_id: ruling_id.into(),
        confirm,
        ..Default::default()
    }
}

#[tokio::test]
async fn a_ruling_is_in_effect_and_shown_to_the_parties_once_the_lifecycle_has_moved() {
    let bench = Bench::new().await;
    let id = bench.to_ruling(1, Severity::General).await;
    let seen = bench.act(&supervisor("s-2"), ruling(id, vec![refund(9_000)])).await.unwrap();
    assert_eq!(seen.rulings[0].state(), wire::DecisionState::Pending);
    assert!(bench.get(&complainant(), id).await.rulings.is_empty());
    let told: wire::RulingIssued = bench.last(id).await;
    assert!(told.remedy_ordered);
    assert_eq!((told.outcome.as_str(), told.cause.as_str()), ("upheld", "live_wording"));
    let again = bench.act(&supervisor("s-3"), ruling(id, vec![])).await;
    assert_eq!(reason(again), "DECISION_PENDING");

    bench.advance(id, State::Ruling, State::Executing, "RulingIssued").await;
    let seen = bench.get(&complainant(), id).await;
    assert_eq!(seen.rulings[0].state(), wire::DecisionState::Effective);
    assert_eq!(seen.rulings[0].text, "裁决:商家退还部分货款。");
    assert!(seen.rulings[0].decider.is_empty(), "staff are not named to parties");
}

#[tokio::test]
async fn a_major_case_is_ruled_by_four_eyes() {
    let bench = Bench::new().await;
    let id = bench.to_ruling(1, Severity::Major).await;
    let seen = bench.act(&supervisor("s-2"), ruling(id, vec![refund(9_000)])).await.unwrap();
    let first = seen.rulings[0].ruling_id.clone();
    assert_eq!(seen.rulings[0].state(), wire::DecisionState::AwaitingSecond);
    assert!(!bench.published(id).await.contains(&"RulingIssued".to_owned()));
    assert_eq!(reason(bench.act(&supervisor("s-2"), confirm(id, &first, true)).await), "SECOND_IS_DECIDER");
    assert_eq!(reason(bench.act(&handler("h-3"), confirm(id, &first, true)).await), "AMOUNT_OVER_AUTHORITY");

    bench.act(&supervisor("s-3"), confirm(id, &first, false)).await.unwrap();
    let seen = bench.act(&supervisor("s-2"), ruling(id, vec![refund(7_000)])).await.unwrap();
    let second = seen.rulings[0].ruling_id.clone();
    bench.act(&supervisor("s-3"), confirm(id, &second, true)).await.unwrap();
    let told: wire::RulingIssued = bench.last(id).await;
    assert_eq!(told.seconded_by, "s-3");
    assert!(told.sealed.is_some());
    let actor: Option<String> = sqlx::query_scalar(
        "SELECT pair ->> 1 FROM outbox, json_array_elements(headers) AS pair
         WHERE headers::text LIKE '%RulingIssued%' AND pair ->> 0 = 'ce_actor'",
    )
    .fetch_one(bench.db.pool())
    .await
    .unwrap();
    assert_eq!(actor.as_deref(), Some("s-2"), "the decision is its decider's");
}

#[tokio::test]
async fn a_ruling_that_orders_nothing_leads_to_the_result_at_once() {
    let bench = Bench::new().await;
    let id = bench.to_ruling(1, Severity::General).await;
    let told = wire::IssueRulingRequest { outcome: "not_upheld".into(), ..ruling(id, vec![]) };
    bench.act(&supervisor("s-2"), told).await.unwrap();
    let told: wire::RulingIssued = bench.last(id).await;
    assert!(!told.remedy_ordered);
    bench.advance(id, State::Ruling, State::ResultNotified, "RulingIssued").await;
    let accept = wire::RespondToResultRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        accept: true,
        ..Default::default()
    };
    bench.act(&complainant(), accept).await.unwrap();
    let told: wire::ResultAccepted = bench.last(id).await;
    assert_eq!((told.outcome.as_str(), told.cause.as_str()), ("not_upheld", "live_wording"));
}

#[tokio::test]
async fn a_ruling_after_another_round_takes_the_place_of_what_was_agreed_before() {
    let bench = Bench::new().await;
    let id = bench.to_result(1).await;
    let reject = wire::RespondToResultRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        reason: "仍未收到退款。".into(),
        ..Default::default()
    };
    bench.act(&complainant(), reject).await.unwrap();
    bench.advance(id, State::ResultNotified, State::Investigating, "ResultRejected").await;
    bench.conclude(id).await;
    let proposal = bench.approved(id).await;
    bench.advance(id, State::PlanReview, State::Mediating, "PlanApproved").await;
    bench.send(id, &proposal).await;
    let end = wire::TerminateMediationRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        reason: wire::TerminationReason::NoAgreement.into(),
        ..Default::default()
    };
    bench.act(&handler("h-1"), end).await.unwrap();
    bench.advance(id, State::Mediating, State::Ruling, "MediationTerminated").await;
    bench.act(&supervisor("s-2"), ruling(id, vec![refund(100)])).await.unwrap();
    bench.advance(id, State::Ruling, State::Executing, "RulingIssued").await;
    let mut conn = bench.db.pool().acquire().await.unwrap();
    let tenant = "tenant-a".parse().unwrap();
    let case = redress_resolution::store::case::find(&mut conn, &tenant, id).await.unwrap().unwrap();
    assert_eq!(case.settlements[0].state, DecisionState::Replaced);
    assert_eq!(case.rulings[0].state, DecisionState::Effective);
}
