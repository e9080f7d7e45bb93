//! Following intake's lifecycle.

use redress_investigation::domain::opening::When;
use redress_proto::classification::v1 as classification;
use redress_proto::intake::v1 as intake;
use redress_proto::investigation::v1 as wire;
use redress_proto::types::v1 as types;

use crate::bench::Happening;
use crate::bench::{Bench, SHOP, WHO, complainant, meta, reason, staff};

fn assigned(n: u128, version: i64, handler: &str) -> Happening {
    use prost::Message as _;
    let message = classification::AssignmentAccepted { handler: handler.into() };
    let meta = meta::<classification::AssignmentAccepted>(
        "redress.classification.assessments.v1",
        n,
        version,
        crate::bench::NOON.parse().unwrap(),
    );
    Happening { meta, payload: message.encode_to_vec() }
}

#[tokio::test]
async fn an_accepted_complaint_is_opened_at_once_where_the_policy_says_so() {
    let bench = Bench::new().await;
    bench.accepted(1).await;
    assert_eq!(bench.told(1).await, [(1, "InvestigationOpened".to_owned())]);
    let view = bench.view(1).await;
    assert_eq!((view.state(), view.round), (wire::InvestigationState::Open, 1));
    assert_eq!(view.handler, "queue-1");
}

#[tokio::test]
async fn an_accepted_complaint_waits_for_its_handler_where_the_policy_says_so_whoever_comes_first() {
    let bench = Bench::with(When::OnAssignment, false).await;
    bench.accepted(1).await;
    assert_eq!(bench.view(1).await.state(), wire::InvestigationState::NotOpened);
    bench.follow_assignments(&[assigned(1, 2, "handler-7")]).await;
    let view = bench.view(1).await;
    assert_eq!((view.state(), view.handler.as_str()), (wire::InvestigationState::Open, "handler-7"));

    // Classification may tell before intake does.
    bench.follow_assignments(&[assigned(2, 2, "handler-8")]).await;
    bench.accepted(2).await;
    let view = bench.view(2).await;
    assert_eq!((view.state(), view.handler.as_str()), (wire::InvestigationState::Open, "handler-8"));
}

#[tokio::test]
async fn where_people_open_the_complaint_must_be_accepted() {
    let (bench, handler) = (Bench::with(When::ByHand, false).await, staff("handler-1"));
    bench.reviewed(1, types::Category::Cq07, types::Severity::General).await;
    assert_eq!(reason(bench.open(&handler, 1, "").await), "COMPLAINT_NOT_ACCEPTED");
    bench.accept(1).await;
    assert_eq!(bench.view(1).await.state(), wire::InvestigationState::NotOpened);
    bench.open(&handler, 1, "先看直播回放").await.unwrap();
    let view = bench.view(1).await;
    assert_eq!((view.state(), view.plan.as_str()), (wire::InvestigationState::Open, "先看直播回放"));
}

#[tokio::test]
async fn a_case_that_comes_back_is_opened_for_another_round_and_the_last_one_is_kept() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    bench.find_all(&handler, 1).await.unwrap();
    bench.conclude(&handler, 1).await.unwrap();
    bench.advanced(1, 5, types::ComplaintState::PlanReview, "InvestigationConcluded").await;
    let first = bench.view(1).await.investigation_id;
    bench.advanced(1, 6, types::ComplaintState::Investigating, "PlanReturned").await;
    let view = bench.view(1).await;
    assert_eq!((view.state(), view.round), (wire::InvestigationState::Open, 2));
    assert!(view.investigation_id != first && view.conclusion.is_empty());
    assert_eq!(view.findings.len(), 3, "what was found stays found");
    let opened: wire::InvestigationOpened = bench.last(1).await;
    assert_eq!((opened.round, opened.reason.as_str()), (2, "PlanReturned"));
    let kept =
        bench.count("SELECT count(*) FROM past_round WHERE round = 1 AND concluded_by = 'handler-1'").await;
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn what_other_services_did_stands_in_the_one_course_of_events_for_who_may_see_it() {
    use types::ComplaintState as At;
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    bench.find_all(&handler, 1).await.unwrap();
    bench.conclude(&handler, 1).await.unwrap();
    let steps = [
        (At::PlanReview, "InvestigationConcluded", "handler-1"),
        (At::Mediating, "PlanApproved", "reviewer-1"),
        (At::Executing, "SettlementReached", SHOP),
        (At::ResultNotified, "RemedyExecuted", "/redress/resolution"),
        (At::UnderAppeal, "AppealFiled", WHO),
        (At::Closed, "AppealDecided", "reviewer-2"),
    ];
    for ((to, fact, actor), version) in steps.into_iter().zip(5..) {
        bench.clock.advance(jiff::SignedDuration::from_secs(1));
        let advanced = intake::ComplaintAdvanced { from: 0, to: to.into(), fact: fact.into() };
        let mut happening = bench.happened(1, version, &advanced);
        happening.meta.actor = Some(actor.into());
        bench.follow(&[happening]).await;
    }
    let inside = bench.course_of_events(&staff("handler-2"), 1).await;
    let expected = [
        ("investigation_concluded", "handler-1"),
        ("plan_approved", "reviewer-1"),
        ("settlement_reached", SHOP),
        ("remedy_executed", "/redress/resolution"),
        ("appeal_filed", WHO),
        ("appeal_decided", "reviewer-2"),
    ];
    let expected = expected.map(|(code, actor)| (code.to_owned(), actor.to_owned()));
    assert_eq!(inside[inside.len() - 6..], expected);
    let concluded = inside.iter().filter(|(code, _)| code == "investigation_concluded").count();
    assert_eq!(concluded, 1, "what was entered when it happened is not entered again");
    let seen = bench.course_of_events(&complainant(), 1).await;
    let seen: Vec<&str> = seen.iter().map(|(code, _)| code.as_str()).collect();
    let expected = [
        "investigation_concluded",
        "settlement_reached",
        "remedy_executed",
        "appeal_filed",
        "appeal_decided",
    ];
    assert_eq!(seen[seen.len() - 5..], expected, "how a plan fares inside is not the parties' to see");
}

