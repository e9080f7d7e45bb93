//! What is refused, and that nothing of it is half written.

use jiff::SignedDuration;
use redress_investigation::Error;
use redress_investigation::app::{findings, goods_tests, opening, requests};
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as wire;
use redress_proto::types::v1 as types;

use crate::bench::{Bench, id, reason, shop, staff};
use crate::calls::{agreement, asked, found, item, mark};

fn problem<T: std::fmt::Debug>(outcome: Result<T, Error>) -> redress_domain::Problem {
    outcome.expect_err("it is refused").into_problem()
}

#[tokio::test]
async fn a_request_needs_an_open_case_a_party_of_it_items_and_time() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.reviewed(1, types::Category::Cq01, types::Severity::General).await;
    assert_eq!(reason(bench.ask(&handler, 1, "a").await), "INVESTIGATION_NOT_OPEN");
    bench.accept(1).await;
    let before = bench.rows().await;
    let refused = async |change: fn(&mut wire::RequestEvidenceRequest)| {
        let mut request = asked(1, "b");
        change(&mut request);
        reason(requests::issue(&bench.desk, &handler, request).await)
    };
    assert_eq!(refused(|r| r.respondent_ref = "shop-2".into()).await, "PARTY_NOT_IN_CASE");
    assert_eq!(refused(|r| r.party = 0).await, "INVALID_INPUT");
    assert_eq!(
        refused(|r| r.items = vec![item(wire::EvidenceType::Unspecified, true)]).await,
        "INVALID_INPUT"
    );
    assert_eq!(
        refused(|r| {
            r.party = types::AwaitedParty::Lab.into();
            r.items.clear();
        })
        .await,
        "NOTHING_ASKED"
    );
    assert_eq!(
        refused(|r| r.due_at = Some(to_wire_time("2026-11-26T03:59:59Z".parse().unwrap()))).await,
        "DUE_TOO_SOON"
    );
    assert_eq!(refused(|r| r.why = "长".repeat(2_001)).await, "INVALID_INPUT");
    assert_eq!(bench.rows().await, before);
    assert_eq!(bench.count("SELECT count(*) FROM evidence_request").await, 0);
    assert_eq!(bench.count("SELECT count(*) FROM call_receipt").await, 0);
}

#[tokio::test]
async fn without_items_the_checklist_says_what_the_side_should_bring() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let request =
        wire::RequestEvidenceRequest { items: vec![], respondent_ref: "anchor-1".into(), ..asked(1, "a") };
    let issued = requests::issue(&bench.desk, &handler, request).await.unwrap().evidence_request.unwrap();
    let items: Vec<_> = issued.items.iter().map(wire::RequestedItem::r#type).collect();
    assert!(items.contains(&wire::EvidenceType::AnchorStatement), "{items:?}");
    assert!(!items.contains(&wire::EvidenceType::ProductVettingRecord), "that is the operator's: {items:?}");
}

#[tokio::test]
async fn the_same_call_again_has_one_effect_and_another_body_under_its_name_is_refused() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let first = bench.ask(&handler, 1, "ask-1").await.unwrap();
    assert_eq!(bench.ask(&handler, 1, "ask-1").await.unwrap(), first);
    let other = wire::RequestEvidenceRequest { mandatory: false, ..asked(1, "ask-1") };
    assert_eq!(reason(requests::issue(&bench.desk, &handler, other).await), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(bench.count("SELECT count(*) FROM evidence_request").await, 1);
    // Somebody else's call of the same name is another call.
    bench.ask(&staff("handler-2"), 1, "ask-1").await.unwrap();
    assert_eq!(bench.count("SELECT count(*) FROM evidence_request").await, 2);
}

#[tokio::test]
async fn twenty_repetitions_at_once_have_one_effect() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let calls = (0..20).map(|_| bench.ask(&handler, 1, "ask-1"));
    let outcomes = futures::future::join_all(calls).await;
    let first = outcomes[0].as_ref().unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().unwrap() == first));
    assert_eq!(bench.count("SELECT count(*) FROM evidence_request").await, 1);
}

