//! Who sees and does what.

use redress_domain::{Principal, Role};
use redress_investigation::Error;
use redress_investigation::app::{conflicts, requests, timeline, view};
use redress_proto::investigation::v1 as wire;

use crate::bench::{Bench, SHOP, WHO, boss, complainant, id, principal, reason, shop, staff};

async fn declare(
    bench: &Bench,
    caller: &Principal,
    subject: &str,
    name: &str,
) -> Result<wire::Conflict, Error> {
    let request = wire::DeclareConflictRequest {
        request_id: name.into(),
        complaint_id: id(1),
        subject: subject.into(),
        kind: wire::ConflictKind::Interest.into(),
        ..wire::DeclareConflictRequest::default()
    };
    Ok(conflicts::declare(&bench.desk, caller, request).await?.conflict.unwrap())
}

#[tokio::test]
async fn who_is_recused_may_do_nothing_more_on_the_case_and_is_given_nothing() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    bench.opened(2).await;
    bench.open(&handler, 1, "plan").await.unwrap();
    let declared = declare(&bench, &handler, "", "c1").await.unwrap();
    assert!(declared.recused, "an interest always recuses");
    assert_eq!(declare(&bench, &handler, "", "c1").await.unwrap(), declared, "the same call again");
    for refused in [
        reason(bench.ask(&handler, 1, "ask-1").await),
        reason(bench.conclude(&handler, 1).await),
        reason(view::get(&bench.desk, &handler, &id(1)).await),
        reason(bench.consult(&handler, 1, "lawyer-1").await),
    ] {
        assert_eq!(refused, "RECUSED");
    }
    let request = wire::OpenInvestigationRequest {
        request_id: "give".into(),
        complaint_id: id(1),
        handler: "handler-1".into(),
        ..wire::OpenInvestigationRequest::default()
    };
    let given = redress_investigation::app::opening::open(&bench.desk, &staff("handler-2"), request).await;
    assert_eq!(reason(given), "NAMED_IS_RECUSED");
    assert_eq!(reason(bench.consult(&staff("handler-2"), 1, "handler-1").await), "NAMED_IS_RECUSED");
    // Another case is another matter.
    bench.ask(&handler, 2, "ask-1").await.unwrap();
}

#[tokio::test]
async fn somebody_elses_conflict_is_declared_by_a_supervisor_and_takes_the_case_away() {
    let bench = Bench::new().await;
    bench.opened(1).await;
    bench.open(&staff("handler-1"), 1, "plan").await.unwrap();
    let request = wire::OpenInvestigationRequest {
        request_id: "lead".into(),
        complaint_id: id(1),
        handler: "handler-1".into(),
        ..wire::OpenInvestigationRequest::default()
    };
    redress_investigation::app::opening::open(&bench.desk, &staff("handler-2"), request).await.unwrap();
    assert_eq!(reason(declare(&bench, &staff("handler-2"), "handler-1", "c1").await), "PERMISSION_DENIED");
    declare(&bench, &boss(), "handler-1", "c1").await.unwrap();
    let view = view::get(&bench.desk, &boss(), &id(1)).await.unwrap();
    assert_eq!(view.handler, "");
    let told: wire::ConflictDeclared = bench.last(1).await;
    assert_eq!((told.subject.as_str(), told.recused), ("handler-1", true));
}

#[tokio::test]
async fn what_somebody_found_who_is_recused_meanwhile_is_found_again_by_somebody_else() {
    let (bench, relative) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    bench.find_all(&relative, 1).await.unwrap();
    declare(&bench, &boss(), "handler-1", "c1").await.unwrap();
    let other = staff("handler-2");
    let refused = bench.conclude(&other, 1).await.unwrap_err().into_problem();
    assert_eq!(refused.reason, "FINDING_MISSING");
    let missing = refused.metadata.iter().find(|(key, _)| *key == "issues").unwrap();
    assert_eq!(missing.1, "defect,defect_cause,statement_made");
    bench.find_all(&other, 1).await.unwrap();
    bench.conclude(&other, 1).await.unwrap();
    let concluded: wire::InvestigationConcluded = bench.last(1).await;
    assert_eq!(concluded.findings.len(), 3, "and only what they found counts");
    assert!(concluded.findings.iter().all(|finding| finding.found_by == "handler-2"));
    assert!(
        concluded.investigators.contains(&"handler-1".to_owned()),
        "who reviews the plan is still another"
    );
}