#[tokio::test]
async fn a_complaint_that_ends_ends_its_investigation_and_all_that_is_asked() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    bench.ask(&handler, 1, "ask-1").await.unwrap();
    bench.consult(&handler, 1, "lawyer-1").await.unwrap();
    let told = bench.told(1).await.len();
    bench.follow(&[bench.happened(1, 5, &intake::ComplaintWithdrawn {})]).await;
    let view = bench.view(1).await;
    assert_eq!(
        (view.state(), view.ended_reason.as_str()),
        (wire::InvestigationState::Ended, "complaint_withdrawn")
    );
    assert_eq!(view.evidence_requests[0].state(), wire::EvidenceRequestState::Cancelled);
    assert_eq!(view.consultations[0].state(), wire::ConsultationState::Cancelled);
    // Intake could take nothing more, so nothing more is told.
    assert_eq!(bench.told(1).await.len(), told);
    assert_eq!(reason(bench.ask(&handler, 1, "ask-2").await), "INVESTIGATION_NOT_OPEN");
}

#[tokio::test]
async fn a_request_that_intake_could_not_take_is_undone_and_no_other() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    bench.ask(&handler, 1, "ask-1").await.unwrap();
    bench.clock.advance(jiff::SignedDuration::from_secs(1));
    bench.ask(&handler, 1, "ask-2").await.unwrap();
    // The opening has version 1, the requests 2 and 3.
    let refused = bench.refused(1, 5, "EvidenceRequested", 3, types::ComplaintState::Investigating);
    bench.follow(&[refused]).await;
    let states: Vec<_> =
        bench.view(1).await.evidence_requests.iter().map(wire::EvidenceRequest::state).collect();
    assert_eq!(states, [wire::EvidenceRequestState::Issued, wire::EvidenceRequestState::Cancelled]);
    let told: wire::EvidenceSubmitted = bench.last(1).await;
    let second = &bench.view(1).await.evidence_requests[1].evidence_request_id;
    assert!(told.cancelled && told.request_id == *second, "its clock stops");
    // Intake may refuse that too: it ends there.
    let count = bench.told(1).await.len();
    let again = bench.refused(1, 6, "EvidenceSubmitted", 4, types::ComplaintState::Investigating);
    bench.follow(&[again]).await;
    assert_eq!(bench.told(1).await.len(), count);
}

#[tokio::test]
async fn an_opening_and_a_conclusion_that_intake_could_not_take_are_undone() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.accepted(1).await;
    let refused = bench.refused(1, 4, "InvestigationOpened", 1, types::ComplaintState::DirectNegotiation);
    bench.follow(&[refused]).await;
    assert_eq!(bench.view(1).await.state(), wire::InvestigationState::Ended);

    bench.opened(2).await;
    bench.find_all(&handler, 2).await.unwrap();
    bench.conclude(&handler, 2).await.unwrap();
    let version = i64::from(bench.view(2).await.version);
    let refused = bench.refused(2, 5, "InvestigationConcluded", version, types::ComplaintState::Suspended);
    bench.follow(&[refused]).await;
    let view = bench.view(2).await;
    assert_eq!((view.state(), view.conclusion.as_str()), (wire::InvestigationState::Open, ""));
    assert_eq!(reason(bench.ask(&handler, 2, "ask-1").await), "CASE_SUSPENDED");
    let resumed = intake::CaseResumed { to: types::ComplaintState::Investigating.into() };
    bench.follow(&[bench.happened(2, 6, &resumed)]).await;
    bench.ask(&handler, 2, "ask-2").await.unwrap();
}

#[tokio::test]
async fn a_whole_life_in_one_batch_is_the_same_as_event_by_event_and_a_replay_changes_nothing() {
    let bench = Bench::new().await;
    let review = intake::AdmissibilityReviewStarted {
        assessment_id: String::new(),
        category: types::Category::Cq02.into(),
        severity: types::Severity::General.into(),
        urgent: true,
    };
    let advanced = |to: types::ComplaintState, fact: &str| intake::ComplaintAdvanced {
        from: types::ComplaintState::Accepted.into(),
        to: to.into(),
        fact: fact.into(),
    };
    let life = vec![
        bench.registered(1).await,
        bench.happened(1, 2, &review),
        bench.happened(1, 3, &intake::ComplaintAccepted { handler: "queue-1".into() }),
        bench.registered(2).await,
        bench.happened(1, 4, &advanced(types::ComplaintState::Investigating, "InvestigationOpened")),
        bench.happened(1, 5, &advanced(types::ComplaintState::PlanReview, "InvestigationConcluded")),
        bench.happened(1, 6, &advanced(types::ComplaintState::Investigating, "PlanReturned")),
        bench.happened(1, 7, &intake::ComplaintClosed { outcome: "upheld".into(), cause: "product".into() }),
    ];
    bench.follow(&life).await;
    let whole = bench.rows().await;
    let single = bench.emptied().await;
    for happening in &life {
        single.follow(std::slice::from_ref(happening)).await;
    }
    assert_eq!(single.rows().await, whole);
}
