//! What a decision does to the assessment of a complaint, and that each change of it leaves its trace.

use redress_domain::{ComplaintId, Role};
use redress_proto::intake::v1::{AuditEntry, Complaint, DecideAdmissibilityRequest, QueryAuditRequest};
use redress_proto::types::v1::{Admissibility, Category, ComplaintState, Severity};

use crate::assessments::{handler, made, plain};
use crate::bench::{Bench, accept, ask, caller, complainant, officer, problem};

/// A complaint under review, assessed by the machine.
async fn assessed(bench: &Bench, severity: Severity) -> ComplaintId {
    let id = bench.registered(&complainant("c1"), "k1").await;
    let assessment = redress_proto::classification::v1::Assessment { severity: severity.into(), ..plain() };
    made(bench, &handler(bench, &[]), id, assessment).await;
    id
}

fn found(seen: &Complaint) -> (Category, Severity) {
    (seen.category(), seen.severity())
}

#[tokio::test]
async fn a_severity_counts_without_a_category_and_is_kept_where_none_is_told() {
    let bench = Bench::new().await;
    let id = assessed(&bench, Severity::General).await;
    let severity_alone = DecideAdmissibilityRequest {
        category: Category::Unspecified.into(),
        severity: Severity::Major.into(),
        ..accept(id, "r1")
    };
    let seen = bench.decide(&officer(), severity_alone).await.unwrap();
    assert_eq!(found(&seen), (Category::Cq07, Severity::Major));

    let bench = Bench::new().await;
    let id = assessed(&bench, Severity::Major).await;
    let category_alone = DecideAdmissibilityRequest { category: Category::Cq01.into(), ..accept(id, "r1") };
    let seen = bench.decide(&officer(), category_alone).await.unwrap();
    assert_eq!(found(&seen), (Category::Cq01, Severity::Major));
}

#[tokio::test]
async fn what_nobody_has_assessed_is_not_decided_also_where_a_review_was_asked_for() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let nothing_told =
        DecideAdmissibilityRequest { category: Category::Unspecified.into(), ..accept(id, "r1") };
    let refused = problem(bench.decide(&officer(), nothing_told).await);
    assert_eq!(refused.reason, "ASSESSMENT_MISSING");
    let seen = bench.decide(&officer(), accept(id, "r2")).await.unwrap();
    assert_eq!(found(&seen), (Category::Cq07, Severity::General));
}

async fn trail(bench: &Bench) -> Vec<AuditEntry> {
    let auditor = caller("tenant-a", "auditor-1", &[Role::Auditor]);
    bench.audit.query(&auditor, QueryAuditRequest::default()).await.unwrap().entries
}

#[tokio::test]
async fn each_change_of_an_assessment_is_on_the_trail_published_and_moves_the_version() {
    let bench = Bench::new().await;
    let id = assessed(&bench, Severity::General).await;
    let version = bench.view(id).await.state_version;
    let other = DecideAdmissibilityRequest {
        severity: Severity::Major.into(),
        ..DecideAdmissibilityRequest { category: Category::Cq01.into(), ..accept(id, "r1") }
    };
    let seen = bench.decide(&officer(), other).await.unwrap();
    assert_eq!(seen.state_version, version + 2, "the assessment and the acceptance");

    let trail = trail(&bench).await;
    let actions: Vec<&str> = trail.iter().map(|entry| entry.action.as_str()).collect();
    let expected =
        ["ComplaintRegistered", "AdmissibilityReviewStarted", "AssessmentApplied", "ComplaintAccepted"];
    assert_eq!(actions, expected);
    let facts = |at: usize| serde_json::to_value(trail[at].detail.clone().unwrap()).unwrap();
    assert_eq!((&facts(1)["category"], &facts(1)["severity"]), (&"CQ07".into(), &"general".into()));
    assert_eq!((&facts(2)["category"], &facts(2)["severity"]), (&"CQ01".into(), &"major".into()));
    assert_eq!(trail[2].actor, "officer-1");
    let published = "SELECT count(*) FROM outbox WHERE headers::text LIKE '%intake.v1.AssessmentApplied%'";
    assert_eq!(bench.count(published).await, 1);
    let versions: Vec<i64> = bench.published().await.into_iter().map(|(_, version)| version).collect();
    assert_eq!(versions, [1, 2, 3, 4]);
}

#[tokio::test]
async fn an_assessment_told_with_a_request_for_completion_is_kept() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let told = DecideAdmissibilityRequest { category: Category::Cq03.into(), ..ask(id, "r1") };
    let seen = bench.decide(&officer(), told).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::AwaitingCompletion);
    assert_eq!(found(&seen), (Category::Cq03, Severity::General));
}

#[tokio::test]
async fn a_decision_holds_no_free_text_where_it_is_published() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let named = DecideAdmissibilityRequest { handler: "王小样 13800000000".into(), ..accept(id, "r1") };
    let told = DecideAdmissibilityRequest {
        decision: Admissibility::NeedsCompletion.into(),
        missing: vec!["order.orderNo".into(), "请王小样打 13800000000".into()],
        ..accept(id, "r2")
    };
    for (request, field) in [(named, "handler"), (told, "missing[1]")] {
        let refused = problem(bench.decide(&officer(), request).await);
        let violations: Vec<_> = refused.violations.iter().map(|v| (&*v.field, v.reason)).collect();
        assert_eq!(violations, [(field, "MALFORMED")]);
    }
}
