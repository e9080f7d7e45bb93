//! A later decision takes the place of an earlier one with all that it ordered: nobody is paid for the same twice, and
//! what failed is made good by as much money as failed.

use redress_domain::ComplaintId;
use redress_proto::resolution::v1 as wire;
use redress_proto::resolution::v1::RemedyState;
use redress_proto::types::v1::{ComplaintState as State, Money};

use crate::bench::{complainant, handler, merchant, reason, supervisor};
use crate::money_executor::Mood;
use crate::money_steps::Till;
use crate::steps::{accept, call, draft, option, party, refund, ruling};

fn further(id: ComplaintId, minor: i64) -> wire::OrderRemedyRequest {
    wire::OrderRemedyRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        terms: Some(refund(minor)),
        reason: "made_good".into(),
        ..Default::default()
    }
}

impl Till {
    /// What was agreed was paid, the complainant is not content, and the facts are found again.
    async fn investigated_again(&self, n: u128) -> ComplaintId {
        let id = self.bench.to_executing(n).await;
        self.round().await;
        self.bench.advance(id, State::Executing, State::ResultNotified, "RemedyExecuted").await;
        self.bench.advance(id, State::ResultNotified, State::Investigating, "ResultRejected").await;
        self.bench.conclude(id).await;
        id
    }

    /// A person rules on a case that stands at ruling, and the lifecycle moves.
    async fn ruled(&self, id: ComplaintId, terms: Vec<wire::RemedyTerms>) {
        let to = if terms.is_empty() { State::ResultNotified } else { State::Executing };
        self.bench.act(&supervisor("s-2"), ruling(id, terms)).await.unwrap();
        self.bench.advance(id, State::Ruling, to, "RulingIssued").await;
    }

    /// The money that failed is a matter of ruling (T24).
    async fn failed_and_at_ruling(&self, n: u128) -> (ComplaintId, String) {
        let id = self.bench.to_executing(n).await;
        self.payments.will([Mood::Refuses("payer_unknown")]);
        self.round().await;
        let remedy = self.remedies(id).await[0].remedy_id.clone();
        self.bench.advance(id, State::Executing, State::Ruling, "RemedyFailed").await;
        (id, remedy)
    }
}

#[tokio::test]
async fn a_cent_does_not_settle_eighty_yuan_that_failed_and_as_much_money_does() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.payments.will([Mood::Refuses("no_funds")]);
    till.round().await;
    till.bench.act(&handler("h-1"), further(id, 1)).await.unwrap();
    till.round().await;
    assert_eq!(till.payments.moved(), [1]);
    assert!(!till.bench.last::<wire::RemedyExecuted>(id).await.all, "79.99 are still owed");
    till.bench.act(&handler("h-1"), further(id, 7_999)).await.unwrap();
    till.round().await;
    assert_eq!(till.payments.moved(), [1, 7_999]);
    assert!(till.bench.last::<wire::RemedyExecuted>(id).await.all);
    till.adds_up().await;
}

#[tokio::test]
async fn what_a_settlement_paid_is_not_paid_again_by_the_ruling_that_takes_its_place() {
    let till = Till::new().await;
    for (n, ruled, moved) in [
        (1, vec![refund(8_000)], vec![8_000]),
        (2, vec![refund(9_000)], vec![8_000, -8_000, 9_000]),
        (3, Vec::new(), vec![8_000, -8_000]),
    ] {
        let before = till.payments.moved().len();
        let id = till.investigated_again(n).await;
        till.bench.act(&handler("h-1"), crate::steps::liability(id)).await.unwrap();
        till.bench.advance(id, State::PlanReview, State::Ruling, "PlanApproved").await;
        till.ruled(id, ruled).await;
        for _ in 0..3 {
            till.round().await;
        }
        let mut since = till.payments.moved().split_off(before);
        since.sort_unstable();
        let mut expected = moved;
        expected.sort_unstable();
        assert_eq!(since, expected, "case {n}");
        let seen = till.bench.get(&complainant(), id).await;
        assert_eq!(seen.settlements[0].state(), wire::DecisionState::Replaced);
        till.adds_up().await;
    }
}

