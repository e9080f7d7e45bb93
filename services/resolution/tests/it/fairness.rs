//! Who may do what to whom: nobody works on a case of their own or one they are recused from, nobody is charged or paid who
//! has no part in it, and a limit is a limit however often one asks.

use redress_domain::Role;
use redress_proto::classification::v1 as classification;
use redress_proto::investigation::v1 as investigation;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::{ComplaintState as State, Severity};
use uuid::Uuid;

use crate::bench::{Bench, caller, complainant, handler, merchant, reason, supervisor};
use crate::steps::{accept, call, draft, liability, option, party, refund, review, ruling};

#[tokio::test]
async fn who_is_recused_in_the_investigation_does_nothing_more_here() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    let recused = |subject: &str| investigation::ConflictDeclared {
        subject: subject.into(),
        recused: true,
        ..Default::default()
    };
    bench.investigation(id, "boss-1", &recused("h-2")).await;
    let declared_only = investigation::ConflictDeclared { recused: false, ..recused("h-1") };
    bench.investigation(id, "boss-1", &declared_only).await;
    bench.act(&handler("h-1"), liability(id)).await.unwrap();
    assert_eq!(reason(bench.act(&handler("h-2"), liability(id)).await), "RECUSED");
    let drafted = bench.act(&handler("h-1"), draft(id, vec![option(vec![refund(5_000)])])).await.unwrap();
    let proposal = drafted.proposals[0].proposal_id.clone();
    bench.investigation(id, "boss-1", &recused("s-1")).await;
    assert_eq!(reason(bench.act(&supervisor("s-1"), review(id, &proposal, 1)).await), "RECUSED");
    bench.act(&supervisor("s-2"), review(id, &proposal, 1)).await.unwrap();
    bench.advance(id, State::PlanReview, State::Mediating, "PlanApproved").await;
    bench.send(id, &proposal).await;
    // Not in somebody's name either.
    let for_a_party = wire::RespondToOfferRequest {
        party: Some(wire::CaseParty {
            role: redress_proto::types::v1::AwaitedParty::Complainant.into(),
            ..Default::default()
        }),
        consent: Some(bench.consent(id, 1).await),
        ..accept(id, &proposal, 1, 1)
    };
    assert_eq!(reason(bench.act(&handler("h-2"), for_a_party.clone()).await), "RECUSED");
    let for_a_party = wire::RespondToOfferRequest { request_id: call(), ..for_a_party };
    bench.act(&handler("h-3"), for_a_party).await.unwrap();
}

#[tokio::test]
async fn nobody_works_on_a_case_of_their_own_whatever_their_token_says() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    for (subject, roles) in [
        ("person-1", &[Role::Handler, Role::Supervisor][..]),
        ("m-1", &[Role::Handler]),
        ("person-1", &[Role::Auditor]),
    ] {
        let own = caller("tenant-a", subject, roles);
        assert_eq!(reason(bench.act(&own, liability(id)).await), "NOT_FOUND", "{subject} {roles:?}");
    }
    let both = caller("tenant-a", "person-1", &[Role::Complainant, Role::Supervisor]);
    assert_eq!(reason(bench.act(&both, liability(id)).await), "PERMISSION_DENIED");
}

#[tokio::test]
async fn who_wrote_any_revision_of_a_plan_does_not_review_it() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    bench.act(&handler("h-9"), liability(id)).await.unwrap();
    let drafted = bench.act(&supervisor("s-1"), draft(id, vec![option(vec![refund(5_000)])])).await.unwrap();
    let proposal = drafted.proposals[0].proposal_id.clone();
    let further = wire::DraftProposalRequest {
        proposal_id: proposal.clone(),
        ..draft(id, vec![option(vec![refund(5_001)])])
    };
    bench.act(&handler("h-2"), further).await.unwrap();
    assert_eq!(reason(bench.act(&supervisor("s-1"), review(id, &proposal, 2)).await), "REVIEWER_IS_AUTHOR");
    bench.act(&supervisor("s-2"), review(id, &proposal, 2)).await.unwrap();
}

