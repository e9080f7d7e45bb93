use redress_classification::Error;
use redress_classification::app::overrule::overrule;
use redress_domain::{ErrorKind, Problem};
use redress_proto::classification::v1::{Assessment, OverrideAssessmentRequest, StoredAssessment};
use redress_proto::types::v1::{Admissibility, Category, DecidedBy, PartyKind, Severity, UrgentReason};
use uuid::Uuid;

use crate::bench::{Bench, Told, from_room, supervisor, told};

async fn assessed(bench: &Bench) -> (Uuid, StoredAssessment) {
    let text = "主播说这个包是头层牛皮,收到一看是人造革,虚假宣传,我要退货退款。";
    let id = bench.assessed(Told { submission: from_room(text, "room-1", "TEST-0001"), ..told(1, "") }).await;
    let first = bench.explained(id).await.remove(0);
    (id, first)
}

fn request(first: &StoredAssessment, assessment: Assessment) -> OverrideAssessmentRequest {
    OverrideAssessmentRequest {
        request_id: "r1".into(),
        complaint_id: first.complaint_id.clone(),
        supersedes: first.assessment_id.clone(),
        assessment: Some(assessment),
        reason: "misread".into(),
        urgent: None,
        cleared: Vec::new(),
    }
}

async fn call(bench: &Bench, request: OverrideAssessmentRequest) -> Result<StoredAssessment, Problem> {
    let engine = bench.assessor.engines.current(&supervisor().tenant);
    overrule(&bench.desk, engine, &supervisor(), request).await.map_err(Error::into_problem)
}

#[tokio::test]
async fn a_persons_labels_supersede_those_before_which_stay_to_be_read() {
    let bench = Bench::new().await;
    let (id, first) = assessed(&bench).await;
    let told = Assessment {
        category: Category::Cq01.into(),
        severity: Severity::Major.into(),
        ..Assessment::default()
    };
    let made = call(&bench, request(&first, told.clone())).await.unwrap();
    let content = made.assessment.clone().unwrap();
    let before = first.assessment.clone().unwrap();
    assert_eq!((content.category(), content.severity()), (Category::Cq01, Severity::Major));
    assert_eq!(
        (content.respondent, content.language.as_str()),
        (before.respondent, before.language.as_str())
    );
    assert_eq!((content.decided_by(), content.needs_human), (DecidedBy::Human, false));
    assert_eq!(content.rule_set, before.rule_set, "what was left stays decided by those rules");
    assert_eq!((made.actor.as_str(), made.reason.as_str()), ("supervisor-1", "misread"));
    assert_eq!(made.supersedes, first.assessment_id);

    let explained = bench.explained(id).await;
    assert_eq!(explained, [made.clone(), first.clone()]);
    let again = call(&bench, request(&first, told)).await.unwrap();
    assert_eq!(again, made, "a repetition changes nothing");
    let published: Vec<(i64, String)> = bench.published().await.into_iter().map(|e| (e.1, e.2)).collect();
    assert_eq!(published[1], (2, "redress.classification.v1.AssessmentOverridden".to_owned()));
    assert_eq!(published.len(), 2);
    let queue = "SELECT count(*) FROM assignment WHERE category = 'CQ01' AND severity = 'major'";
    assert_eq!(bench.count(queue).await, 1);
}

#[tokio::test]
async fn urgency_is_told_with_its_reason_and_taken_back_by_name() {
    let bench = Bench::new().await;
    let (_, first) = assessed(&bench).await;
    let urgent = |reason: UrgentReason| OverrideAssessmentRequest {
        urgent: Some(true),
        ..request(&first, Assessment { urgent_reason: Some(reason.into()), ..Assessment::default() })
    };
    let refused = call(&bench, urgent(UrgentReason::Unspecified)).await.unwrap_err();
    assert_eq!(refused.violations[0].field, "assessment.urgentReason");
    let made = call(&bench, urgent(UrgentReason::ProductSafety)).await.unwrap();
    let content = made.assessment.clone().unwrap();
    assert!(content.urgent && content.urgent_reason() == UrgentReason::ProductSafety);
    let calm = OverrideAssessmentRequest {
        request_id: "r2".into(),
        urgent: Some(false),
        ..request(&made, Assessment::default())
    };
    let content = call(&bench, calm).await.unwrap().assessment.unwrap();
    assert!(!content.urgent && content.urgent_reason.is_none());
}