#[tokio::test]
async fn each_party_sees_what_is_asked_of_it_and_nobody_elses() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    bench.opened(2).await;
    bench.ask(&handler, 1, "of-the-shop").await.unwrap();
    let of_complainant = wire::RequestEvidenceRequest {
        party: redress_proto::types::v1::AwaitedParty::Complainant.into(),
        ..crate::calls::asked(2, "of-the-complainant")
    };
    requests::issue(&bench.desk, &handler, of_complainant).await.unwrap();
    let mine = async |caller: &Principal, complaint: &str| {
        let request =
            wire::ListEvidenceRequestsRequest { complaint_id: complaint.into(), ..Default::default() };
        requests::list(&bench.desk, caller, &request).await.map(|page| page.evidence_requests)
    };
    let of_shop = mine(&shop(), "").await.unwrap();
    assert_eq!(of_shop.iter().map(|r| r.complaint_id.as_str()).collect::<Vec<_>>(), [id(1)]);
    assert_eq!(of_shop[0].why, "缝线是否合格");
    let of_person = mine(&complainant(), "").await.unwrap();
    assert_eq!(of_person.iter().map(|r| r.complaint_id.as_str()).collect::<Vec<_>>(), [id(2)]);
    assert!(mine(&complainant(), &id(1)).await.unwrap().is_empty());
    assert_eq!(mine(&handler, &id(1)).await.unwrap().len(), 1);
    // The name without the role, or the role without the name, is nobody.
    for nobody in [
        principal("tenant-a", SHOP, &[Role::Complainant]),
        principal("tenant-a", WHO, &[Role::Respondent]),
        principal("tenant-a", "person-2", &[Role::Complainant]),
        principal("tenant-a", "", &[Role::Respondent]),
        principal("tenant-a", "admin-1", &[Role::Admin]),
    ] {
        assert!(mine(&nobody, "").await.unwrap().is_empty(), "{nobody:?}");
        assert_eq!(reason(mine(&nobody, &id(1)).await), "NOT_FOUND", "{nobody:?}");
    }
}

#[tokio::test]
async fn an_auditor_sees_the_case_without_its_words_and_every_reading_is_recorded() {
    let bench = Bench::new().await;
    bench.opened(1).await;
    bench.open(&staff("handler-1"), 1, "先看直播回放").await.unwrap();
    let auditor = principal("tenant-a", "auditor-1", &[Role::Auditor]);
    assert_eq!(view::get(&bench.desk, &auditor, &id(1)).await.unwrap().plan, "");
    assert_eq!(bench.view(1).await.plan, "先看直播回放");
    let records = bench.count("SELECT count(*) FROM access_record WHERE subject = 'handler-1'").await;
    assert_eq!(records, 1);
    assert_eq!(bench.count("SELECT count(*) FROM access_record WHERE subject = 'auditor-1'").await, 0);
    // Nothing that was typed stands in clear.
    let plain = bench.count("SELECT count(*) FROM case_file WHERE position('直播'::bytea IN plan) > 0").await;
    assert_eq!(plain, 0);
}

#[tokio::test]
async fn a_consultation_is_seen_by_few_and_shows_in_no_other_timeline() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let consultation = bench.consult(&handler, 1, "lawyer-1").await.unwrap();
    let seen = async |caller: &Principal| {
        let view = view::get(&bench.desk, caller, &id(1)).await.unwrap();
        let request = wire::GetTimelineRequest { complaint_id: id(1), ..Default::default() };
        let entries = timeline::get(&bench.desk, caller, &request).await.unwrap().entries;
        let shown = entries.iter().any(|entry| entry.code == "consultation_requested");
        assert_eq!(shown, !view.consultations.is_empty());
        shown
    };
    assert!(seen(&handler).await && seen(&staff("lawyer-1")).await && seen(&boss()).await);
    assert!(!seen(&staff("handler-2")).await);
    let other = bench.answer(&staff("handler-2"), 1, &consultation.consultation_id).await;
    assert_eq!(reason(other), "NOT_FOUND");
}