#[tokio::test]
async fn a_stale_version_is_told_the_current_one() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let version = bench.view(1).await.version;
    bench.ask(&handler, 1, "ask-1").await.unwrap();
    let stale = wire::RequestEvidenceRequest { expected_version: version, ..asked(1, "ask-2") };
    let told = problem(requests::issue(&bench.desk, &handler, stale).await);
    assert_eq!((told.reason, told.kind), ("VERSION_MISMATCH", redress_domain::ErrorKind::Aborted));
    assert_eq!(told.metadata, [("version", (version + 1).to_string())]);
    let current = wire::RequestEvidenceRequest { expected_version: version + 1, ..asked(1, "ask-2") };
    requests::issue(&bench.desk, &handler, current).await.unwrap();
}

#[tokio::test]
async fn of_two_calls_on_one_version_one_wins_and_the_other_is_told() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let expected_version = bench.view(1).await.version;
    let call = |name: &str| {
        let request = wire::RequestEvidenceRequest { expected_version, ..asked(1, name) };
        requests::issue(&bench.desk, &handler, request)
    };
    let (one, other) = tokio::join!(call("a"), call("b"));
    let reasons: Vec<_> =
        [one, other].into_iter().filter_map(|o| Some(o.err()?.into_problem().reason)).collect();
    assert_eq!(reasons, ["VERSION_MISMATCH"]);
    assert_eq!(bench.count("SELECT count(*) FROM evidence_request").await, 1);
}

#[tokio::test]
async fn more_time_is_given_once_and_only_to_who_is_asked() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let request = wire::RequestEvidenceRequest { respondent_ref: "shop-1".into(), ..asked(1, "ask-1") };
    let issued = requests::issue(&bench.desk, &handler, request).await.unwrap().evidence_request.unwrap();
    let extend = async |caller: &redress_domain::Principal, name: &str| {
        let request = wire::ExtendEvidenceRequestRequest {
            request_id: name.into(),
            complaint_id: id(1),
            evidence_request_id: issued.evidence_request_id.clone(),
        };
        requests::extend(&bench.desk, caller, request).await
    };
    assert_eq!(reason(extend(&crate::bench::complainant(), "a").await), "NOT_FOUND");
    let anchor = crate::bench::principal("tenant-a", "anchor-1", &[redress_domain::Role::Respondent]);
    assert_eq!(reason(extend(&anchor, "a").await), "NOT_FOUND");
    let extended = extend(&shop(), "a").await.unwrap().evidence_request.unwrap();
    assert_eq!(extended.due_at, Some(to_wire_time("2026-11-29T04:00:00Z".parse().unwrap())));
    assert_eq!(extended.state(), wire::EvidenceRequestState::Extended);
    assert_eq!(reason(extend(&shop(), "b").await), "ALREADY_EXTENDED");
    bench.clock.advance(SignedDuration::from_hours(97));
    assert_eq!(reason(extend(&shop(), "c").await), "EVIDENCE_REQUEST_OVERDUE");
    let told: wire::EvidenceRequestExtended = bench.last(1).await;
    assert_eq!(told.due_at, extended.due_at);
}

#[tokio::test]
async fn a_finding_rests_on_a_point_and_evidence_of_the_case() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    bench.opened(2).await;
    let (own, foreign) = (bench.evidence(1, "qc_report").await, bench.evidence(2, "qc_report").await);
    let refused = async |request: wire::RecordFindingRequest| {
        reason(findings::record(&bench.desk, &handler, request).await)
    };
    assert_eq!(refused(found(1, "amount_due", &own)).await, "ISSUE_UNKNOWN");
    assert_eq!(refused(found(1, "defect", &foreign)).await, "EVIDENCE_UNKNOWN");
    let with = |bearing| wire::RecordFindingRequest {
        evidence: vec![mark(&own, bearing)],
        ..found(1, "defect", &own)
    };
    assert_eq!(refused(with(wire::Bearing::Unverified)).await, "FACT_UNSUPPORTED");
    assert_eq!(refused(with(wire::Bearing::Discarded)).await, "DISCARD_REASON_MISSING");
    let refuted = wire::RecordFindingRequest {
        result: wire::FindingResult::Refuted.into(),
        ..found(1, "defect", &own)
    };
    assert_eq!(refused(refuted).await, "FACT_NOT_CONTRADICTED");
    assert_eq!(
        refused(wire::RecordFindingRequest { fact: " ".into(), ..found(1, "defect", &own) }).await,
        "INVALID_INPUT"
    );
    assert_eq!(
        refused(wire::RecordFindingRequest { incident_id: id(9), ..found(1, "defect", &own) }).await,
        "INVALID_INPUT"
    );
    assert_eq!(bench.count("SELECT count(*) FROM finding").await, 0);
}

