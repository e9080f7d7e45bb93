//! Two at the same instant: one wins, the other is told.

use redress_proto::intake::v1 as intake;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::{ComplaintState as State, Severity};

use crate::bench::{Bench, complainant, handler, merchant, supervisor};
use crate::steps::{accept, review, ruling};

const ROUNDS: u128 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_acceptances_of_different_options_one_wins_and_the_other_is_told() {
    let bench = Bench::new().await;
    for n in 1..=ROUNDS {
        let (id, proposal) = bench.to_mediating(n).await;
        let (one, two) = (complainant(), merchant());
        let (first, second) = tokio::join!(
            bench.act(&one, accept(id, &proposal, 1, 1)),
            bench.act(&two, accept(id, &proposal, 1, 2)),
        );
        let refused: Vec<_> = [first, second].into_iter().filter_map(Result::err).collect();
        assert_eq!(refused.len(), 1, "one of them");
        assert_eq!(refused[0].reason, "OTHER_OPTION_ACCEPTED");
        let seen = bench.get(&handler("h-1"), id).await;
        assert!(seen.settlements.is_empty());
        let accepted = seen.offers.iter().filter(|link| link.action() == wire::OfferAction::Accepted);
        assert_eq!(accepted.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_acceptances_of_the_same_option_make_one_settlement() {
    let bench = Bench::new().await;
    for n in 1..=ROUNDS {
        let (id, proposal) = bench.to_mediating(n).await;
        let (one, two) = (complainant(), merchant());
        let again = accept(id, &proposal, 1, 1);
        let (first, twin, second) = tokio::join!(
            bench.act(&one, again.clone()),
            bench.act(&one, again.clone()),
            bench.act(&two, accept(id, &proposal, 1, 1)),
        );
        first.unwrap();
        twin.unwrap();
        second.unwrap();
        let reached = bench.published(id).await.iter().filter(|name| *name == "SettlementReached").count();
        assert_eq!(reached, 1);
        let accepted = bench.published(id).await.iter().filter(|name| *name == "OfferAccepted").count();
        assert_eq!(accepted, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_settlement_and_a_withdrawal_one_wins() {
    let bench = Bench::new().await;
    for n in 1..=ROUNDS {
        let (id, proposal) = bench.to_mediating(n).await;
        bench.act(&complainant(), accept(id, &proposal, 1, 1)).await.unwrap();
        let two = merchant();
        let (settled, ()) = tokio::join!(
            bench.act(&two, accept(id, &proposal, 1, 1)),
            bench.lifecycle(id, &intake::ComplaintWithdrawn {}),
        );
        // Intake has withdrawn it either way, and answers the fact so.
        if settled.is_ok() {
            bench.refuse(id, "SettlementReached", State::Withdrawn).await;
        }
        let seen = bench.get(&handler("h-1"), id).await;
        assert_eq!(seen.proposals[0].state(), wire::ProposalState::Revoked);
        assert!(seen.settlements.iter().all(|one| one.state() == wire::DecisionState::Void));
        assert!(seen.remedies.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_reviews_or_two_rulings_one_counts() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    bench.act(&handler("h-1"), crate::steps::liability(id)).await.unwrap();
    let options = vec![crate::steps::option(vec![crate::steps::refund(100)])];
    let drafted = bench.act(&handler("h-1"), crate::steps::draft(id, options)).await.unwrap();
    let proposal = &drafted.proposals[0].proposal_id;
    let (one, two) = (supervisor("s-1"), supervisor("s-2"));
    let (first, second) =
        tokio::join!(bench.act(&one, review(id, proposal, 1)), bench.act(&two, review(id, proposal, 1)));
    let refused: Vec<_> = [first, second].into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.iter().map(|p| p.reason).collect::<Vec<_>>(), ["PROPOSAL_NOT_IN_REVIEW"]);

    let id = bench.to_ruling(2, Severity::General).await;
    let (first, second) =
        tokio::join!(bench.act(&one, ruling(id, vec![])), bench.act(&two, ruling(id, vec![])));
    let refused: Vec<_> = [first, second].into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.iter().map(|p| p.reason).collect::<Vec<_>>(), ["DECISION_PENDING"]);
}
