use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use prost::{Message, Name};
use redress_domain::{Clock, ComplaintId};
use redress_intake::app::assessments::{ApplyAssessments, Finding, Profile};
use redress_intake::domain::lifecycle::Policy;
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, Delivery, HandlerError};
use redress_proto::classification::v1::{
    Assessment, AssessmentMade, AssessmentOverridden, AssignmentAccepted, AssignmentOffered,
    AssignmentReturned,
};
use redress_proto::intake::v1::{Complaint, DecideAdmissibilityRequest};
use redress_proto::types::v1::{Admissibility, Category, ComplaintState, DecidedBy, Severity};
use redress_testkit::{event_meta, record};
use uuid::Uuid;

use crate::bench::{Bench, NOON, complainant, officer, supply};

pub(crate) fn plain() -> Assessment {
    Assessment {
        category: Category::Cq07.into(),
        severity: Severity::General.into(),
        admissibility: Admissibility::Yes.into(),
        confidence: 0.95,
        ..Assessment::default()
    }
}

pub(crate) fn handler(bench: &Bench, accepts_for: &[&str]) -> ApplyAssessments {
    let clock: Arc<dyn Clock> = bench.clock.clone();
    let accepts_for = accepts_for.iter().map(|tenant| (*tenant).to_owned()).collect();
    ApplyAssessments {
        clock,
        policy: Arc::new(Policy::default()),
        profile: Profile { asks_for_completion: true, accepts_for },
    }
}

pub(crate) fn meta<M: Name>(id: ComplaintId, version: i64) -> EventMeta {
    let (topic, tenant) = ("redress.classification.assessments.v1", "tenant-a".parse().unwrap());
    EventMeta {
        event_id: Uuid::from_u128(1),
        source: "/redress/classification".into(),
        actor: Some("staff-7".into()),
        decided_by: Some("human".into()),
        ..event_meta::<M>(topic, tenant, *id.as_uuid(), version, NOON.parse().unwrap())
    }
}

fn delivery<M: Message + Name>(
    handler: &ApplyAssessments,
    id: ComplaintId,
    message: &M,
) -> Delivery<Finding> {
    let meta = meta::<M>(id, 1);
    let payload = message.encode_to_vec();
    let event = handler.decode(&meta, &payload).unwrap().expect("the handler knows the type");
    let record = record("redress.classification.assessments.v1", payload);
    Delivery { event: Arc::new(event), meta: Arc::new(meta), record: Arc::new(record) }
}

async fn apply(
    bench: &Bench,
    handler: &ApplyAssessments,
    batch: &[Delivery<Finding>],
) -> Result<(), HandlerError> {
    let mut tx = bench.db.pool().begin().await?;
    handler.apply(&mut tx, batch).await?;
    tx.commit().await?;
    Ok(())
}

pub(crate) async fn made(
    bench: &Bench,
    handler: &ApplyAssessments,
    id: ComplaintId,
    assessment: Assessment,
) -> Complaint {
    let assessment_id = Uuid::from_u128(7).to_string();
    let made = AssessmentMade { assessment_id, assessment: Some(assessment) };
    apply(bench, handler, &[delivery(handler, id, &made)]).await.unwrap();
    bench.view(id).await
}

#[tokio::test]
async fn a_machine_begins_the_review_and_leaves_the_decision_to_a_person_where_the_profile_says_so() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let seen = made(&bench, &handler(&bench, &["tenant-b"]), id, plain()).await;
    assert_eq!(seen.state(), ComplaintState::AdmissibilityReview);
    assert_eq!((seen.category(), seen.severity()), (Category::Cq07, Severity::General));
    assert_eq!(seen.history[1].decided_by(), DecidedBy::Rule);
    let versions: Vec<i64> = bench.published().await.into_iter().map(|(_, version)| version).collect();
    assert_eq!(versions, [1, 2]);
}

#[tokio::test]
async fn a_machine_takes_up_what_is_plain_where_the_profile_lets_it() {
    let bench = Bench::new().await;
    let handler = handler(&bench, &["tenant-a"]);
    let id = bench.registered(&complainant("c1"), "plain").await;
    assert_eq!(made(&bench, &handler, id, plain()).await.state(), ComplaintState::Accepted);

    let doubtful = [
        Assessment { severity: Severity::Major.into(), ..plain() },
        Assessment { urgent: true, ..plain() },
        Assessment { needs_human: true, ..plain() },
        Assessment { confidence: 0.5, ..plain() },
        Assessment { admissibility: Admissibility::No.into(), ..plain() },
        // A contradiction: what is incomplete is taken up by nobody but a person.
        Assessment { missing: vec!["order_no".into()], ..plain() },
        Assessment { decided_by: DecidedBy::Model.into(), ..plain() },
    ];
    for (number, assessment) in doubtful.into_iter().enumerate() {
        let id = bench.registered(&complainant("c1"), &format!("doubtful-{number}")).await;
        let seen = made(&bench, &handler, id, assessment).await;
        assert_eq!(seen.state(), ComplaintState::AdmissibilityReview, "{number}");
    }
}

