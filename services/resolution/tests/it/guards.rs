//! Guards that do not hold: each refused with its reason, and nothing half written.

use redress_domain::Role;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::{ComplaintState as State, Money, Severity};

use crate::bench::{Bench, caller, complainant, handler, merchant, reason, supervisor};
use crate::steps::{accept, call, draft, liability, option, party, refund, review};

#[tokio::test]
async fn who_wrote_a_plan_or_found_its_facts_does_not_review_it() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    bench.act(&supervisor("s-1"), liability(id)).await.unwrap();
    let drafted = bench.act(&supervisor("s-1"), draft(id, vec![option(vec![refund(100)])])).await.unwrap();
    let proposal = &drafted.proposals[0].proposal_id;
    let before = bench.published(id).await;
    let own = bench.act(&supervisor("s-1"), review(id, proposal, 1)).await.unwrap_err();
    assert_eq!(own.reason, "REVIEWER_IS_AUTHOR");
    assert!(own.metadata.iter().any(|(key, _)| *key == "satisfied_by"), "it says what would satisfy it");
    for investigator in ["i-1", "i-2"] {
        let refused = bench.act(&supervisor(investigator), review(id, proposal, 1)).await;
        assert_eq!(reason(refused), "REVIEWER_INVESTIGATED");
    }
    assert_eq!(bench.published(id).await, before);
    bench.act(&supervisor("s-2"), review(id, proposal, 1)).await.unwrap();
    assert_eq!(
        reason(bench.act(&supervisor("s-3"), review(id, proposal, 1)).await),
        "PROPOSAL_NOT_IN_REVIEW"
    );
}

#[tokio::test]
async fn a_plan_is_approved_within_authority_and_on_determined_liability() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    let drafted = bench.act(&handler("h-1"), draft(id, vec![option(vec![refund(500_001)])])).await.unwrap();
    let proposal = &drafted.proposals[0].proposal_id;
    assert_eq!(reason(bench.act(&handler("h-2"), review(id, proposal, 1)).await), "LIABILITY_MISSING");
    bench.act(&handler("h-1"), liability(id)).await.unwrap();
    assert_eq!(reason(bench.act(&handler("h-2"), review(id, proposal, 1)).await), "AMOUNT_OVER_AUTHORITY");
    bench.act(&supervisor("s-1"), review(id, proposal, 1)).await.unwrap();
}

#[tokio::test]
async fn a_major_case_is_above_a_handlers_authority_whatever_the_amount() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::Major).await;
    bench.act(&handler("h-1"), liability(id)).await.unwrap();
    let drafted = bench.act(&handler("h-1"), draft(id, vec![option(vec![refund(1)])])).await.unwrap();
    let proposal = &drafted.proposals[0].proposal_id;
    assert_eq!(reason(bench.act(&handler("h-2"), review(id, proposal, 1)).await), "AMOUNT_OVER_AUTHORITY");
    bench.act(&supervisor("s-1"), review(id, proposal, 1)).await.unwrap();
}

#[tokio::test]
async fn liability_that_does_not_make_the_whole_is_refused_and_leaves_nothing() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    let mut told = liability(id);
    told.shares[0].basis_points = 6_999;
    assert_eq!(reason(bench.act(&handler("h-1"), told).await), "SHARES_NOT_WHOLE");
    let mut told = liability(id);
    told.rules = vec!["refund".into()];
    assert_eq!(reason(bench.act(&handler("h-1"), told).await), "MALFORMED");
    let told = wire::DetermineLiabilityRequest { cause: "the moon".into(), ..liability(id) };
    assert_eq!(reason(bench.act(&handler("h-1"), told).await), "UNKNOWN");
    assert!(bench.published(id).await.is_empty());
    assert_eq!(bench.count("SELECT count(*) FROM case_record").await, 0);
    assert_eq!(bench.count("SELECT count(*) FROM sealed_text").await, 0);
}

