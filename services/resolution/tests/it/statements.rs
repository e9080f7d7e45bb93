//! How many statements a batch takes: a stage's decision at most six, however many cases it is about.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use redress_domain::ComplaintId;
use redress_proto::intake::v1 as intake;
use redress_proto::types::v1::ComplaintState as State;
use redress_resolution::app::react::FollowLifecycle;
use tracing::instrument::WithSubscriber as _;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::bench::{Bench, complainant, merchant};
use crate::steps::accept;

/// Counts what the database is asked, by the driver's own log.
#[derive(Clone, Default)]
pub(crate) struct Counting(Arc<AtomicUsize>);

impl Counting {
    pub(crate) async fn over<F: Future>(&self, work: F) -> F::Output {
        // With a second one beside it: where there is only one, a place in the driver that another test's thread comes to
        // first counts as of no interest to anybody.
        let counted = tracing::Dispatch::new(self.clone());
        let _beside = tracing::Dispatch::new(self.clone());
        work.with_subscriber(counted).await
    }

    pub(crate) fn statements(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Subscriber for Counting {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

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
