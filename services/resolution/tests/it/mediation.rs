//! From the facts to a settlement, its report and its end.

use jiff::SignedDuration;
use redress_domain::Role;
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as investigation;
use redress_proto::notification::v1 as notification;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::{AwaitedParty, ComplaintState as State, Severity};
use redress_resolution::domain::offer;
use redress_resolution::store;

use crate::bench::{Bench, caller, complainant, handler, merchant, reason};
use crate::steps::{accept, call, draft, option, refund, report};

#[tokio::test]
async fn a_case_is_settled_carried_out_reported_and_ends_in_silence() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    let piece = investigation::EvidenceSubmitted {
        evidence_id: "e-1".into(),
        sha256: "ab".repeat(32),
        party: AwaitedParty::Complainant.into(),
        ..Default::default()
    };
    bench.investigation(id, "person-1", &piece).await;

    let seen = bench.act(&complainant(), accept(id, &proposal, 1, 2)).await.unwrap();
    assert!(seen.settlements.is_empty(), "one of two has accepted");
    let seen = bench.act(&merchant(), accept(id, &proposal, 1, 2)).await.unwrap();
    assert_eq!(seen.settlements[0].state(), wire::DecisionState::Pending);
    assert_eq!(seen.settlements[0].terms, [refund(8_000)]);

    bench.advance(id, State::Mediating, State::Executing, "SettlementReached").await;
    let seen = bench.get(&complainant(), id).await;
    assert_eq!(seen.settlements[0].state(), wire::DecisionState::Effective);
    bench.advance(id, State::Executing, State::ResultNotified, "RemedyExecuted").await;

    bench.act(&handler("h-1"), report(id)).await.unwrap();
    let told: wire::HandlingReportIssued = bench.last(id).await;
    let until = Some(to_wire_time("2026-12-25T16:00:00Z".parse().unwrap()));
    assert_eq!(
        told.appeal_until, until,
        "the end of the last of 30 days in China, though no ruling named it"
    );
    let delivered = notification::NoticeDelivered {
        notice_id: "n-1".into(),
        kind: notification::NoticeKind::N12Result.into(),
        ..Default::default()
    };
    bench.notice(id, &delivered).await;
    bench.advance(id, State::ResultNotified, State::Closed, "ObjectionWindowEnded").await;
    let closing = wire::FileClosingReportRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        summary: "双方达成和解。".into(),
        lessons: "直播用语需审核。".into(),
        language: "zh-Hans".into(),
        ..Default::default()
    };
    let seen = bench.act(&handler("h-1"), closing).await.unwrap();
    let Some(wire::case_report::Parts::Closing(parts)) = &seen.reports[0].parts else {
        panic!("a closing report")
    };
    assert_eq!(parts.evidence[0].sha256, "ab".repeat(32));
    assert!(parts.timeline.iter().any(|moment| moment.event == "SettlementReached"));
    assert_eq!(seen.reports[0].filing_no, "C-1-C1");
    let text = &seen.reports[0].text;
    for told in ["结案报告", "双方达成和解。", "双方达成一致", &"ab".repeat(32), "直播用语需审核。"]
    {
        assert!(text.contains(told), "{told} in {text}");
    }
    assert!(bench.get(&complainant(), id).await.reports[0].text.starts_with("投诉处理报告\n"));
    let names = bench.published(id).await;
    let ours: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| !name.starts_with("Remedy")).collect();
    assert_eq!(
        ours,
        [
            "LiabilityDetermined",
            "ProposalDrafted",
            "PlanApproved",
            "ProposalSent",
            "OfferAccepted",
            "OfferAccepted",
            "SettlementReached",
            "HandlingReportIssued",
            "ClosingReportFiled"
        ]
    );
}

#[tokio::test]
async fn the_chain_of_offers_verifies_and_cannot_be_rewritten() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    let decline = wire::RespondToOfferRequest {
        action: wire::OfferAction::Declined.into(),
        option: 0,
        comment: "金额太低".into(),
        ..accept(id, &proposal, 1, 1)
    };
    bench.act(&complainant(), decline).await.unwrap();
    bench.act(&complainant(), accept(id, &proposal, 1, 2)).await.unwrap();
    bench.act(&merchant(), accept(id, &proposal, 1, 2)).await.unwrap();
    let mut conn = bench.db.pool().acquire().await.unwrap();
    let tenant = "tenant-a".parse().unwrap();
    let chain = store::offer::of_case(&mut conn, &tenant, id).await.unwrap();
    let case = store::case::find(&mut conn, &tenant, id).await.unwrap().unwrap();
    let actions: Vec<&str> = chain.iter().map(|link| link.body.action.code()).collect();
    assert_eq!(actions, ["proposed", "declined", "accepted", "accepted"]);
    offer::verify(&chain, (case.chain.0, &case.chain.1)).unwrap();
    for change in [
        "UPDATE offer_link SET hash = ''",
        "DELETE FROM offer_link WHERE sequence = 4",
        "UPDATE sealed_text SET value = ''",
    ] {
        assert!(sqlx::query(change).execute(bench.db.pool()).await.is_err(), "{change}");
    }
}

