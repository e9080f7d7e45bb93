//! How many statements a batch takes: at most six, however many cases it is about.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use redress_investigation::domain::opening::When;
use redress_proto::intake::v1 as intake;
use redress_proto::types::v1 as types;
use tracing::instrument::WithSubscriber as _;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use uuid::Uuid;

use crate::bench::Bench;

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

/// Registers, accepts and so opens complaints, all in one batch.
async fn opened_at_once(bench: &Bench, cases: std::ops::Range<u128>) -> usize {
    let mut batch = Vec::new();
    for n in cases.clone() {
        let started = intake::AdmissibilityReviewStarted {
            assessment_id: Uuid::nil().to_string(),
            category: types::Category::Cq01.into(),
            severity: types::Severity::General.into(),
            urgent: false,
        };
        batch.push(bench.registered(n).await);
        batch.push(bench.happened(n, 2, &started));
        batch.push(bench.happened(n, 3, &intake::ComplaintAccepted { handler: "queue-1".into() }));
    }
    let statements = bench.follow_counted(&batch).await;
    for n in cases {
        assert_eq!(bench.told(n).await, [(1, "InvestigationOpened".to_owned())]);
    }
    statements
}

#[tokio::test]
async fn a_batch_of_registrations_and_openings_takes_at_most_six_statements_however_many_they_are() {
    let bench = Bench::with(When::OnAcceptance, true).await;
    let one = opened_at_once(&bench, 1..2).await;
    assert!((1..=6).contains(&one), "{one}");
    assert_eq!(opened_at_once(&bench, 2..7).await, one);
    let questions = bench.count("SELECT count(*) FROM platform_question").await;
    let records = bench.count("SELECT count(*) FROM platform_record").await;
    assert_eq!((questions, records), (30, 72));
}
