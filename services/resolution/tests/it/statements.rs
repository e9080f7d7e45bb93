//! How many statements a batch takes: a stage's decision at most six, however many cases it is about.

use jiff::SignedDuration;
use redress_domain::ComplaintId;
use redress_proto::intake::v1 as intake;
use redress_proto::types::v1::ComplaintState as State;
use redress_resolution::app::react::FollowLifecycle;
use redress_testkit::Statements;

use crate::bench::{Bench, complainant, merchant};
use crate::money_steps::Till;
use crate::steps::accept;

/// So many cases whose settlement comes into effect in one batch; how many statements that takes.
async fn settled_at_once(bench: &Bench, first: u128, cases: u128) -> usize {
    let mut ids: Vec<ComplaintId> = Vec::new();
    for n in first..first + cases {
        let (id, proposal) = bench.to_mediating(n).await;
        bench.act(&complainant(), accept(id, &proposal, 1, 2)).await.unwrap();
        bench.act(&merchant(), accept(id, &proposal, 1, 2)).await.unwrap();
        ids.push(id);
    }
    let handler = FollowLifecycle(bench.follower.clone());
    let moved = intake::ComplaintAdvanced {
        from: State::Mediating.into(),
        to: State::Executing.into(),
        fact: "SettlementReached".into(),
    };
    let batch = ids.iter().filter_map(|id| bench.delivery(&handler, *id, &moved, "intake")).collect();
    let statements = bench.apply(&handler, batch).await.unwrap();
    for id in ids {
        assert_eq!(bench.get(&complainant(), id).await.remedies.len(), 1);
        assert!(bench.published(id).await.contains(&"RemedyOrdered".to_owned()));
    }
    statements
}

#[tokio::test]
async fn a_batch_of_decisions_takes_at_most_six_statements_however_many_they_are() {
    let bench = Bench::new().await;
    let one = settled_at_once(&bench, 1, 1).await;
    assert!((1..=6).contains(&one), "{one}");
    assert_eq!(settled_at_once(&bench, 2, 4).await, one);
}

/// So many remedies that are due at once: what the statements of each transaction are while they are paid, and while it is
/// said again that everything is settled.
async fn paid_at_once(cases: u128) -> (Vec<usize>, Vec<usize>) {
    let till = Till::new().await;
    for n in 1..=cases {
        till.bench.to_executing(n).await;
    }
    let (paying, saying) = (Statements::default(), Statements::default());
    let paid = paying.over(till.dispatch.pass()).await.unwrap();
    assert_eq!((paid, till.payments.moved().len()), (usize::try_from(cases).unwrap(), paid));
    till.bench.pass(SignedDuration::from_mins(1));
    let said = saying.over(till.dispatch.pass()).await.unwrap();
    assert_eq!(said, paid);
    till.adds_up().await;
    (paying.of_transactions(), saying.of_transactions())
}

#[tokio::test]
async fn what_came_back_at_the_same_time_is_written_down_by_few_statements_however_much_it_is() {
    let (paid_one, said_one) = paid_at_once(1).await;
    let (paid_many, said_many) = paid_at_once(5).await;
    assert_eq!((paid_one.len(), said_one.len()), (1, 1), "one errand, one transaction");
    // Payments come back when they do, in one transaction or in several; what needs no answer is written in one.
    assert!(
        (1..=5).contains(&paid_many.len()) && paid_many.iter().all(|each| *each == paid_one[0]),
        "{paid_many:?}"
    );
    assert_eq!(said_many, said_one, "one transaction for all of them");
    assert!((1..=6).contains(&paid_one[0]) && (1..=6).contains(&said_one[0]), "{paid_one:?} {said_one:?}");
}