#[tokio::test]
async fn nobody_is_paid_or_charged_who_has_no_part_in_the_case() {
    let bench = Bench::new().await;
    let id = bench.to_ruling(1, Severity::General).await;
    let to = |payee: wire::PartyRef| wire::RemedyTerms { payee: Some(payee), ..refund(9_000) };
    let by = |payer: wire::PartyRef| wire::RemedyTerms { payer: Some(payer), ..refund(9_000) };
    for stranger in [
        party(wire::LiableParty::OtherUser, "friend"),
        party(wire::LiableParty::Consumer, "friend"),
        party(wire::LiableParty::Anchor, "a-9"),
    ] {
        let refused = bench.act(&supervisor("s-2"), ruling(id, vec![to(stranger.clone())])).await;
        assert_eq!(reason(refused), "PAYEE_NOT_A_PARTY", "{stranger:?}");
    }
    for unheard in [party(wire::LiableParty::Merchant, "m-9"), party(wire::LiableParty::Carrier, "c-1")] {
        let refused = bench.act(&supervisor("s-2"), ruling(id, vec![by(unheard.clone())])).await;
        assert_eq!(reason(refused), "PAYER_NOT_A_PARTY", "{unheard:?}");
    }
    let carrier = party(wire::LiableParty::Carrier, "c-1");
    let found = wire::DetermineLiabilityRequest {
        shares: vec![wire::LiabilityShare { party: Some(carrier.clone()), basis_points: 10_000 }],
        ..liability(id)
    };
    bench.act(&handler("h-1"), found).await.unwrap();
    bench.act(&supervisor("s-2"), ruling(id, vec![by(carrier)])).await.unwrap();
}

#[tokio::test]
async fn a_plan_to_pay_a_stranger_is_not_even_drafted() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    let stranger = Some(party(wire::LiableParty::OtherUser, "friend"));
    let terms = wire::RemedyTerms { payee: stranger, ..refund(5_000) };
    assert_eq!(
        reason(bench.act(&handler("h-1"), draft(id, vec![option(vec![terms])])).await),
        "PAYEE_NOT_A_PARTY"
    );
}

#[tokio::test]
async fn a_limit_of_authority_holds_for_all_calls_together() {
    let bench = Bench::new().await;
    let id = bench.to_executing(1).await;
    let order = |minor| wire::OrderRemedyRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        terms: Some(wire::RemedyTerms {
            payer: Some(party(wire::LiableParty::Platform, "")),
            ..refund(minor)
        }),
        reason: "goodwill".into(),
        ..Default::default()
    };
    bench.act(&handler("h-1"), order(300_000)).await.unwrap();
    assert_eq!(reason(bench.act(&handler("h-1"), order(200_001)).await), "AMOUNT_OVER_AUTHORITY");
    assert_eq!(reason(bench.act(&handler("h-2"), order(200_001)).await), "AMOUNT_OVER_AUTHORITY");
    bench.act(&handler("h-2"), order(200_000)).await.unwrap();
    bench.act(&supervisor("s-1"), order(300_000)).await.unwrap();
}

#[tokio::test]
async fn in_a_major_case_no_call_moves_money() {
    let bench = Bench::new().await;
    let id = bench.to_ruling(1, Severity::Major).await;
    let seen = bench.act(&supervisor("s-2"), ruling(id, vec![refund(9_000)])).await.unwrap();
    let confirm = wire::ConfirmRulingRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        ruling_id: seen.rulings[0].ruling_id.clone(),
        confirm: true,
        ..Default::default()
    };
    bench.act(&supervisor("s-3"), confirm).await.unwrap();
    bench.advance(id, State::Ruling, State::Executing, "RulingIssued").await;
    let order = |terms| wire::OrderRemedyRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        terms: Some(terms),
        reason: "goodwill".into(),
        ..Default::default()
    };
    assert_eq!(reason(bench.act(&supervisor("s-2"), order(refund(1))).await), "FOUR_EYES_NEEDED");
    let words =
        wire::RemedyTerms { r#type: wire::RemedyType::ApologyWritten.into(), amount: None, ..refund(1) };
    bench.act(&supervisor("s-2"), order(words)).await.unwrap();
}

