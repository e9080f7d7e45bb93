//! The way from an accepted complaint to a conclusion.

use redress_investigation::app::telling::Telling;
use redress_investigation::app::{consultations, findings, goods_tests, late_consultations, requests};
use redress_investigation::domain::evidence::EvidenceType;
use redress_investigation::store::case;
use redress_proto::investigation::v1 as wire;
use redress_proto::types::v1 as types;
use uuid::Uuid;

use crate::bench::{Bench, boss, id, reason, staff};
use crate::calls::{agreement, found, mark};

/// Brings a piece as an answer to a request, as the handler of files does.
async fn bring(bench: &Bench, n: u128, request: &str, kind: EvidenceType) -> bool {
    let mut tx = bench.db.pool().begin().await.unwrap();
    let file = case::lock(&mut tx, &"tenant-a".parse().unwrap(), Uuid::from_u128(n)).await.unwrap().unwrap();
    let origin = redress_investigation::app::publish::Origin::service(bench.desk.now());
    let telling = Telling::new(file, origin);
    let answered = requests::take_answer(&mut tx, &telling, request.parse().unwrap(), kind).await.unwrap();
    tx.commit().await.unwrap();
    answered.settled
}

#[tokio::test]
async fn a_case_goes_from_acceptance_over_evidence_test_and_findings_to_its_conclusion() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let view = bench.view(1).await;
    assert_eq!(view.state(), wire::InvestigationState::Open);
    assert_eq!(view.issues, ["defect", "defect_cause", "statement_made"]);

    let asked = bench.ask(&handler, 1, "ask-1").await.unwrap();
    assert_eq!(asked.why, "缝线是否合格");
    assert_eq!(asked.consequence(), wire::LapseConsequence::OtherSideBelieved);
    assert_eq!(asked.consequence_text.len(), 3);
    assert_eq!(reason(bench.conclude(&handler, 1).await), "MANDATORY_REQUEST_OPEN");
    assert!(bring(&bench, 1, &asked.evidence_request_id, EvidenceType::QcReport).await);

    let proof = bench.evidence(1, "chat_log").await;
    let (test, _) = goods_tests::agree(&bench.desk, &handler, agreement(1, &[proof])).await.unwrap();
    bench.order_test(&handler, 1, &test.test_id).await.unwrap();
    assert_eq!(reason(bench.conclude(&handler, 1).await), "TEST_RUNNING");
    let report = bench.evidence(1, "third_party_test_report").await;
    let reported = bench.report_test(&handler, 1, &test.test_id, &report).await.unwrap();
    assert_eq!(reported.state(), wire::TestState::Reported);

    let consultation = bench.consult(&handler, 1, "lawyer-1").await.unwrap();
    let answered = bench.answer(&staff("lawyer-1"), 1, &consultation.consultation_id).await.unwrap();
    assert_eq!((answered.question.as_str(), answered.answer.as_str()), ("是否构成欺诈", "不构成"));

    assert_eq!(reason(bench.conclude(&handler, 1).await), "FINDING_MISSING");
    bench.find_all(&handler, 1).await.unwrap();
    bench.conclude(&handler, 1).await.unwrap();

    let view = bench.view(1).await;
    assert_eq!(view.state(), wire::InvestigationState::Concluded);
    assert_eq!((view.conclusion.as_str(), view.concluded_by.as_str()), ("缝线不合格", "handler-1"));
    assert_eq!(view.findings[0].fact, "包的缝线开了三厘米");
    assert_eq!(view.findings[0].burden(), types::AwaitedParty::Complainant);
    let told: wire::InvestigationConcluded = bench.last(1).await;
    assert_eq!(told.findings.len(), 3);
    assert!(told.findings.iter().all(|finding| finding.fact.is_empty()), "words travel sealed");
    assert!(told.investigators.contains(&"handler-1".to_owned()));
    assert_eq!(told.sealed.unwrap().fields[0].name, format!("conclusion.{}", view.investigation_id));

    // The versions have no hole, whoever told what.
    let versions: Vec<i64> = bench.told(1).await.into_iter().map(|(version, _)| version).collect();
    assert_eq!(versions, (1..=i64::from(view.version)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_later_finding_replaces_one_on_the_same_point_and_both_stay_readable() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let (one, other) = (bench.evidence(1, "complainant_photo").await, bench.evidence(1, "qc_report").await);
    let first =
        findings::record(&bench.desk, &handler, found(1, "defect", &one)).await.unwrap().finding.unwrap();
    let mut second = found(1, "defect", &other);
    second.result = wire::FindingResult::Refuted.into();
    second.evidence = vec![
        mark(&other, wire::Bearing::Contradicts),
        wire::EvidenceMark { reason: "edited".into(), ..mark(&one, wire::Bearing::Discarded) },
    ];
    second.supersedes = first.finding_id.clone();
    let second = findings::record(&bench.desk, &handler, second).await.unwrap().finding.unwrap();
    let view = bench.view(1).await;
    let of = |id: &str| view.findings.iter().find(|finding| finding.finding_id == id).unwrap().clone();
    assert!(of(&first.finding_id).superseded && !of(&second.finding_id).superseded);
    assert_eq!(of(&second.finding_id).evidence[1].reason, "edited");

    let mut third = found(1, "defect", &one);
    third.request_id = "third".into();
    third.supersedes = first.finding_id;
    assert_eq!(reason(findings::record(&bench.desk, &handler, third).await), "FINDING_NOT_CURRENT");
}

#[tokio::test]
async fn durable_goods_within_six_months_are_the_operators_to_prove_free_of_defects() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let piece = bench.evidence(1, "complainant_photo").await;
    let request = wire::RecordFindingRequest { durable_goods: true, ..found(1, "defect", &piece) };
    let finding = findings::record(&bench.desk, &handler, request).await.unwrap().finding.unwrap();
    assert_eq!(finding.burden(), types::AwaitedParty::Respondent);
    assert!(finding.burden_rule.starts_with("cn.consumer_rights_law.23@"), "{}", finding.burden_rule);
}

