use proptest::prelude::*;
use redress_domain::Money;

use super::*;

#[expect(clippy::unnecessary_wraps, reason = "as facts and terms hold it")]
fn cny(minor: i64) -> Option<Money> {
    Some(Money::new("CNY", minor).unwrap())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn facts() -> Facts {
    Facts {
        price: None,
        loss: None,
        freight: None,
        reference_price: None,
        signed_at: None,
        demanded_at: None,
        returned_at: None,
        answered_at: None,
        goods_class: GoodsClass::Ordinary,
        exclusion_confirmed: false,
        goods_intact: true,
        label_flaw_only: false,
        bought_to_claim: false,
        impairment_bp: 0,
        freight_agreed_by_seller: false,
        seller_at_fault: true,
    }
}

fn of(kind: EntitlementKind, facts: &Facts) -> Result<Entitlement, Problem> {
    calculate(kind, facts, Shipped::cn().unwrap(), at("2026-03-20T12:00:00+08:00"))
}

fn minor(kind: EntitlementKind, facts: &Facts) -> Option<i64> {
    of(kind, facts).unwrap().amount.map(|amount| amount.amount_minor)
}

#[test]
fn fraud_costs_three_times_the_price_and_at_least_five_hundred() {
    // Article 55: 3 × 199.00; 3 × 20.00 is below 500; 3 × 166.67 is 500.01.
    for (price, expected) in
        [(19_900, 59_700), (2_000, 50_000), (16_667, 50_001), (16_666, 50_000), (0, 50_000)]
    {
        assert_eq!(
            minor(EntitlementKind::Fraud3x, &Facts { price: cny(price), ..facts() }),
            Some(expected),
            "{price}"
        );
    }
}

#[test]
fn food_costs_ten_times_the_price_or_three_times_the_loss_and_at_least_a_thousand() {
    // Article 148.
    let cases = [
        (15_000, None, 150_000),
        (500, None, 100_000),
        (15_000, cny(80_000), 240_000),
        (15_000, cny(40_000), 150_000),
    ];
    for (price, loss, expected) in cases {
        let told = Facts { price: cny(price), loss, ..facts() };
        assert_eq!(minor(EntitlementKind::Food10x, &told), Some(expected), "{price} {loss:?}");
    }
}

#[test]
fn what_excludes_compensation_is_told_and_leaves_no_amount() {
    let price = cny(19_900);
    let reasons = |kind, told: Facts| {
        let found = of(kind, &Facts { price, ..told }).unwrap();
        (found.entitled, found.amount.is_some(), found.reasons)
    };
    let (entitled, paid, why) = reasons(EntitlementKind::Fraud3x, Facts { label_flaw_only: true, ..facts() });
    assert!(!entitled && !paid && why.contains(&"label_flaw_only"), "{why:?}");
    let (entitled, _, why) = reasons(EntitlementKind::Fraud3x, Facts { bought_to_claim: true, ..facts() });
    assert!(!entitled && why.contains(&"bought_to_claim"), "{why:?}");
    let (entitled, _, why) = reasons(EntitlementKind::Food10x, Facts { label_flaw_only: true, ..facts() });
    assert!(!entitled && why.contains(&"label_flaw_only"), "{why:?}");
    let (entitled, paid, why) = reasons(EntitlementKind::Food10x, Facts { bought_to_claim: true, ..facts() });
    assert!(entitled && paid && why.contains(&"ordinary_consumption_only"), "food is the exception: {why:?}");
    let (entitled, _, why) = reasons(EntitlementKind::Fraud3x, Facts { seller_at_fault: false, ..facts() });
    assert!(!entitled && why.contains(&"no_fault_of_seller"), "{why:?}");
}

#[test]
fn seven_days_begin_the_day_after_signing_and_end_at_midnight() {
    let asked = |demanded: &str| {
        let told = Facts {
            price: cny(10_000),
            // 23:59 on 1 March in China is still 1 March in UTC too; 00:30 is not.
            signed_at: Some(at("2026-03-02T00:30:00+08:00")),
            demanded_at: Some(at(demanded)),
            ..facts()
        };
        of(EntitlementKind::NoReasonReturn, &told).unwrap()
    };
    let last = asked("2026-03-09T23:59:59+08:00");
    assert!(last.entitled, "{last:?}");
    assert_eq!((last.amount, last.until), (cny(10_000), Some(at("2026-03-10T00:00:00+08:00"))));
    let late = asked("2026-03-10T00:00:01+08:00");
    assert!(!late.entitled && late.reasons.contains(&"window_over"), "{late:?}");
}

#[test]
fn goods_are_excluded_by_their_class_or_by_what_was_confirmed_at_purchase() {
    let of_class = |goods_class, exclusion_confirmed, goods_intact| {
        let signed_at = Some(at("2026-03-18T10:00:00+08:00"));
        let told =
            Facts { price: cny(1), signed_at, goods_class, exclusion_confirmed, goods_intact, ..facts() };
        of(EntitlementKind::NoReasonReturn, &told).unwrap().entitled
    };
    for class in
        [GoodsClass::CustomMade, GoodsClass::Perishable, GoodsClass::OpenedDigital, GoodsClass::Newspaper]
    {
        assert!(!of_class(class, false, true), "{class}");
    }
    for class in [GoodsClass::ChangesOnOpening, GoodsClass::DevaluedOnUse, GoodsClass::ToldDefects] {
        assert!(of_class(class, false, true), "{class} without confirmation");
        assert!(!of_class(class, true, true), "{class} confirmed");
    }
    assert!(of_class(GoodsClass::Ordinary, true, true), "a confirmation cannot exclude ordinary goods");
    assert!(!of_class(GoodsClass::Ordinary, false, false));
}

#[test]
fn for_want_of_quality_the_seller_pays_price_and_freight_within_seven_days_and_repairs_later() {
    let told = |signed: &str| Facts {
        price: cny(10_000),
        freight: cny(1_200),
        signed_at: Some(at(signed)),
        ..facts()
    };
    let early = of(EntitlementKind::QualityReturn, &told("2026-03-15T09:00:00+08:00")).unwrap();
    assert_eq!((early.amount, early.reasons), (cny(11_200), vec!["return_for_quality"]));
    let late = of(EntitlementKind::QualityReturn, &told("2026-03-12T09:00:00+08:00")).unwrap();
    assert_eq!((late.entitled, late.amount, late.reasons), (true, None, vec!["repair_or_exchange"]));
}

#[test]
fn freight_follows_fault_then_agreement_then_the_consumer() {
    let bearer = |seller_at_fault, freight_agreed_by_seller| {
        let told = Facts { freight: cny(1_500), seller_at_fault, freight_agreed_by_seller, ..facts() };
        minor(EntitlementKind::Freight, &told)
    };
    assert_eq!(bearer(true, false), Some(1_500));
    assert_eq!(bearer(false, true), Some(1_500));
    assert_eq!(bearer(false, false), None);
}

#[test]
fn a_part_of_the_price_is_rounded_to_the_nearest_and_halves_go_to_the_consumer() {
    for (price, part, expected) in
        [(10_000, 2_500, 2_500), (333, 5_000, 167), (1, 5_000, 1), (1, 4_999, 0), (99_999, 10_000, 99_999)]
    {
        let found =
            of(EntitlementKind::PartialRefund, &Facts { price: cny(price), impairment_bp: part, ..facts() });
        let found = found.unwrap();
        let paid = found.amount.map_or(0, |amount| amount.amount_minor);
        assert_eq!((paid, found.entitled), (expected, expected > 0), "{price} {part}");
    }
}

#[test]
fn money_and_answers_have_their_last_day() {
    let returned = |answered: Option<&str>| {
        let told = Facts {
            returned_at: Some(at("2026-03-10T08:00:00+08:00")),
            answered_at: answered.map(at),
            ..facts()
        };
        of(EntitlementKind::RefundLimit, &told).unwrap()
    };
    assert_eq!(returned(None).until, Some(at("2026-03-18T00:00:00+08:00")));
    assert_eq!(returned(None).reasons, ["refund_late"]);
    assert_eq!(returned(Some("2026-03-17T23:00:00+08:00")).reasons, ["refund_due"]);
    let demanded = |text: &str| Facts { demanded_at: Some(at(text)), ..facts() };
    let delayed = of(EntitlementKind::DeliberateDelay, &demanded("2026-03-04T10:00:00+08:00")).unwrap();
    assert!(delayed.entitled, "{delayed:?}");
    assert_eq!(delayed.until, Some(at("2026-03-20T00:00:00+08:00")));
    assert!(!of(EntitlementKind::DeliberateDelay, &demanded("2026-03-05T10:00:00+08:00")).unwrap().entitled);
}

#[test]
fn a_difference_of_price_is_paid_back_only_where_too_much_was_paid() {
    let told = |paid, due| Facts { price: cny(paid), reference_price: cny(due), ..facts() };
    assert_eq!(minor(EntitlementKind::PriceDifference, &told(12_900, 9_900)), Some(3_000));
    assert_eq!(minor(EntitlementKind::PriceDifference, &told(9_900, 9_900)), None);
    assert_eq!(minor(EntitlementKind::PriceDifference, &told(9_900, 12_900)), None);
}

#[test]
fn what_is_absent_foreign_or_too_large_is_named() {
    let problems = |kind, told: &Facts| -> Vec<String> {
        let problem = of(kind, told).unwrap_err();
        problem.violations.iter().map(|v| format!("{} {}", v.field, v.reason)).collect()
    };
    assert_eq!(
        problems(EntitlementKind::NoReasonReturn, &facts()),
        ["facts.price REQUIRED", "facts.signedAt REQUIRED"]
    );
    let usd = Facts { price: Some(Money::new("USD", 1).unwrap()), ..facts() };
    assert_eq!(problems(EntitlementKind::Fraud3x, &usd), ["facts.price.currency WRONG_CURRENCY"]);
    assert!(of(EntitlementKind::PartialRefund, &Facts { impairment_bp: 5_000, ..usd.clone() }).is_ok());
    let mixed = Facts { reference_price: cny(1), ..usd };
    assert_eq!(
        problems(EntitlementKind::PriceDifference, &mixed),
        ["facts.referencePrice.currency WRONG_CURRENCY"]
    );
    let huge = Facts { price: cny(i64::MAX), impairment_bp: 10_001, ..facts() };
    assert_eq!(
        problems(EntitlementKind::Fraud3x, &huge),
        ["facts.price.amountMinor OUT_OF_RANGE", "facts.impairmentBp OUT_OF_RANGE"]
    );
}

#[test]
fn before_its_day_no_rule_gives_anything_and_every_rule_that_does_is_registered() {
    let told = Facts { price: cny(1), ..facts() };
    let early =
        calculate(EntitlementKind::Food10x, &told, Shipped::cn().unwrap(), at("2015-09-30T23:59:59+08:00"));
    assert_eq!(early.unwrap_err().reason, "NO_PARAMETERS_IN_FORCE");
    let registered = crate::domain::rules::shipped();
    for version in Shipped::cn().unwrap().versions() {
        let text = registered.iter().find(|rule| rule.reference() == version.rule);
        let text = text.unwrap_or_else(|| panic!("{} has no text", version.rule));
        assert_eq!(text.effective_at, version.effective_at, "{}", version.rule);
    }
    for &kind in EntitlementKind::ALL {
        assert!(Shipped::cn().unwrap().in_force(kind, at("2026-01-01T00:00:00Z")).is_some(), "{kind}");
    }
}

#[test]
fn every_step_names_its_rule_and_what_went_in() {
    let found = of(EntitlementKind::Fraud3x, &Facts { price: cny(2_000), ..facts() }).unwrap();
    assert!(found.trace.iter().all(|step| step.rule == "cn.fraud-compensation@1"));
    assert_eq!(found.trace[0].explanation, "3 × 20.00 CNY = 60.00 CNY");
    assert_eq!(found.trace[1].explanation, "below the minimum: 500.00 CNY");
    assert_eq!(found.parameters, "cn.fraud-compensation@1");
}

const LARGEST: i64 = crate::domain::terms::LARGEST_AMOUNT;

proptest! {
    #[test]
    fn more_paid_is_never_less_given_and_nothing_falls_below_its_minimum(
        one in 0..=LARGEST, other in 0..=LARGEST, loss in prop::option::of(0..=LARGEST), part in 0_u32..=10_000
    ) {
        let (low, high) = (one.min(other), one.max(other));
        let minimums = [(EntitlementKind::Fraud3x, 50_000), (EntitlementKind::Food10x, 100_000), (EntitlementKind::PartialRefund, 0)];
        for (kind, minimum) in minimums {
            let given = |price| {
                let told = Facts { price: cny(price), loss: loss.and_then(cny), impairment_bp: part, ..facts() };
                minor(kind, &told).unwrap_or(0)
            };
            prop_assert!(given(low) <= given(high), "{} {} {}", kind, low, high);
            prop_assert!(given(low) >= minimum, "{} {}", kind, low);
        }
    }

    #[test]
    fn a_part_is_never_more_than_the_whole(price in 0..=LARGEST, part in 0_u32..=10_000) {
        let told = Facts { price: cny(price), impairment_bp: part, ..facts() };
        prop_assert!((0..=price).contains(&minor(EntitlementKind::PartialRefund, &told).unwrap_or(0)));
    }

    #[test]
    fn whatever_is_asked_an_answer_or_a_named_fault_comes_back(
        kind in prop::sample::select(EntitlementKind::ALL), price in any::<i64>(), part in any::<u32>(), second in any::<i32>()
    ) {
        let when = Timestamp::from_second(second.into()).ok();
        let told = Facts {
            price: Money::new("CNY", price).ok(), freight: cny(1), reference_price: cny(1), impairment_bp: part,
            signed_at: when, demanded_at: when, returned_at: when, ..facts()
        };
        match of(kind, &told) {
            Ok(found) => prop_assert!(found.amount.is_none_or(|amount| amount.amount_minor >= 0)),
            Err(problem) => prop_assert!(!problem.violations.is_empty(), "{:?}", problem),
        }
    }
}
