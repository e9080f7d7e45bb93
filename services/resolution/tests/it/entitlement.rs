//! `CalculateEntitlement`, as it is called.

use redress_domain::{Problem, Role};
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::Money;
use redress_resolution::app::entitlement::calculate;

use crate::bench::{Bench, caller, reason};

fn money(currency: &str, amount_minor: i64) -> Money {
    Money { currency: currency.into(), amount_minor }
}

fn asked(bench: &Bench, facts: wire::EntitlementFacts) -> Result<wire::Entitlement, Problem> {
    let request = wire::CalculateEntitlementRequest {
        kind: wire::EntitlementKind::Food10x.into(),
        facts: Some(facts),
        at: None,
    };
    let who = caller("tenant-a", "person-1", &[Role::Complainant]);
    let found = calculate(&bench.commands.desk, &who, request);
    found.map(|found| found.entitlement.unwrap()).map_err(redress_resolution::Error::into_problem)
}

#[tokio::test]
async fn what_the_law_gives_is_told_with_every_step_and_orders_nothing() {
    let bench = Bench::new().await;
    let facts = wire::EntitlementFacts {
        price: Some(money("CNY", 5_000)),
        seller_at_fault: true,
        ..Default::default()
    };
    let found = asked(&bench, facts.clone()).unwrap();
    assert!(found.entitled);
    assert_eq!(found.amount, Some(money("CNY", 100_000)), "ten times is 500.00, the minimum 1,000.00");
    assert_eq!(found.parameters, "cn.food-compensation@1");
    assert_eq!(found.trace[0].explanation, "10 × 50.00 CNY = 500.00 CNY");
    assert_eq!(found.reasons, ["minimum_applied", "compensation_for_food"]);
    assert_eq!(bench.count("SELECT count(*) FROM remedy").await, 0);
    for (price, expected) in [
        (Some(money("USD", 1)), "WRONG_CURRENCY"),
        (Some(money("CNY", -1)), "NEGATIVE"),
        (Some(money("CNY", i64::MAX)), "OUT_OF_RANGE"),
        (Some(money("元", 1)), "MALFORMED"),
        (None, "REQUIRED"),
    ] {
        let told = wire::EntitlementFacts { price, ..facts.clone() };
        assert_eq!(reason(asked(&bench, told)), expected);
    }
}
