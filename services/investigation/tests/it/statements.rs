//! How many statements a batch takes: at most six, however many cases it is about.

use redress_investigation::domain::opening::When;
use redress_proto::intake::v1 as intake;
use redress_proto::types::v1 as types;
use uuid::Uuid;

use crate::bench::Bench;

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