#[tokio::test]
async fn the_parties_do_not_answer_each_other_for_ever() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    sqlx::query("UPDATE case_file SET chain_length = 500").execute(bench.db.pool()).await.unwrap();
    for who in [complainant(), merchant()] {
        assert_eq!(reason(bench.act(&who, accept(id, &proposal, 1, 1)).await), "TOO_MANY_ANSWERS");
    }
    let end = wire::TerminateMediationRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        reason: wire::TerminationReason::NoAgreement.into(),
        ..Default::default()
    };
    bench.act(&handler("h-1"), end).await.unwrap();
}

fn plan(incident: Uuid, options: Vec<wire::ProposalOption>) -> wire::PlanForIncidentRequest {
    wire::PlanForIncidentRequest {
        request_id: call(),
        incident_id: incident.to_string(),
        options,
        full_basis: "统一方案。".into(),
        members: Vec::new(),
    }
}

async fn confirmed(bench: &Bench, members: &[redress_domain::ComplaintId]) -> Uuid {
    let incident = Uuid::from_u128(77);
    bench.incident(incident, &classification::IncidentConfirmed::default()).await;
    for id in members {
        let added = classification::IncidentMemberAdded { complaint_id: id.to_string() };
        bench.incident(incident, &added).await;
    }
    incident
}

#[tokio::test]
async fn a_plan_for_an_incident_holds_to_the_rules_of_a_plan_for_one() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    let incident = confirmed(&bench, &[id]).await;
    let desk = &bench.commands.desk;
    let make = async |who: redress_domain::Principal, plan| {
        let planned = redress_resolution::app::incident_plan::plan(desk, &who, plan).await;
        planned.map_err(redress_resolution::Error::into_problem)
    };
    let forced = |rule: &str| wire::RemedyTerms {
        r#type: wire::RemedyType::RefundOnly.into(),
        charge_basis: wire::ChargeBasis::Rule.into(),
        charge_rule: rule.into(),
        ..refund(5_000)
    };
    let unknown = plan(incident, vec![option(vec![forced("refund.quality@2")])]);
    assert_eq!(reason(make(handler("h-1"), unknown).await), "RULE_NOT_IN_FORCE");
    let own = caller("tenant-a", "person-1", &[Role::Handler]);
    let passed = make(own, plan(incident, vec![option(vec![refund(5_000)])])).await.unwrap();
    assert!(passed.planned.is_empty());
    assert_eq!(passed.passed_over[0].reason, "PERMISSION_DENIED", "a case of their own");
    let in_force = plan(incident, vec![option(vec![forced("refund.quality@1")])]);
    assert_eq!(make(handler("h-1"), in_force).await.unwrap().planned, [id.to_string()]);
}

#[tokio::test]
async fn hundreds_of_members_that_are_over_do_not_keep_the_others_from_a_plan() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    let incident = confirmed(&bench, &[id]).await;
    sqlx::query(
        "WITH over AS (
             INSERT INTO case_file (tenant, complaint_id, state, severity, complainant_index, version, stream_version,
                                    chain_length, chain_head, facts, course)
             SELECT tenant, lpad(to_hex(n), 32, '0')::uuid, 'closed', severity, '', 0, 0, 0, '', facts, course
             FROM case_file, generate_series(1, 600) AS n
             RETURNING tenant, complaint_id
         )
         INSERT INTO incident_member (tenant, incident_id, complaint_id) SELECT tenant, $1, complaint_id FROM over",
    )
    .bind(incident)
    .execute(bench.db.pool())
    .await
    .unwrap();
    let desk = &bench.commands.desk;
    let told = plan(incident, vec![option(vec![refund(5_000)])]);
    let planned = redress_resolution::app::incident_plan::plan(desk, &handler("h-1"), told).await.unwrap();
    assert_eq!(planned.planned, [id.to_string()]);
}