#[tokio::test]
async fn what_is_still_asked_without_need_is_asked_no_more_once_the_facts_are_found() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let request = wire::RequestEvidenceRequest { mandatory: false, ..crate::calls::asked(1, "ask-1") };
    requests::issue(&bench.desk, &handler, request).await.unwrap();
    let consultation = bench.consult(&handler, 1, "lawyer-1").await.unwrap();
    bench.find_all(&handler, 1).await.unwrap();
    bench.conclude(&handler, 1).await.unwrap();
    let view = bench.view(1).await;
    assert_eq!(view.evidence_requests[0].state(), wire::EvidenceRequestState::Cancelled);
    assert_eq!(view.consultations[0].state(), wire::ConsultationState::Cancelled);
    let told: Vec<String> = bench.told(1).await.into_iter().map(|(_, name)| name).collect();
    let end = ["EvidenceSubmitted", "ConsultationAnswered", "InvestigationConcluded"];
    assert_eq!(told[told.len() - 3..], end);
    let submitted: wire::EvidenceSubmitted = bench.last(1).await;
    assert!(submitted.cancelled && submitted.request_settled && submitted.evidence_id.is_empty());
    let late = bench.answer(&staff("lawyer-1"), 1, &consultation.consultation_id).await;
    assert_eq!(reason(late), "CONSULTATION_NOT_OPEN");
}

#[tokio::test]
async fn a_major_case_is_opened_and_concluded_by_its_task_group() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.reviewed(1, types::Category::Cq01, types::Severity::Major).await;
    bench.accept(1).await;
    assert_eq!(bench.view(1).await.state(), wire::InvestigationState::NotOpened);
    assert_eq!(reason(bench.open(&handler, 1, "plan").await), "TASK_GROUP_MISSING");
    let group = wire::TaskGroup {
        lead: "head-1".into(),
        department: "quality".into(),
        members: vec!["member-1".into()],
    };
    let request = wire::FormTaskGroupRequest {
        request_id: "group-1".into(),
        complaint_id: id(1),
        task_group: Some(group),
        ..wire::FormTaskGroupRequest::default()
    };
    let refused = redress_investigation::app::task_groups::form(&bench.desk, &handler, request.clone()).await;
    assert_eq!(reason(refused), "PERMISSION_DENIED");
    redress_investigation::app::task_groups::form(&bench.desk, &boss(), request).await.unwrap();
    let opened: wire::InvestigationOpened = bench.last(1).await;
    assert_eq!(opened.task_group.unwrap().members, ["head-1", "member-1"]);
    bench.find_all(&handler, 1).await.unwrap();
    assert_eq!(reason(bench.conclude(&handler, 1).await), "NOT_OF_TASK_GROUP");
    bench.conclude(&staff("member-1"), 1).await.unwrap();
}

#[tokio::test]
async fn a_consultation_that_comes_late_is_taken_and_shown_as_late() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let consultation = bench.consult(&handler, 1, "lawyer-1").await.unwrap();
    let overdue = async || late_consultations::count(&bench.desk).await.unwrap();
    bench.clock.advance(jiff::SignedDuration::from_hours(24));
    assert_eq!((overdue().await, bench.view(1).await.consultations[0].late), (0, false));
    bench.clock.advance(jiff::SignedDuration::from_hours(1));
    let seen = redress_investigation::app::view::get(&bench.desk, &boss(), &id(1)).await.unwrap();
    assert_eq!((overdue().await, seen.consultations[0].late), (1, true), "it is seen before it is answered");
    let answered = bench.answer(&staff("lawyer-1"), 1, &consultation.consultation_id).await.unwrap();
    assert!(answered.late);
    assert_eq!(overdue().await, 0);
    let again = wire::AnswerConsultationRequest {
        request_id: "other".into(),
        complaint_id: id(1),
        consultation_id: consultation.consultation_id,
        answer: "x".into(),
    };
    let again = consultations::answer(&bench.desk, &staff("lawyer-1"), again).await;
    assert_eq!(reason(again.map(|(shown, _)| shown)), "CONSULTATION_NOT_OPEN");
}