#[tokio::test]
async fn a_refused_guard_says_what_would_satisfy_it() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let told = problem(bench.conclude(&handler, 1).await);
    assert_eq!(told.kind, redress_domain::ErrorKind::FailedPrecondition);
    let of = |key| told.metadata.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str());
    assert_eq!(of("issues"), Some("defect,defect_cause,statement_made"));
    assert!(of("satisfied_by").unwrap().contains("RecordFinding"));
}

#[tokio::test]
async fn nobody_pays_for_a_test_that_they_have_not_agreed_to() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let agree =
        async |request: wire::AgreeTestRequest| goods_tests::agree(&bench.desk, &handler, request).await;
    assert_eq!(reason(agree(agreement(1, &[])).await), "FEE_AGREEMENT_MISSING");
    assert_eq!(reason(agree(agreement(1, &[id(9)])).await), "EVIDENCE_UNKNOWN");
    let negative = types::Money { currency: "CNY".into(), amount_minor: -1 };
    assert_eq!(
        reason(agree(wire::AgreeTestRequest { fee: Some(negative), ..agreement(1, &[]) }).await),
        "INVALID_INPUT"
    );
    assert_eq!(reason(bench.order_test(&handler, 1, &id(9)).await), "NOT_FOUND");
    let proof = bench.evidence(1, "chat_log").await;
    let (test, _) = agree(agreement(1, &[proof])).await.unwrap();
    assert_eq!(reason(bench.report_test(&handler, 1, &test.test_id, &id(9)).await), "TEST_REPORT_MISSING");
    bench.order_test(&handler, 1, &test.test_id).await.unwrap();
    let abandoned = bench.report_test(&handler, 1, &test.test_id, "").await.unwrap();
    assert_eq!(abandoned.state(), wire::TestState::Abandoned);
    let told: wire::TestReported = bench.last(1).await;
    assert_eq!(told.abandoned_reason, "sample_lost");
}

#[tokio::test]
async fn points_are_added_and_dropped_and_tasks_are_done_once() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let request = wire::OpenInvestigationRequest {
        request_id: "plan-1".into(),
        complaint_id: id(1),
        issues: vec!["colour".into()],
        dropped_issues: vec!["statement_made".into()],
        tasks: vec![wire::Task {
            kind: "call_the_shop".into(),
            assignee: "handler-2".into(),
            ..wire::Task::default()
        }],
        ..wire::OpenInvestigationRequest::default()
    };
    opening::open(&bench.desk, &handler, request).await.unwrap();
    let view = bench.view(1).await;
    assert_eq!(view.issues, ["defect", "defect_cause", "colour"]);
    let done = |name: &str| wire::CompleteTaskRequest {
        request_id: name.into(),
        complaint_id: id(1),
        task_id: view.tasks[0].task_id.clone(),
        ..wire::CompleteTaskRequest::default()
    };
    opening::complete_task(&bench.desk, &handler, done("done-1")).await.unwrap();
    assert!(bench.view(1).await.tasks[0].done_at.is_some());
    assert_eq!(reason(opening::complete_task(&bench.desk, &handler, done("done-2")).await), "TASK_NOT_OPEN");
}

#[tokio::test]
async fn a_group_a_plan_and_a_question_come_in_their_time_and_to_another() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    let form = async |n: u128| {
        let group = wire::TaskGroup {
            lead: "handler-1".into(),
            department: "quality".into(),
            ..wire::TaskGroup::default()
        };
        let request = wire::FormTaskGroupRequest {
            request_id: format!("group-{n}"),
            complaint_id: id(n),
            task_group: Some(group),
            ..wire::FormTaskGroupRequest::default()
        };
        redress_investigation::app::task_groups::form(&bench.desk, &crate::bench::boss(), request).await
    };
    bench.reviewed(1, types::Category::Cq01, types::Severity::Major).await;
    bench.accept(1).await;
    assert_eq!(reason(bench.open(&handler, 1, "plan").await), "TASK_GROUP_MISSING");
    bench.opened(2).await;
    assert_eq!(reason(bench.consult(&handler, 2, "handler-1").await), "CONSULTS_SELF");
    bench.find_all(&handler, 2).await.unwrap();
    bench.conclude(&handler, 2).await.unwrap();
    assert_eq!(reason(form(2).await), "GROUP_TOO_LATE");
}
