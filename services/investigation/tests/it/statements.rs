//! How many statements a batch takes: at most six, however many cases it is about.

use redress_investigation::app::assignments::FollowAssignments;
use redress_investigation::app::clocks::FollowClocks;
use redress_investigation::app::notices::FollowNotices;
use redress_investigation::domain::opening::When;
use redress_proto::classification::v1::AssignmentAccepted;
use redress_proto::intake::v1 as intake;
use redress_proto::types::v1 as types;
use uuid::Uuid;

use crate::bench::{Bench, Happening, meta, staff};
use crate::lapse::{breached, due, notice, sent};

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
    let statements = bench.counted(&bench.following(), &batch).await;
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

#[tokio::test]
async fn a_batch_of_cases_that_are_taken_and_so_opened_takes_at_most_six_statements() {
    let bench = Bench::with(When::OnAssignment, false).await;
    let taken = async |cases: std::ops::Range<u128>| {
        let mut batch = Vec::new();
        for n in cases.clone() {
            bench.accepted(n).await;
            let message = AssignmentAccepted { handler: "handler-1".into() };
            let meta =
                meta::<AssignmentAccepted>("redress.classification.assessments.v1", n, 1, bench.desk.now());
            batch.push(Happening { meta, payload: prost::Message::encode_to_vec(&message) });
        }
        let statements = bench.counted(&FollowAssignments { desk: bench.desk.clone() }, &batch).await;
        for n in cases {
            assert_eq!(bench.told(n).await, [(1, "InvestigationOpened".to_owned())]);
        }
        statements
    };
    let one = taken(1..2).await;
    assert!((1..=6).contains(&one), "{one}");
    assert_eq!(taken(2..7).await, one);
}

#[tokio::test]
async fn a_batch_of_requests_that_lapse_and_one_of_the_proofs_before_take_at_most_six_statements() {
    let bench = Bench::new().await;
    let lapsed = async |cases: std::ops::Range<u128>| {
        let (mut proofs, mut clocks) = (Vec::new(), Vec::new());
        for n in cases.clone() {
            bench.opened(n).await;
            let asked = bench.ask(&staff("handler-1"), n, &format!("ask-{n}")).await.unwrap();
            proofs.push(notice(&bench, n, 1, bench.desk.now(), &sent()).await);
            clocks.push(breached(n, 1, "C11", &asked.evidence_request_id, due(&asked)));
        }
        let proved = bench.counted(&FollowNotices { desk: bench.desk.clone() }, &proofs).await;
        let over = bench.counted(&FollowClocks { desk: bench.desk.clone() }, &clocks).await;
        for n in cases {
            assert!(bench.told(n).await.iter().any(|(_, name)| name == "EvidenceRequestLapsed"));
        }
        [proved, over]
    };
    let one = lapsed(1..2).await;
    assert!(one.iter().all(|statements| (1..=6).contains(statements)), "{one:?}");
    assert_eq!(lapsed(2..6).await, one);
}