#[tokio::test]
async fn the_timeline_of_a_party_names_no_staff_and_goes_on_page_by_page() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    for n in 0..5 {
        bench.clock.advance(jiff::SignedDuration::from_mins(1));
        bench.ask(&handler, 1, &format!("ask-{n}")).await.unwrap();
    }
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = wire::GetTimelineRequest { complaint_id: id(1), page_size: 2, page_token };
        let page = timeline::get(&bench.desk, &shop(), &request).await.unwrap();
        assert!(page.entries.len() <= 2);
        all.extend(page.entries);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let codes: Vec<&str> = all.iter().map(|entry| entry.code.as_str()).collect();
    assert_eq!(codes[..3], ["complaint_registered", "complaint_accepted", "investigation_opened"]);
    assert_eq!(codes[3..], ["evidence_requested"; 5]);
    assert!(all.iter().all(|entry| entry.actor.is_empty()));
    let request = wire::GetTimelineRequest { complaint_id: id(1), ..Default::default() };
    let of_staff = timeline::get(&bench.desk, &handler, &request).await.unwrap().entries;
    assert!(of_staff.iter().any(|entry| entry.actor == "handler-1"));
}

#[tokio::test]
async fn nobody_finds_the_facts_of_a_case_of_their_own_whatever_their_token_says() {
    let bench = Bench::new().await;
    bench.opened(1).await;
    for (subject, roles) in
        [(WHO, &[Role::Handler, Role::Supervisor][..]), (SHOP, &[Role::Handler]), (WHO, &[Role::Auditor])]
    {
        let own = principal("tenant-a", subject, roles);
        assert_eq!(reason(bench.ask(&own, 1, "ask-own").await), "NOT_FOUND", "{subject} {roles:?}");
        assert_eq!(reason(view::get(&bench.desk, &own, &id(1)).await), "NOT_FOUND", "{subject} {roles:?}");
    }
    for (subject, role) in [(WHO, Role::Complainant), (SHOP, Role::Respondent)] {
        let both = principal("tenant-a", subject, &[role, Role::Supervisor]);
        assert_eq!(reason(bench.ask(&both, 1, "ask-own").await), "PERMISSION_DENIED", "{subject}");
        assert_eq!(reason(view::get(&bench.desk, &both, &id(1)).await), "PERMISSION_DENIED", "{subject}");
        assert_eq!(reason(bench.conclude(&both, 1).await), "PERMISSION_DENIED", "{subject}");
    }
}

#[tokio::test]
async fn everybody_who_worked_on_the_facts_is_named_also_after_a_hand_over() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let asked = bench.ask(&staff("handler-2"), 1, "ask-1").await.unwrap();
    let cancel = wire::CancelEvidenceRequestRequest {
        request_id: "cancel".into(),
        complaint_id: id(1),
        evidence_request_id: asked.evidence_request_id,
        ..wire::CancelEvidenceRequestRequest::default()
    };
    requests::cancel(&bench.desk, &boss(), cancel).await.unwrap();
    bench.find_all(&handler, 1).await.unwrap();
    bench.conclude(&handler, 1).await.unwrap();
    let told: wire::InvestigationConcluded = bench.last(1).await;
    for name in ["handler-1", "handler-2"] {
        assert!(told.investigators.contains(&name.to_owned()), "{name}: {:?}", told.investigators);
    }
    for name in ["boss-1", WHO, SHOP] {
        assert!(!told.investigators.contains(&name.to_owned()), "{name}: {:?}", told.investigators);
    }
}