#[tokio::test]
async fn a_revision_within_bounds_is_open_at_once_and_one_beyond_them_is_reviewed_again() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    bench.act(&complainant(), accept(id, &proposal, 1, 1)).await.unwrap();
    let revise = |amount| wire::DraftProposalRequest {
        proposal_id: proposal.clone(),
        ..draft(id, vec![option(vec![refund(amount)])])
    };
    let seen = bench.act(&handler("h-1"), revise(7_000)).await.unwrap();
    assert_eq!(seen.proposals[0].state(), wire::ProposalState::Open);
    let told: wire::ProposalRevised = bench.last(id).await;
    assert!(told.within_bounds && told.due_at.is_some());
    assert_eq!(reason(bench.act(&merchant(), accept(id, &proposal, 1, 1)).await), "REVISION_SUPERSEDED");
    bench.act(&merchant(), accept(id, &proposal, 2, 1)).await.unwrap();
    let seen = bench.get(&handler("h-1"), id).await;
    assert!(seen.settlements.is_empty(), "an acceptance of the first revision does not count for the second");

    let seen = bench.act(&handler("h-1"), revise(9_000)).await.unwrap();
    assert_eq!(seen.proposals[0].state(), wire::ProposalState::InReview);
    let told: wire::ProposalRevised = bench.last(id).await;
    assert!(!told.within_bounds && told.due_at.is_none());
    assert_eq!(reason(bench.act(&merchant(), accept(id, &proposal, 3, 1)).await), "PROPOSAL_NOT_OPEN");
}

#[tokio::test]
async fn the_same_call_again_changes_nothing_and_another_body_under_its_name_is_refused() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    let once = accept(id, &proposal, 1, 1);
    let first = bench.act(&complainant(), once.clone()).await.unwrap();
    let again = bench.act(&complainant(), once.clone()).await.unwrap();
    assert_eq!(first, again);
    let other = wire::RespondToOfferRequest { option: 2, ..once };
    assert_eq!(reason(bench.act(&complainant(), other).await), "IDEMPOTENCY_KEY_REUSED");
    let stale = wire::RespondToOfferRequest { expected_version: 1, ..accept(id, &proposal, 1, 1) };
    assert_eq!(reason(bench.act(&complainant(), stale).await), "VERSION_MISMATCH");
    let fresh =
        wire::RespondToOfferRequest { expected_version: first.version, ..accept(id, &proposal, 1, 1) };
    bench.act(&complainant(), fresh).await.unwrap();
}

#[tokio::test]
async fn who_acts_for_a_party_proves_that_it_agrees() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    let gateway = caller("tenant-a", "gateway", &[Role::Service]);
    assert_eq!(
        reason(bench.act(&gateway, accept(id, &proposal, 1, 1)).await),
        "REPRESENTATIVE_WITHOUT_MANDATE"
    );
    let consent = bench.consent(id, 1).await;
    let own = wire::ConsentProof { kind: wire::ConsentKind::OwnAct.into(), ..consent.clone() };
    let claimed = wire::RespondToOfferRequest { consent: Some(own), ..accept(id, &proposal, 1, 1) };
    assert_eq!(reason(bench.act(&gateway, claimed).await), "REPRESENTATIVE_WITHOUT_MANDATE");
    let proven =
        wire::RespondToOfferRequest { consent: Some(consent.clone()), ..accept(id, &proposal, 1, 1) };
    // L02, T20: what is accepted is what the party agreed to.
    for other in [String::new(), bench.option_sha256(id, 2).await] {
        let other = wire::ConsentProof { option_sha256: other, ..consent.clone() };
        let unlike = wire::RespondToOfferRequest { consent: Some(other), ..accept(id, &proposal, 1, 1) };
        assert_eq!(reason(bench.act(&gateway, unlike).await), "CONSENT_FOR_OTHER_TERMS");
    }
    assert!(bench.get(&gateway, id).await.offers.iter().all(|link| link.option == 0), "nothing half-written");
    let seen = bench.act(&gateway, proven).await.unwrap();
    let link = seen.offers.last().unwrap();
    assert_eq!(link.consent.as_ref().unwrap(), &consent, "the chain binds the proof to what was accepted");
    let seen = bench.act(&merchant(), accept(id, &proposal, 1, 1)).await.unwrap();
    assert_eq!(seen.settlements[0].option_sha256, consent.option_sha256);
    assert_eq!(link.party.as_ref().unwrap().role(), AwaitedParty::Complainant);
}

#[tokio::test]
async fn an_offer_is_not_accepted_after_its_time() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    bench.pass(SignedDuration::from_hours(48));
    bench.act(&complainant(), accept(id, &proposal, 1, 1)).await.unwrap();
    bench.pass(SignedDuration::from_secs(1));
    assert_eq!(reason(bench.act(&merchant(), accept(id, &proposal, 1, 1)).await), "OFFER_EXPIRED");
    let seen = bench.get(&handler("h-1"), id).await;
    assert!(seen.settlements.is_empty());
}

#[tokio::test]
async fn a_plan_is_sent_only_once_the_lifecycle_has_moved() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    let proposal = bench.approved(id).await;
    let send = wire::SendProposalRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        proposal_id: proposal,
        ..Default::default()
    };
    assert_eq!(reason(bench.act(&handler("h-1"), send.clone()).await), "LIFECYCLE_NOT_ADVANCED");
    bench.advance(id, State::PlanReview, State::Mediating, "PlanApproved").await;
    bench.act(&handler("h-1"), send).await.unwrap();
}
