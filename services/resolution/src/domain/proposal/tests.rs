use proptest::prelude::*;

use super::*;
use crate::domain::terms::tests::refund;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn proposal(options: &[i64]) -> Proposal {
    let revision = Revision {
        number: 1,
        options: options.iter().map(|amount| vec![refund(*amount)]).collect(),
        author: "a".into(),
        offered_by: None,
        drafted_at: at(0),
        within_bounds: true,
        reviewer: "r".into(),
        sent_at: None,
        due_at: None,
    };
    let mut proposal = Proposal {
        id: Uuid::from_u128(1),
        kind: ProposalKind::Mediation,
        state: ProposalState::Approved,
        revisions: vec![revision],
        required: vec![Side::complainant(), Side::respondent("m-1")],
        acceptances: vec![],
        mediation_refused: false,
        returned_reason: String::new(),
        incident: None,
    };
    proposal.open(at(0), at(100));
    proposal
}

#[test]
fn it_is_settled_once_all_have_accepted_the_same_option() {
    let mut one = proposal(&[100, 200]);
    assert_eq!(one.accept(&Side::complainant(), 2, "b"), Ok(Accepted::Waiting));
    assert_eq!(one.accept(&Side::complainant(), 2, "b"), Ok(Accepted::Again));
    assert_eq!(one.accept(&Side::respondent("m-1"), 1, "a"), Err(Refusal::OtherOptionAccepted));
    assert_eq!(one.accept(&Side::respondent("m-1"), 2, "c"), Err(Refusal::ConsentToOther));
    assert_eq!(one.accept(&Side::respondent("m-1"), 2, "b"), Ok(Accepted::Settled));
    assert_eq!(one.state, ProposalState::Accepted);
}

#[test]
fn an_answer_at_the_due_instant_is_in_time_and_one_after_it_is_not() {
    let one = proposal(&[100]);
    assert!(one.answerable(1, at(100)).is_ok());
    assert_eq!(one.answerable(1, at(101)), Err(Refusal::OfferExpired));
    assert_eq!(one.answerable(2, at(1)), Err(Refusal::RevisionSuperseded));
    assert_eq!(one.answerable(0, at(1)), Err(Refusal::RevisionSuperseded));
}

#[test]
fn a_revision_that_asks_for_more_than_money_leaves_the_bounds_too() {
    use crate::domain::terms::RemedyType;
    let with = |kind, units| RemedyTerms { kind, amount: None, units, ..refund(1) };
    let mut one = proposal(&[100]);
    assert!(!one.within_bounds(&[vec![refund(100), with(RemedyType::Points, 1)]]));
    assert!(!one.within_bounds(&[vec![refund(100), with(RemedyType::ApologyPublic, 0)]]));
    one.revisions[0].options[0].extend([with(RemedyType::Points, 50), with(RemedyType::Explanation, 0)]);
    assert!(one.within_bounds(&[vec![with(RemedyType::Points, 50), with(RemedyType::Explanation, 0)]]));
    assert!(!one.within_bounds(&[vec![with(RemedyType::Points, 51)]]));
    assert!(!one.within_bounds(&[vec![with(RemedyType::Explanation, 0); 2]]));
}

#[test]
fn a_revision_that_charges_anybody_more_leaves_the_bounds() {
    let one = proposal(&[100, 200]);
    assert!(one.within_bounds(&[vec![refund(200)], vec![refund(150)]]));
    assert!(!one.within_bounds(&[vec![refund(201)]]));
    assert!(!one.within_bounds(&[vec![refund(150), refund(51)]]));
    let mut other = refund(1);
    other.payer.reference = "m-2".into();
    assert!(!one.within_bounds(&[vec![other]]));
}

#[test]
fn who_pays_has_to_accept_and_the_platform_is_bound_already() {
    let merchant = |reference: &str| Respondent {
        kind: redress_domain::PartyKind::Merchant,
        reference: reference.into(),
    };
    let sides = required(&[vec![refund(1)]], &[merchant("m-1"), merchant("m-2")], &[]);
    assert_eq!(sides, [Side::complainant(), Side::respondent("m-1")]);
    let mut free = refund(1);
    free.payer.party = LiableParty::Platform;
    assert_eq!(required(&[vec![free]], &[merchant("m-1")], &[]), [Side::complainant()]);
    assert!(payers_are_parties(&[vec![refund(1)]], &[merchant("m-1")]));
    assert!(!payers_are_parties(&[vec![refund(1)]], &[merchant("m-2")]));
}

proptest! {
    /// Whatever the parties do in whatever order, a settlement has the acceptance of everybody who had to, all of
    /// one option.
    #[test]
    fn a_settlement_is_what_everybody_accepted(acts in prop::collection::vec((0_usize..3, 0_u32..4), 0..40)) {
        let mut one = proposal(&[1, 2, 3]);
        one.required.push(Side::respondent("m-2"));
        let sides = one.required.clone();
        for (who, option) in acts {
            if one.state != ProposalState::Open { break; }
            if option == 0 {
                one.withdraw_acceptance(&sides[who]);
            } else {
                let _refused = one.accept(&sides[who], option, "");
            }
            let options: std::collections::BTreeSet<_> =
                one.acceptances.iter().map(|given| given.option).collect();
            prop_assert!(options.len() <= 1);
            let all = sides.iter().all(|side| one.acceptances.iter().any(|given| given.side == *side));
            prop_assert_eq!(all, one.state == ProposalState::Accepted);
        }
    }
}