#[tokio::test]
async fn a_label_that_is_wrong_is_taken_out_by_name() {
    let bench = Bench::new().await;
    let (id, first) = assessed(&bench).await;
    let clears = |before: &StoredAssessment, request_id: &str, labels: &[&str], told: Assessment| {
        OverrideAssessmentRequest {
            request_id: request_id.into(),
            cleared: labels.iter().map(|&label| label.to_owned()).collect(),
            ..request(before, told)
        }
    };
    let given = Assessment {
        category: Category::Cq07.into(),
        sub_category: "material_or_ingredient".into(),
        secondary: vec![Category::Cq01.into()],
        live_attribution: Some(PartyKind::Anchor.into()),
        respondent: Some(PartyKind::Merchant.into()),
        demand: vec!["return_and_refund".into()],
        ..Assessment::default()
    };
    let whole = call(&bench, request(&first, given)).await.unwrap();
    let before = whole.assessment.clone().unwrap();
    assert!(before.live_attribution.is_some() && before.respondent.is_some());
    assert_eq!((before.secondary.len(), before.demand.len()), (1, 1));

    let unfit = clears(
        &whole,
        "r2",
        &["severity", "respondent"],
        Assessment { respondent: Some(PartyKind::Carrier.into()), ..Assessment::default() },
    );
    let refused = call(&bench, unfit).await.unwrap_err();
    let told: Vec<_> = refused.violations.iter().map(|v| (v.field.as_str(), v.reason)).collect();
    assert_eq!(told, [("cleared[0]", "UNKNOWN"), ("cleared[1]", "CONTRADICTED")]);

    let labels = ["sub_category", "secondary", "live_attribution", "respondent", "demand", "demand"];
    let made = call(&bench, clears(&whole, "r3", &labels, Assessment::default())).await.unwrap();
    let after = made.assessment.clone().unwrap();
    assert!(after.sub_category.is_empty() && after.secondary.is_empty() && after.demand.is_empty());
    assert_eq!((after.live_attribution, after.respondent), (None, None));
    assert_eq!((after.category, after.severity), (before.category, before.severity), "the others stay");
    let named: Vec<&str> = after.reasons.iter().map(|reason| reason.label.as_str()).collect();
    assert_eq!(named, &labels[..5], "each label has its reason once");
    assert_eq!(bench.explained(id).await, [made, whole, first]);
    let queued = "SELECT count(*) FROM complaint WHERE sub_category = '' AND assessments = 3";
    assert_eq!(bench.count(queued).await, 1);
}

#[tokio::test]
async fn a_label_that_contradicts_another_is_refused_and_not_dropped() {
    let bench = Bench::new().await;
    let (_, first) = assessed(&bench).await;
    let unfit = Assessment {
        category: Category::Cq01.into(),
        secondary: vec![Category::Cq01.into()],
        urgent_reason: Some(UrgentReason::Minor.into()),
        demand: vec!["Return it!".into()],
        ..Assessment::default()
    };
    let calm = OverrideAssessmentRequest { urgent: Some(false), ..request(&first, unfit) };
    let refused = call(&bench, calm).await.unwrap_err();
    let told: Vec<_> = refused.violations.iter().map(|v| (v.field.as_str(), v.reason)).collect();
    assert_eq!(
        told,
        [
            ("assessment.secondary", "CONTRADICTED"),
            ("assessment.demand", "MALFORMED"),
            ("assessment.urgentReason", "NOT_URGENT"),
        ]
    );
}

#[tokio::test]
async fn everything_that_does_not_fit_is_told_at_once_and_nothing_changes() {
    let bench = Bench::new().await;
    let (id, first) = assessed(&bench).await;
    let unfit = Assessment {
        sub_category: "no_such_thing".into(),
        language: "fr".into(),
        admissibility: Admissibility::No.into(),
        inadmissible_reason: Some("because".into()),
        ..Assessment::default()
    };
    let refused = call(&bench, request(&first, unfit)).await.unwrap_err();
    let fields: Vec<&str> = refused.violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(fields, ["assessment.subCategory", "assessment.language", "assessment.inadmissibleReason"]);
    let nothing = call(&bench, request(&first, Assessment::default())).await.unwrap_err();
    assert_eq!(nothing.violations[0].field, "assessment");
    let severe = Assessment { severity: Severity::Major.into(), ..Assessment::default() };
    let nameless = OverrideAssessmentRequest { reason: String::new(), ..request(&first, severe.clone()) };
    assert_eq!(call(&bench, nameless).await.unwrap_err().violations[0].field, "reason");
    let outdated =
        OverrideAssessmentRequest { supersedes: Uuid::nil().to_string(), ..request(&first, severe) };
    let outdated = call(&bench, outdated).await.unwrap_err();
    assert_eq!((outdated.kind, outdated.reason), (ErrorKind::Aborted, "VERSION_MISMATCH"));
    assert_eq!(bench.explained(id).await, [first]);
}

#[tokio::test]
async fn an_assessment_cannot_be_edited_by_an_ordinary_statement() {
    let bench = Bench::new().await;
    assessed(&bench).await;
    for sql in ["UPDATE assessment SET actor = 'x'", "DELETE FROM assessment", "TRUNCATE assessment"] {
        let refused = sqlx::query(sql).execute(bench.db.pool()).await.unwrap_err().to_string();
        assert!(refused.contains("refused") || refused.contains("permission"), "{refused}");
    }
}

#[tokio::test]
async fn of_two_calls_at_once_under_one_name_the_second_hears_that_the_name_was_used() {
    let bench = Bench::new().await;
    let (_, first) = assessed(&bench).await;
    let other = bench.assessed(told(2, "快递一直没发货,催了三次都没有用")).await;
    let second = bench.explained(other).await.remove(0);
    let severe = Assessment { severity: Severity::Major.into(), ..Assessment::default() };
    // Nothing they change is the same, so they meet only at the name.
    let mut tx = bench.db.pool().begin().await.unwrap();
    sqlx::query("LOCK TABLE call_receipt IN SHARE ROW EXCLUSIVE MODE").execute(&mut *tx).await.unwrap();
    let meeting = async {
        redress_testkit::wait_until("both wait", std::time::Duration::from_secs(30), async || {
            let waiting = "SELECT count(*) FROM pg_stat_activity
                           WHERE datname = current_database() AND wait_event_type = 'Lock'";
            (bench.count(waiting).await == 2).then_some(())
        })
        .await;
        tx.commit().await.unwrap();
    };
    let (one, two, ()) = tokio::join!(
        call(&bench, request(&first, severe.clone())),
        call(&bench, request(&second, severe)),
        meeting
    );
    let refused: Vec<Problem> = [one, two].into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].kind, refused[0].reason), (ErrorKind::AlreadyExists, "IDEMPOTENCY_KEY_REUSED"));
}