#[tokio::test]
async fn money_of_a_wrong_kind_is_refused_with_its_field() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    let with = |currency: &str, amount_minor| {
        let amount = Some(Money { currency: currency.into(), amount_minor });
        draft(id, vec![option(vec![wire::RemedyTerms { amount, ..refund(1) }])])
    };
    for (told, expected) in [
        (with("USD", 100), "WRONG_CURRENCY"),
        (with("cny", 100), "MALFORMED"),
        (with("CNY", -1), "NEGATIVE"),
        (with("CNY", 0), "OUT_OF_RANGE"),
        (with("CNY", i64::MAX), "OUT_OF_RANGE"),
    ] {
        assert_eq!(reason(bench.act(&handler("h-1"), told).await), expected);
    }
    let dollars = Some(Money { currency: "USD".into(), amount_minor: 1 });
    let mixed = option(vec![refund(1), wire::RemedyTerms { amount: dollars, ..refund(1) }]);
    assert_eq!(reason(bench.act(&handler("h-1"), draft(id, vec![mixed])).await), "MIXED_CURRENCIES");
    assert_eq!(bench.count("SELECT count(*) FROM case_record").await, 0);
}

#[tokio::test]
async fn nobody_is_charged_by_an_agreement_without_being_a_party_to_it() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    let stranger = wire::RemedyTerms { payer: Some(party(wire::LiableParty::Carrier, "c-9")), ..refund(100) };
    assert_eq!(
        reason(bench.act(&handler("h-1"), draft(id, vec![option(vec![stranger])])).await),
        "PAYER_NOT_A_PARTY"
    );
}

#[tokio::test]
async fn a_merchant_is_not_made_to_pay_for_goods_that_stay_without_consent_or_rule() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    let forced = wire::RemedyTerms { r#type: wire::RemedyType::RefundOnly.into(), ..refund(100) };
    assert_eq!(
        reason(bench.act(&handler("h-1"), draft(id, vec![option(vec![forced.clone()])])).await),
        "REFUND_WITHOUT_RETURN_NEEDS_BASIS"
    );
    let asked =
        wire::RemedyTerms { charge_basis: wire::ChargeBasis::MerchantConsent.into(), ..forced.clone() };
    bench.act(&handler("h-1"), draft(id, vec![option(vec![asked])])).await.unwrap();

    let id = bench.to_ruling(2, Severity::General).await;
    let imposed = crate::steps::ruling(id, vec![forced]);
    assert_eq!(reason(bench.act(&supervisor("s-2"), imposed).await), "REFUND_WITHOUT_RETURN_NEEDS_BASIS");
}

#[tokio::test]
async fn all_that_was_paid_is_not_ruled_in_parts_and_neither_anchor_nor_agency_is_made_to_pay_it() {
    let bench = Bench::new().await;
    let id = bench.to_ruling(1, Severity::General).await;
    let anchor = party(wire::LiableParty::Anchor, "a-1");
    let forced = wire::RemedyTerms {
        r#type: wire::RemedyType::RefundOnly.into(),
        payer: Some(anchor.clone()),
        ..refund(100)
    };
    let part = |payer: wire::PartyRef| wire::RemedyTerms { payer: Some(payer), ..refund(9_950) };
    let merchant = party(wire::LiableParty::Merchant, "m-1");
    for terms in [vec![refund(19_900)], vec![part(merchant.clone()), part(anchor)], vec![forced]] {
        let refused = bench.act(&supervisor("s-2"), crate::steps::ruling(id, terms)).await;
        assert_eq!(reason(refused), "REFUND_WITHOUT_RETURN_NEEDS_BASIS");
    }
    let by_rule = wire::RemedyTerms {
        charge_basis: wire::ChargeBasis::Rule.into(),
        charge_rule: "refund.quality@1".into(),
        ..refund(19_900)
    };
    bench.act(&supervisor("s-2"), crate::steps::ruling(id, vec![by_rule])).await.unwrap();
}

#[tokio::test]
async fn what_does_not_fit_the_lifecycle_is_refused_with_where_it_stands() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    let ruling = bench.act(&supervisor("s-2"), crate::steps::ruling(id, vec![])).await.unwrap_err();
    assert_eq!(ruling.reason, "WRONG_STATE");
    assert!(ruling.metadata.contains(&("state", "mediating".to_owned())));
    assert_eq!(reason(bench.act(&handler("h-1"), crate::steps::report(id)).await), "WRONG_STATE");
    bench.advance(id, State::Mediating, State::Ruling, "MediationTerminated").await;
    assert_eq!(reason(bench.act(&complainant(), accept(id, &proposal, 1, 1)).await), "WRONG_STATE");
}

