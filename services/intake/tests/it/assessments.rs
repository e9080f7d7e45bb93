use std::sync::Arc;

use jiff::Timestamp;
use prost::{Message, Name};
use redress_domain::{Clock, ComplaintId};
use redress_intake::app::assessments::{ApplyAssessments, Assessed, Profile};
use redress_intake::domain::lifecycle::Policy;
use redress_messaging::{EventMeta, Record};
use redress_outbox::{BatchHandler, Delivery, HandlerError};
use redress_proto::classification::v1::{Assessment, AssessmentMade, AssessmentOverridden};
use redress_proto::intake::v1::{Complaint, DecideAdmissibilityRequest, GetComplaintRequest};
use redress_proto::types::v1::{Admissibility, Category, ComplaintState, DecidedBy, Severity};
use uuid::Uuid;

use crate::bench::{Bench, NOON, complainant, officer};

fn plain() -> Assessment {
    Assessment {
        category: Category::Cq07.into(),
        severity: Severity::General.into(),
        admissibility: Admissibility::Yes.into(),
        confidence: 0.95,
        ..Assessment::default()
    }
}

fn handler(bench: &Bench, accepts_for: &[&str]) -> ApplyAssessments {
    let clock: Arc<dyn Clock> = bench.clock.clone();
    let accepts_for = accepts_for.iter().map(|tenant| (*tenant).to_owned()).collect();
    ApplyAssessments {
        clock,
        policy: Arc::new(Policy::default()),
        profile: Profile { asks_for_completion: true, accepts_for },
    }
}

fn delivery<M: Message + Name>(
    handler: &ApplyAssessments,
    id: ComplaintId,
    message: &M,
) -> Delivery<Assessed> {
    let meta = EventMeta {
        event_id: Uuid::from_u128(1),
        event_type: M::full_name().into(),
        source: "/redress/classification".into(),
        tenant: "tenant-a".parse().unwrap(),
        subject: *id.as_uuid(),
        version: Some(1),
        occurred_at: NOON.parse().unwrap(),
        recorded_at: None,
        actor: None,
        decided_by: None,
        causation: None,
        correlation: None,
        traceparent: None,
        tracestate: None,
    };
    let payload = message.encode_to_vec();
    let event = handler.decode(&meta, &payload).unwrap().expect("the handler knows the type");
    let record = Record {
        topic: "redress.classification.assessments.v1".into(),
        partition: 0,
        offset: 0,
        timestamp: Timestamp::UNIX_EPOCH,
        key: None,
        headers: Vec::new(),
        payload,
    };
    Delivery { event: Arc::new(event), meta: Arc::new(meta), record: Arc::new(record) }
}

async fn apply(
    bench: &Bench,
    handler: &ApplyAssessments,
    batch: &[Delivery<Assessed>],
) -> Result<(), HandlerError> {
    let mut tx = bench.db.pool().begin().await?;
    handler.apply(&mut tx, batch).await?;
    tx.commit().await?;
    Ok(())
}

async fn made(
    bench: &Bench,
    handler: &ApplyAssessments,
    id: ComplaintId,
    assessment: Assessment,
) -> Complaint {
    let assessment_id = Uuid::from_u128(7).to_string();
    let made = AssessmentMade { assessment_id, assessment: Some(assessment) };
    apply(bench, handler, &[delivery(handler, id, &made)]).await.unwrap();
    view(bench, id).await
}

async fn view(bench: &Bench, id: ComplaintId) -> Complaint {
    let request = GetComplaintRequest { complaint_id: id.to_string(), ..Default::default() };
    bench.queries.get(&officer(), request).await.unwrap()
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
    bench.commands.decide_admissibility(&officer(), decision).await.unwrap();
    let seen = made(&bench, &handler, id, plain()).await;
    assert_eq!((seen.category(), seen.state_version), (Category::Cq01, 3));

    let overridden = AssessmentOverridden {
        assessment_id: Uuid::from_u128(8).to_string(),
        assessment: Some(Assessment { urgent: true, ..plain() }),
        supersedes: Uuid::from_u128(7).to_string(),
        reason: "misread".into(),
    };
    apply(&bench, &handler, &[delivery(&handler, id, &overridden)]).await.unwrap();
    let seen = view(&bench, id).await;
    assert_eq!((seen.category(), seen.urgent, seen.state_version), (Category::Cq07, true, 3));
}

#[tokio::test]
async fn an_assessment_of_a_complaint_that_is_not_here_yet_waits_and_is_not_set_aside() {
    let bench = Bench::new().await;
    let handler = handler(&bench, &[]);
    let id = ComplaintId::from_uuid(Uuid::from_u128(99));
    let message = AssessmentMade { assessment_id: Uuid::from_u128(7).to_string(), assessment: Some(plain()) };
    let refused = apply(&bench, &handler, &[delivery(&handler, id, &message)]).await.unwrap_err();
    assert!(matches!(refused, HandlerError::Unavailable(_)), "{refused:?}");
}
