use super::*;

pub(crate) fn refund(amount: i64) -> RemedyTerms {
    RemedyTerms {
        kind: RemedyType::PartialRefund,
        amount: Some(Money { currency: "CNY".parse().unwrap(), amount_minor: amount }),
        units: 0,
        payer: PartyRef { party: LiableParty::Merchant, reference: "m-1".into() },
        payee: PartyRef { party: LiableParty::Consumer, reference: String::new() },
        due_days: 0,
        charge_basis: None,
        charge_rule: String::new(),
    }
}

fn problems(terms: &RemedyTerms) -> Vec<String> {
    let mut found = Violations::default();
    terms.check("terms", &mut found);
    found.into_vec().into_iter().map(|v| format!("{} {}", v.field, v.reason)).collect()
}

#[test]
fn money_needs_an_amount_that_can_be_added_up_and_a_deed_takes_none() {
    assert!(problems(&refund(1)).is_empty());
    assert_eq!(problems(&refund(0)), ["terms.amount OUT_OF_RANGE"]);
    assert_eq!(problems(&refund(i64::MAX)), ["terms.amount OUT_OF_RANGE"]);
    let deed = RemedyTerms { kind: RemedyType::ApologyWritten, ..refund(1) };
    assert_eq!(problems(&deed), ["terms.amount NOT_ALLOWED"]);
    let points = RemedyTerms { kind: RemedyType::Points, amount: None, ..refund(1) };
    assert_eq!(problems(&points), ["terms.units REQUIRED"]);
    assert!(problems(&RemedyTerms { units: 5, ..points }).is_empty());
}

#[test]
fn nobody_pays_themselves_and_nobody_is_no_payer() {
    let mut terms = refund(1);
    terms.payee = terms.payer.clone();
    assert_eq!(problems(&terms), ["terms.payee SAME_AS_PAYER"]);
    terms.payer.party = LiableParty::NoneFound;
    assert_eq!(problems(&terms), ["terms.payer.party NOT_ALLOWED"]);
}