#[tokio::test]
async fn an_option_that_is_not_there_and_a_party_that_is_not_asked_are_told_so() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    assert_eq!(reason(bench.act(&complainant(), accept(id, &proposal, 1, 3)).await), "UNKNOWN");
    assert_eq!(reason(bench.act(&complainant(), accept(id, &proposal, 1, 0)).await), "REQUIRED");
    let anchor = caller("tenant-a", "a-1", &[Role::Respondent]);
    assert_eq!(reason(bench.act(&anchor, accept(id, &proposal, 1, 1)).await), "PERMISSION_DENIED");
    let stranger = caller("tenant-a", "m-2", &[Role::Respondent]);
    assert_eq!(reason(bench.act(&stranger, accept(id, &proposal, 1, 1)).await), "NOT_FOUND");
    let for_another = wire::RespondToOfferRequest {
        party: Some(wire::CaseParty {
            role: redress_proto::types::v1::AwaitedParty::Complainant.into(),
            ..Default::default()
        }),
        ..accept(id, &proposal, 1, 1)
    };
    assert_eq!(reason(bench.act(&merchant(), for_another).await), "PERMISSION_DENIED");
}

#[tokio::test]
async fn a_handling_report_with_a_part_missing_is_refused_and_names_it() {
    let bench = Bench::new().await;
    let id = bench.to_result(1).await;
    let mut told = crate::steps::report(id);
    if let Some(parts) = &mut told.parts {
        parts.improvement = "  ".into();
        parts.contact = String::new();
    }
    let refused = bench.act(&handler("h-1"), told).await.unwrap_err();
    assert_eq!(refused.reason, "REPORT_PART_MISSING");
    assert!(refused.metadata.contains(&("missing", "improvement,contact".to_owned())));
    bench.act(&handler("h-1"), crate::steps::report(id)).await.unwrap();
    assert_eq!(reason(bench.act(&handler("h-1"), crate::steps::report(id)).await), "REPORT_EXISTS");
}

#[tokio::test]
async fn a_recommended_measure_has_a_term_where_its_kind_has_one() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    let told = |measure: wire::SanctionMeasure, term_days| wire::RecommendSanctionRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        subject: Some(party(wire::LiableParty::Anchor, "a-1")),
        measure: measure.into(),
        term_days,
        rules: vec!["refund.quality@1".into()],
        basis: "多次虚假宣传。".into(),
        ..Default::default()
    };
    let suspend = wire::SanctionMeasure::SuspendLive;
    assert_eq!(reason(bench.act(&handler("h-1"), told(suspend, 7)).await), "LIABILITY_MISSING");
    bench.act(&handler("h-1"), liability(id)).await.unwrap();
    assert_eq!(reason(bench.act(&handler("h-1"), told(suspend, 0)).await), "OUT_OF_RANGE");
    assert_eq!(
        reason(bench.act(&handler("h-1"), told(wire::SanctionMeasure::Warning, 7)).await),
        "OUT_OF_RANGE"
    );
    let seen = bench.act(&handler("h-1"), told(suspend, 7)).await.unwrap();
    assert_eq!(seen.sanctions[0].basis, "多次虚假宣传。");
    assert!(bench.get(&merchant(), id).await.sanctions.is_empty());
}

#[tokio::test]
async fn a_plan_is_not_reviewed_before_it_is_known_who_found_its_facts() {
    let bench = Bench::new().await;
    let id = bench.register(1, crate::bench::submission()).await;
    bench.accepted(id, Severity::General).await;
    bench.advance(id, State::Accepted, State::Investigating, "InvestigationOpened").await;
    bench.advance(id, State::Investigating, State::PlanReview, "InvestigationConcluded").await;
    bench.act(&handler("h-1"), liability(id)).await.unwrap();
    let drafted = bench.act(&handler("h-1"), draft(id, vec![option(vec![refund(100)])])).await.unwrap();
    let proposal = &drafted.proposals[0].proposal_id;
    assert_eq!(reason(bench.act(&supervisor("i-1"), review(id, proposal, 1)).await), "INVESTIGATORS_UNKNOWN");
    let concluded = redress_proto::investigation::v1::InvestigationConcluded {
        investigation_id: uuid::Uuid::from_u128(5).to_string(),
        ..Default::default()
    };
    bench.investigation(id, "i-1", &concluded).await;
    assert_eq!(reason(bench.act(&supervisor("i-1"), review(id, proposal, 1)).await), "REVIEWER_INVESTIGATED");
    bench.act(&supervisor("s-1"), review(id, proposal, 1)).await.unwrap();
}
