//! The parties talk first (T09–T11).

use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::{ComplaintState as State, Severity};

use crate::bench::{Bench, complainant, handler, merchant, reason, submission};
use crate::steps::{accept, call, refund};

async fn negotiating(bench: &Bench, n: u128) -> (redress_domain::ComplaintId, String) {
    let id = bench.register(n, submission()).await;
    bench.accepted(id, Severity::General).await;
    let open = wire::OpenNegotiationRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        due_hours: 24,
        ..Default::default()
    };
    let seen = bench.act(&handler("h-1"), open).await.unwrap();
    bench.advance(id, State::Accepted, State::DirectNegotiation, "NegotiationOpened").await;
    (id, seen.proposals[0].proposal_id.clone())
}

fn counter(
    id: redress_domain::ComplaintId,
    proposal: &str,
    revision: u32,
    amount: i64,
) -> wire::RespondToOfferRequest {
    wire::RespondToOfferRequest {
        action: wire::OfferAction::Countered.into(),
        option: 0,
        counter_terms: vec![refund(amount)],
        ..accept(id, proposal, revision, 0)
    }
}

#[tokio::test]
async fn offers_go_to_and_fro_until_one_is_accepted() {
    let bench = Bench::new().await;
    let (id, proposal) = negotiating(&bench, 1).await;
    bench.act(&merchant(), counter(id, &proposal, 0, 3_000)).await.unwrap();
    bench.act(&complainant(), counter(id, &proposal, 1, 6_000)).await.unwrap();
    let refused = bench.act(&complainant(), accept(id, &proposal, 1, 1)).await;
    assert_eq!(reason(refused), "REVISION_SUPERSEDED");
    let seen = bench.act(&merchant(), accept(id, &proposal, 2, 1)).await.unwrap();
    assert_eq!(seen.settlements[0].terms, [refund(6_000)]);
    let told: wire::SettlementReached = bench.last(id).await;
    assert_eq!(told.revision, 2);
    bench.advance(id, State::DirectNegotiation, State::Executing, "SettlementReached").await;
    let seen = bench.get(&complainant(), id).await;
    assert_eq!(seen.settlements[0].state(), wire::DecisionState::Effective);
}

#[tokio::test]
async fn a_respondent_who_declines_brings_the_platform_in() {
    let bench = Bench::new().await;
    let (id, proposal) = negotiating(&bench, 1).await;
    let decline = wire::RespondToOfferRequest {
        action: wire::OfferAction::Declined.into(),
        option: 0,
        ..accept(id, &proposal, 0, 0)
    };
    bench.act(&merchant(), decline).await.unwrap();
    let told: wire::PlatformInterventionRequested = bench.last(id).await;
    assert_eq!(told.reason, "declined");
    bench.advance(id, State::DirectNegotiation, State::Investigating, "PlatformInterventionRequested").await;
    let seen = bench.get(&complainant(), id).await;
    assert_eq!(seen.proposals[0].state(), wire::ProposalState::Revoked);
}

#[tokio::test]
async fn either_party_may_ask_the_platform_in() {
    let bench = Bench::new().await;
    let (id, _) = negotiating(&bench, 1).await;
    let ask = wire::RequestInterventionRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        ..Default::default()
    };
    bench.act(&complainant(), ask).await.unwrap();
    let told: wire::PlatformInterventionRequested = bench.last(id).await;
    assert_eq!(told.reason, "asked");
}

#[tokio::test]
async fn a_major_case_is_not_left_to_the_parties() {
    let bench = Bench::new().await;
    let id = bench.register(1, submission()).await;
    bench.accepted(id, Severity::Major).await;
    let open = wire::OpenNegotiationRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        ..Default::default()
    };
    assert_eq!(reason(bench.act(&handler("h-1"), open).await), "NEGOTIATION_NOT_ALLOWED");
}