#[tokio::test]
async fn what_is_missing_is_asked_for_by_the_machine() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let lacking = Assessment {
        admissibility: Admissibility::NeedsCompletion.into(),
        missing: vec!["order_no".into()],
        ..plain()
    };
    let seen = made(&bench, &handler(&bench, &[]), id, lacking).await;
    assert_eq!(seen.state(), ComplaintState::AwaitingCompletion);
    assert_eq!(seen.missing, ["order_no"]);
}

#[tokio::test]
async fn what_is_urgent_or_grave_is_sent_to_wait_by_no_machine() {
    let bench = Bench::new().await;
    let handler = handler(&bench, &[]);
    let lacking = Assessment {
        admissibility: Admissibility::NeedsCompletion.into(),
        missing: vec!["order_no".into()],
        ..plain()
    };
    let pressing = [
        Assessment { urgent: true, ..lacking.clone() },
        Assessment { severity: Severity::Major.into(), ..lacking },
    ];
    for (number, assessment) in pressing.into_iter().enumerate() {
        let id = bench.registered(&complainant("c1"), &format!("pressing-{number}")).await;
        let seen = made(&bench, &handler, id, assessment).await;
        assert_eq!(seen.state(), ComplaintState::AdmissibilityReview, "{number}: a person asks");
    }
}

#[tokio::test]
async fn a_late_assessment_by_a_machine_does_not_touch_what_a_person_decided_and_a_persons_does() {
    let bench = Bench::new().await;
    let handler = handler(&bench, &["*"]);
    let id = bench.registered(&complainant("c1"), "k1").await;
    let decision = DecideAdmissibilityRequest {
        request_id: "r1".into(),
        complaint_id: id.to_string(),
        decision: Admissibility::Yes.into(),
        category: Category::Cq01.into(),
        handler: "staff-0042".into(),
        ..Default::default()
    };
    bench.decide(&officer(), decision).await.unwrap();
    let seen = made(&bench, &handler, id, plain()).await;
    assert_eq!((seen.category(), seen.state_version), (Category::Cq01, 3));

    let overridden = AssessmentOverridden {
        assessment_id: Uuid::from_u128(8).to_string(),
        assessment: Some(Assessment { urgent: true, ..plain() }),
        supersedes: Uuid::from_u128(7).to_string(),
        reason: "misread".into(),
    };
    let told = delivery(&handler, id, &overridden);
    apply(&bench, &handler, std::slice::from_ref(&told)).await.unwrap();
    let seen = bench.view(id).await;
    assert_eq!((seen.category(), seen.urgent, seen.state_version), (Category::Cq07, true, 4));
    let entry = seen.history.last().unwrap();
    assert_eq!((entry.event.as_str(), entry.actor.as_str()), ("AssessmentApplied", "staff-7"));
    assert_eq!(entry.decided_by(), DecidedBy::Human);
    // The same once more says nothing new.
    apply(&bench, &handler, &[told]).await.unwrap();
    assert_eq!(bench.view(id).await.state_version, 4);
}

#[tokio::test]
async fn a_persons_assessment_of_what_nobody_has_looked_at_is_the_persons_and_the_review_the_machines() {
    let bench = Bench::new().await;
    let handler = handler(&bench, &[]);
    let id = bench.registered(&complainant("c1"), "k1").await;
    let overridden = AssessmentOverridden {
        assessment_id: Uuid::from_u128(8).to_string(),
        assessment: Some(plain()),
        ..Default::default()
    };
    apply(&bench, &handler, &[delivery(&handler, id, &overridden)]).await.unwrap();
    let seen = bench.view(id).await;
    let actors: Vec<_> = seen.history[1..].iter().map(|e| (e.event.as_str(), e.actor.as_str())).collect();
    assert_eq!(actors, [("AssessmentApplied", "staff-7"), ("AdmissibilityReviewStarted", "classification")]);
}

