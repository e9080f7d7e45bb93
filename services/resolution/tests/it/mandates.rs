//! Who acts in another's name: only with proof that the case holds, and never who wrote or reviewed what is accepted.

use redress_domain::{ComplaintId, Principal, Role};
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::{AwaitedParty, ComplaintState as State};

use crate::appeals::appeal;
use crate::bench::{Bench, caller, complainant, handler, reason, submission, supervisor};
use crate::steps::{accept, call};

fn gateway() -> Principal {
    caller("tenant-a", "gateway", &[Role::Service])
}

/// An acceptance in the complainant's name.
fn in_its_name(id: ComplaintId, proposal: &str, consent: wire::ConsentProof) -> wire::RespondToOfferRequest {
    let party = wire::CaseParty { role: AwaitedParty::Complainant.into(), ..Default::default() };
    wire::RespondToOfferRequest { party: Some(party), consent: Some(consent), ..accept(id, proposal, 1, 1) }
}

#[tokio::test]
async fn a_proof_that_is_not_among_the_evidence_of_the_case_proves_nothing() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    let (other, _) = bench.to_mediating(2).await;
    let consent = bench.consent(other, 1).await;
    let consent = wire::ConsentProof { option_sha256: bench.option_sha256(id, 1).await, ..consent };
    let refused = "CONSENT_NOT_IN_EVIDENCE";
    for who in [gateway(), handler("h-3")] {
        let elsewhere = bench.act(&who, in_its_name(id, &proposal, consent.clone())).await;
        assert_eq!(reason(elsewhere), refused, "the evidence of another case");
    }
    let consent = bench.consent(id, 1).await;
    for invented in [
        wire::ConsentProof { sha256: "ef".repeat(32), ..consent.clone() },
        wire::ConsentProof { reference: "e-8".into(), ..consent.clone() },
    ] {
        assert_eq!(reason(bench.act(&gateway(), in_its_name(id, &proposal, invented)).await), refused);
    }
    assert_eq!(bench.get(&handler("h-1"), id).await.offers.len(), 1, "nothing half-written");
    bench.act(&handler("h-3"), in_its_name(id, &proposal, consent)).await.unwrap();
}

#[tokio::test]
async fn who_wrote_or_reviewed_a_revision_does_not_accept_it_in_a_partys_name() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    let consent = bench.consent(id, 1).await;
    for involved in [handler("h-1"), supervisor("s-1")] {
        let refused = bench.act(&involved, in_its_name(id, &proposal, consent.clone())).await;
        assert_eq!(reason(refused), "ACCEPTOR_WROTE_IT", "{}", involved.subject);
    }
    let declined = wire::RespondToOfferRequest {
        action: wire::OfferAction::Declined.into(),
        option: 0,
        ..in_its_name(id, &proposal, consent.clone())
    };
    bench.act(&handler("h-1"), declined).await.unwrap();
    bench.act(&supervisor("s-2"), in_its_name(id, &proposal, consent)).await.unwrap();
}

#[tokio::test]
async fn who_brings_a_complaint_in_for_another_person_needs_that_persons_mandate() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    // The sample names person-1; the same subject that submitted it, with a party's role, is not that person.
    let agent = caller("tenant-a", "gateway", &[Role::Complainant]);
    let refused = "REPRESENTATIVE_WITHOUT_MANDATE";
    assert_eq!(reason(bench.act(&agent, accept(id, &proposal, 1, 1)).await), refused);
    let consent = bench.consent(id, 1).await;
    bench.act(&agent, in_its_name(id, &proposal, consent.clone())).await.unwrap();
    let of_the_other_side = wire::RespondToOfferRequest {
        party: Some(wire::CaseParty { role: AwaitedParty::Respondent.into(), respondent_ref: "m-1".into() }),
        ..in_its_name(id, &proposal, consent.clone())
    };
    assert_eq!(reason(bench.act(&agent, of_the_other_side).await), "PERMISSION_DENIED");

    let id = bench.to_result(2).await;
    let respond = |consent| wire::RespondToResultRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        accept: true,
        consent,
        ..Default::default()
    };
    assert_eq!(reason(bench.act(&agent, respond(None)).await), refused);
    assert_eq!(reason(bench.act(&agent, respond(Some(consent.clone()))).await), "CONSENT_NOT_IN_EVIDENCE");
    let mut filed = appeal(id, &["责任认定有误"]);
    assert_eq!(reason(bench.act(&agent, filed.clone()).await), refused);
    filed.consent = Some(consent.clone());
    assert_eq!(reason(bench.act(&agent, filed.clone()).await), "CONSENT_NOT_IN_EVIDENCE");
    bench.consent(id, 1).await;
    bench.act(&agent, wire::FileAppealRequest { request_id: call(), ..filed }).await.unwrap();
    bench.advance(id, State::ResultNotified, State::UnderAppeal, "AppealFiled").await;
    bench.get(&complainant(), id).await;
}

#[tokio::test]
async fn a_complaint_that_names_nobody_is_its_submitters_own() {
    let bench = Bench::new().await;
    let mut nameless = submission();
    nameless.complainant.as_mut().unwrap().external_ref = None;
    let id = bench.register(1, nameless).await;
    bench.plan_review(id, redress_proto::types::v1::Severity::General).await;
    let proposal = bench.approved(id).await;
    bench.advance(id, State::PlanReview, State::Mediating, "PlanApproved").await;
    bench.send(id, &proposal).await;
    let own = caller("tenant-a", "gateway", &[Role::Complainant]);
    bench.act(&own, accept(id, &proposal, 1, 1)).await.unwrap();
}