#[tokio::test]
async fn what_a_settlement_paid_is_not_paid_again_by_the_next_settlement() {
    let till = Till::new().await;
    let id = till.investigated_again(1).await;
    let options = vec![option(vec![refund(8_000), refund(1_500)])];
    let drafted = till.bench.act(&handler("h-1"), draft(id, options)).await.unwrap();
    let proposal = drafted.proposals.iter().find(|one| one.revisions[0].options.len() == 1).unwrap();
    let proposal = proposal.proposal_id.clone();
    till.bench.act(&supervisor("s-1"), crate::steps::review(id, &proposal, 1)).await.unwrap();
    till.bench.advance(id, State::PlanReview, State::Mediating, "PlanApproved").await;
    till.bench.send(id, &proposal).await;
    till.bench.act(&complainant(), accept(id, &proposal, 1, 1)).await.unwrap();
    till.bench.act(&merchant(), accept(id, &proposal, 1, 1)).await.unwrap();
    till.bench.advance(id, State::Mediating, State::Executing, "SettlementReached").await;
    for _ in 0..3 {
        till.round().await;
    }
    assert_eq!(till.payments.moved(), [8_000, 1_500], "what is agreed again stays as it is");
    till.adds_up().await;
}

#[tokio::test]
async fn after_a_ruling_on_money_that_failed_the_platform_does_not_advance_the_old_order_too() {
    let till = Till::new().await;
    let (id, failed) = till.failed_and_at_ruling(1).await;
    till.ruled(id, vec![refund(8_000)]).await;
    assert_eq!(reason(till.advance_payment(id, &failed).await), "REMEDY_REPLACED");
    till.round().await;
    assert_eq!(reason(till.advance_payment(id, &failed).await), "REMEDY_REPLACED");
    assert_eq!(till.payments.moved(), [8_000]);
    assert!(till.bench.last::<wire::RemedyExecuted>(id).await.all, "the ruling says what is owed");
    till.adds_up().await;
}

#[tokio::test]
async fn a_ruling_on_money_that_failed_leaves_what_was_done_and_can_order_less() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.payments.will([Mood::Refuses("payer_unknown")]);
    till.round().await;
    till.bench.act(&handler("h-1"), further(id, 500)).await.unwrap();
    till.round().await;
    assert_eq!(till.payments.moved(), [500]);
    till.bench.advance(id, State::Executing, State::Ruling, "RemedyFailed").await;
    let first = wire::RemedyTerms {
        r#type: wire::RemedyType::PlatformAdvancePayment.into(),
        amount: Some(Money { currency: "CNY".into(), amount_minor: 6_000 }),
        payer: Some(party(wire::LiableParty::Platform, "")),
        ..refund(6_000)
    };
    till.ruled(id, vec![refund(500), first]).await;
    for _ in 0..3 {
        till.round().await;
    }
    assert_eq!(till.payments.moved(), [500, 6_000], "what stays is neither taken back nor paid again");
    assert!(till.bench.last::<wire::RemedyExecuted>(id).await.all);
    let states: Vec<_> = till.states(id).await.into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, [RemedyState::Failed, RemedyState::Confirmed, RemedyState::Confirmed]);
    till.adds_up().await;
}

#[tokio::test]
async fn an_advance_under_way_when_the_ruling_comes_into_effect_is_not_paid_beside_it() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.payments.will([Mood::Refuses("payer_unknown")]);
    till.round().await;
    let failed = till.remedies(id).await[0].remedy_id.clone();
    till.advance_payment(id, &failed).await.unwrap();
    till.bench.advance(id, State::Executing, State::Ruling, "RemedyFailed").await;
    till.round().await;
    till.ruled(id, vec![refund(8_000)]).await;
    for _ in 0..3 {
        till.round().await;
    }
    assert_eq!(till.payments.moved(), [8_000]);
    assert_eq!(reason(till.advance_payment(id, &failed).await), "REMEDY_REPLACED");
    till.adds_up().await;
}
