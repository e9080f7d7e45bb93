//! What the lifecycle cannot take is undone here, and shows why.

use redress_proto::intake::v1 as intake;
use redress_proto::investigation::v1 as investigation;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::{ComplaintState as State, Severity};

use crate::appeals::heard;
use crate::bench::{Bench, anchor, complainant, handler, merchant, reason, submission, supervisor};
use crate::steps::{accept, call, draft, liability, option, refund, review, ruling};

#[tokio::test]
async fn a_settlement_that_came_after_a_withdrawal_is_void_and_its_offer_closed() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    bench.act(&complainant(), accept(id, &proposal, 1, 1)).await.unwrap();
    bench.act(&merchant(), accept(id, &proposal, 1, 1)).await.unwrap();
    bench.lifecycle(id, &intake::ComplaintWithdrawn {}).await;
    bench.refuse(id, "SettlementReached", State::Withdrawn).await;
    for who in [complainant(), merchant(), handler("h-1")] {
        let seen = bench.get(&who, id).await;
        assert_eq!(seen.settlements[0].state(), wire::DecisionState::Void);
        assert_eq!(seen.settlements[0].void_reason, "FACT_NOT_IN_STATE", "both are told why");
        assert_eq!(seen.proposals[0].state(), wire::ProposalState::Revoked);
        assert_eq!(seen.offers.last().unwrap().action(), wire::OfferAction::Revoked);
        assert!(seen.remedies.is_empty());
    }
    assert_eq!(reason(bench.act(&complainant(), accept(id, &proposal, 1, 1)).await), "WRONG_STATE");
}

#[tokio::test]
async fn a_withdrawal_closes_what_lies_with_the_parties() {
    let bench = Bench::new().await;
    let (id, _) = bench.to_mediating(1).await;
    bench.lifecycle(id, &intake::ComplaintWithdrawn {}).await;
    let seen = bench.get(&merchant(), id).await;
    assert_eq!(seen.proposals[0].state(), wire::ProposalState::Revoked);
}

#[tokio::test]
async fn a_settlement_refused_while_the_case_still_mediates_opens_the_offer_again() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    bench.act(&complainant(), accept(id, &proposal, 1, 1)).await.unwrap();
    bench.act(&merchant(), accept(id, &proposal, 1, 1)).await.unwrap();
    bench.refuse(id, "SettlementReached", State::Mediating).await;
    bench.act(&complainant(), accept(id, &proposal, 1, 2)).await.unwrap();
    let seen = bench.act(&merchant(), accept(id, &proposal, 1, 2)).await.unwrap();
    assert_eq!(seen.settlements[0].state(), wire::DecisionState::Pending);
    assert_eq!(seen.settlements[1].state(), wire::DecisionState::Void);
}

#[tokio::test]
async fn an_approval_that_does_not_count_is_reviewed_again_by_somebody_else() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    let proposal = bench.approved(id).await;
    bench.refuse(id, "PlanApproved", State::PlanReview).await;
    let seen = bench.get(&handler("h-1"), id).await;
    assert_eq!(seen.proposals[0].state(), wire::ProposalState::InReview);
    bench.act(&supervisor("s-2"), review(id, &proposal, 1)).await.unwrap();
}

#[tokio::test]
async fn a_ruling_or_an_appeal_that_could_not_be_taken_is_void() {
    let bench = Bench::new().await;
    let id = bench.to_ruling(1, Severity::General).await;
    bench.act(&supervisor("s-2"), ruling(id, vec![refund(100)])).await.unwrap();
    bench.refuse(id, "RulingIssued", State::Suspended).await;
    let seen = bench.get(&handler("h-1"), id).await;
    assert_eq!(seen.rulings[0].state(), wire::DecisionState::Void);

    let id = bench.to_result(2).await;
    let appeal =
        wire::FileAppealRequest { request_id: call(), complaint_id: id.to_string(), ..Default::default() };
    bench.act(&complainant(), appeal).await.unwrap();
    bench.refuse(id, "AppealFiled", State::Merged).await;
    let seen = bench.get(&complainant(), id).await;
    assert_eq!(seen.appeals[0].state(), wire::AppealState::Void);
}

#[tokio::test]
async fn an_appeals_decision_that_does_not_count_can_be_made_again() {
    let bench = Bench::new().await;
    let id = bench.to_result(1).await;
    let appeal =
        wire::FileAppealRequest { request_id: call(), complaint_id: id.to_string(), ..Default::default() };
    let seen = bench.act(&complainant(), appeal).await.unwrap();
    bench.advance(id, State::ResultNotified, State::UnderAppeal, "AppealFiled").await;
    heard(&bench, id, &seen.appeals[0].appeal_id, &[merchant(), anchor()]).await;
    let decide = |answer: &str| wire::DecideAppealRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        appeal_id: seen.appeals[0].appeal_id.clone(),
        outcome: wire::AppealOutcome::Remit.into(),
        answers: vec![wire::AppealGround { ground: 1, answer: answer.into(), ..Default::default() }],
        ..Default::default()
    };
    bench.act(&supervisor("s-9"), decide("first")).await.unwrap();
    bench.refuse(id, "AppealDecided", State::UnderAppeal).await;
    bench.act(&supervisor("s-8"), decide("second")).await.unwrap();
    let seen = bench.get(&complainant(), id).await;
    assert_eq!(seen.appeals[0].grounds[0].answer, "second");
}

#[tokio::test]
async fn a_refused_conclusion_does_not_hide_that_the_next_one_was_not_read() {
    let bench = Bench::new().await;
    let id = bench.register(1, submission()).await;
    bench.accepted(id, Severity::General).await;
    bench.advance(id, State::Accepted, State::Investigating, "InvestigationOpened").await;
    let concluded = investigation::InvestigationConcluded {
        investigation_id: uuid::Uuid::from_u128(5).to_string(),
        investigators: vec!["i-1".into()],
        ..Default::default()
    };
    bench.investigation(id, "i-1", &concluded).await;
    bench.refuse(id, "InvestigationConcluded", State::Investigating).await;
    // Concluded again; the lifecycle has moved, and who found the facts this time was not heard of.
    bench.advance(id, State::Investigating, State::PlanReview, "InvestigationConcluded").await;
    bench.act(&handler("h-1"), liability(id)).await.unwrap();
    let drafted = bench.act(&handler("h-1"), draft(id, vec![option(vec![refund(5_000)])])).await.unwrap();
    let proposal = drafted.proposals[0].proposal_id.clone();
    assert_eq!(
        reason(bench.act(&supervisor("s-1"), review(id, &proposal, 1)).await),
        "INVESTIGATORS_UNKNOWN"
    );
    bench.investigation(id, "s-1", &concluded).await;
    assert_eq!(
        reason(bench.act(&supervisor("s-1"), review(id, &proposal, 1)).await),
        "REVIEWER_INVESTIGATED"
    );
}