#[tokio::test]
async fn who_has_a_case_is_followed_and_stands_in_its_history() {
    let bench = Bench::new().await;
    let handler = handler(&bench, &[]);
    let id = bench.registered(&complainant("c1"), "k1").await;
    let offered = AssignmentOffered { handler: "staff-7".into(), ..Default::default() };
    let accepted = AssignmentAccepted { handler: "staff-7".into() };
    let returned = AssignmentReturned { handler: "staff-7".into(), reason: "absent".into() };
    let batch = [delivery(&handler, id, &offered), delivery(&handler, id, &accepted)];
    apply(&bench, &handler, &batch).await.unwrap();
    let assignment = async || -> String {
        sqlx::query_scalar("SELECT lifecycle->'regions'->'assignment'->>'value' FROM complaint")
            .fetch_one(bench.db.pool())
            .await
            .unwrap()
    };
    assert_eq!(assignment().await, r#"{"assignment":"accepted","by":"staff-7"}"#);
    apply(&bench, &handler, &[delivery(&handler, id, &returned)]).await.unwrap();
    assert_eq!(assignment().await, r#"{"assignment":"unassigned"}"#);
    let seen = bench.view(id).await;
    assert_eq!((seen.state(), seen.state_version), (ComplaintState::Received, 4));
    assert_eq!(seen.history[1].event, "ComplaintAdvanced");
    assert_eq!(seen.history[1].actor, "staff-7");

    let nobody = AssignmentOffered::default();
    let meta = meta::<AssignmentOffered>(id, 1);
    assert!(handler.decode(&meta, &nobody.encode_to_vec()).is_err());
}

/// Says up to when submissions were read.
async fn read_through(bench: &Bench, at: Timestamp) {
    sqlx::query(
        "INSERT INTO progress (topic, partition, next_offset, applied_through, adopts)
         VALUES ('redress.intake.submissions.v1', 0, 0, $1, false)
         ON CONFLICT (topic, partition) DO UPDATE SET applied_through = $1",
    )
    .bind(at.to_sqlx())
    .execute(bench.db.pool())
    .await
    .unwrap();
}

#[tokio::test]
async fn an_assessment_waits_for_its_complaint_as_long_as_that_can_come_and_is_poison_then() {
    let bench = Bench::new().await;
    let handler = handler(&bench, &[]);
    let id = ComplaintId::from_uuid(Uuid::from_u128(99));
    let message = AssessmentMade { assessment_id: Uuid::from_u128(7).to_string(), assessment: Some(plain()) };
    let told = delivery(&handler, id, &message);
    let refused = async || apply(&bench, &handler, std::slice::from_ref(&told)).await.unwrap_err();
    assert!(matches!(refused().await, HandlerError::Unavailable(_)), "nothing was read yet");
    read_through(&bench, told.record.timestamp).await;
    assert!(matches!(refused().await, HandlerError::Unavailable(_)), "clocks differ a little");
    read_through(&bench, told.record.timestamp + SignedDuration::from_secs(6)).await;
    assert!(matches!(refused().await, HandlerError::Poison(_)), "all that is older was read");
}

#[tokio::test]
async fn what_is_missing_is_named_by_paths_and_a_bad_name_holds_nothing_else_back() {
    let bench = Bench::new().await;
    let handler = handler(&bench, &["tenant-a"]);
    let lacking = |missing: &[&str]| Assessment {
        admissibility: Admissibility::NeedsCompletion.into(),
        missing: missing.iter().map(|&name| name.to_owned()).collect(),
        ..plain()
    };
    let id = bench.registered(&complainant("c1"), "k1").await;
    let seen = made(&bench, &handler, id, lacking(&["王小样的电话", "order_no"])).await;
    assert_eq!(
        (seen.state(), seen.missing),
        (ComplaintState::AwaitingCompletion, vec!["order_no".to_owned()])
    );
    // Nothing fit to be asked for: a person looks.
    let id = bench.registered(&complainant("c1"), "k2").await;
    let seen = made(&bench, &handler, id, lacking(&["王小样的电话"])).await;
    assert_eq!((seen.state(), seen.category()), (ComplaintState::AdmissibilityReview, Category::Cq07));
}

#[tokio::test]
async fn what_was_completed_goes_on_to_a_persons_review() {
    let bench = Bench::new().await;
    let handler = handler(&bench, &["tenant-a"]);
    let id = bench.registered(&complainant("c1"), "k1").await;
    let lacking = Assessment {
        admissibility: Admissibility::NeedsCompletion.into(),
        missing: vec!["order_no".into()],
        ..plain()
    };
    assert_eq!(made(&bench, &handler, id, lacking).await.state(), ComplaintState::AwaitingCompletion);
    let seen = bench.supply(&complainant("c1"), supply(id, "s1")).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::Received);
    // As classification assesses what was completed: nothing is missing any more, and nobody has read it.
    let anew = Assessment { needs_human: true, ..plain() };
    assert_eq!(made(&bench, &handler, id, anew).await.state(), ComplaintState::AdmissibilityReview);
}
