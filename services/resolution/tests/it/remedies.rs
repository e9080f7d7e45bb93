//! Ordering and carrying out, with a real executor at the other end.

use redress_domain::ComplaintId;
use redress_proto::intake::v1 as intake;
use redress_proto::resolution::v1 as wire;
use redress_proto::resolution::v1::RemedyState;
use redress_proto::types::v1::{ComplaintState as State, Money};
use redress_resolution::app::out::Out;
use redress_resolution::app::remedy::{Order, Undoing, order_all, undo_all};
use redress_resolution::app::wire::read_terms;
use redress_resolution::domain::terms::RemedyTerms;
use uuid::Uuid;

use crate::bench::{Bench, complainant, handler, merchant, reason};
use crate::money_steps::Till;
use crate::steps::{accept, call, refund};

#[tokio::test]
async fn what_was_agreed_is_paid_once_and_the_lifecycle_hears_of_it() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    assert_eq!(till.round().await, 1);
    assert_eq!(till.payments.moved(), [8_000]);
    assert_eq!(till.states(id).await, [(RemedyState::Confirmed, String::new())]);
    let executed: wire::RemedyExecuted = till.bench.last(id).await;
    assert!(executed.all);
    let proof = executed.proof.unwrap();
    assert_eq!((proof.amount.unwrap().amount_minor, proof.reference.starts_with("pay-")), (8_000, true));
    till.adds_up().await;
}

#[tokio::test]
async fn a_limit_is_announced_where_the_terms_name_one_and_left_to_the_clock_where_they_do_not() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    let ordered: wire::RemedyOrdered = till.bench.last(id).await;
    assert_eq!(ordered.due_at, None, "sla counts the working or calendar days of the type (C19)");
    for (kind, days, told) in [
        (wire::RemedyType::Coupon, 0, None),
        (wire::RemedyType::Exchange, 0, None),
        (wire::RemedyType::PartialRefund, 3, Some(3 * 24 * 3_600)),
    ] {
        let amount = (kind != wire::RemedyType::Exchange).then(|| refund(100).amount).flatten();
        let terms = wire::RemedyTerms { r#type: kind.into(), due_days: days, amount, ..refund(100) };
        till.bench.act(&handler("h-1"), further(id, terms)).await.unwrap();
        let ordered: wire::RemedyOrdered = till.bench.last(id).await;
        let seen = till.remedies(id).await.pop().unwrap();
        assert_eq!((ordered.r#type(), ordered.due_at), (kind, seen.due_at));
        let from = seen.ordered_at.unwrap().seconds;
        assert_eq!(ordered.due_at.map(|due| due.seconds - from), told, "{kind:?}");
    }
}

#[tokio::test]
async fn nothing_is_ordered_or_paid_before_the_lifecycle_has_moved() {
    let till = Till::new().await;
    let (id, proposal) = till.bench.to_mediating(1).await;
    till.bench.act(&complainant(), accept(id, &proposal, 1, 2)).await.unwrap();
    till.bench.act(&merchant(), accept(id, &proposal, 1, 2)).await.unwrap();
    assert_eq!(till.round().await, 0);
    assert!(till.payments.calls().is_empty());
    assert!(till.remedies(id).await.is_empty());
    till.bench.advance(id, State::Mediating, State::Executing, "SettlementReached").await;
    assert_eq!(till.round().await, 1);
    assert_eq!(till.payments.moved(), [8_000]);
}

#[tokio::test]
async fn what_waits_while_an_appeal_runs_is_paid_after_it_and_dropped_if_the_case_ends() {
    let till = Till::new().await;
    let [waiting, over] = [till.bench.to_executing(1).await, till.bench.to_executing(2).await];
    till.bench.advance(waiting, State::Executing, State::UnderAppeal, "AppealFiled").await;
    till.bench.advance(over, State::Executing, State::Withdrawn, "ComplaintWithdrawn").await;
    for _ in 0..3 {
        till.round().await;
    }
    assert!(till.payments.calls().is_empty());
    assert_eq!(till.states(waiting).await, [(RemedyState::Ordered, String::new())]);
    assert_eq!(till.states(over).await, [(RemedyState::Cancelled, "not_needed".into())]);
    till.bench.advance(waiting, State::UnderAppeal, State::Executing, "AppealDecided").await;
    till.round().await;
    assert_eq!(till.payments.moved(), [8_000]);
    till.adds_up().await;
}

#[tokio::test]
async fn what_is_owed_in_a_merged_case_is_paid_once_it_stands_alone_again() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.bench.lifecycle(id, &intake::ComplaintMerged::default()).await;
    for _ in 0..3 {
        till.round().await;
    }
    assert!(till.payments.calls().is_empty());
    assert_eq!(till.states(id).await, [(RemedyState::Ordered, String::new())], "still owed");
    let apart = intake::ComplaintUnmerged { to: State::Executing.into(), ..Default::default() };
    till.bench.lifecycle(id, &apart).await;
    till.round().await;
    assert_eq!(till.payments.moved(), [8_000]);
    till.adds_up().await;
}

#[tokio::test]
async fn what_is_cancelled_or_taken_back_is_told_so_that_others_can_add_up_too() {
    let till = Till::new().await;
    let [dropped, reversed] = [till.bench.to_executing(1).await, till.bench.to_executing(2).await];
    till.bench.advance(dropped, State::Executing, State::Withdrawn, "ComplaintWithdrawn").await;
    till.round().await;
    let told: wire::RemedyCancelled = till.bench.last(dropped).await;
    assert_eq!((told.amount.unwrap().amount_minor, told.reason.as_str()), (8_000, "not_needed"));
    vary(&till.bench, reversed, &[]).await;
    till.round().await;
    let told: wire::RemedyReversed = till.bench.last(reversed).await;
    assert_eq!(told.amount.unwrap().amount_minor, 8_000);
    assert!(told.reference.starts_with("pay-"));
    till.adds_up().await;
}

#[tokio::test]
async fn money_that_does_not_add_up_is_counted() {
    let till = Till::new().await;
    till.bench.to_executing(1).await;
    till.round().await;
    let audit = redress_resolution::app::remedy::audit::Audit::new(till.bench.commands.desk.clone());
    assert_eq!(audit.count().await.unwrap(), 0);
    sqlx::query("UPDATE remedy SET state = 'failed'").execute(till.bench.db.pool()).await.unwrap();
    assert_eq!(audit.count().await.unwrap(), 1);
}

#[tokio::test]
async fn what_was_settled_while_an_appeal_ran_is_said_when_it_is_over() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.payments.will([crate::money_executor::Mood::AnswerLost]);
    till.round().await;
    till.bench.advance(id, State::Executing, State::UnderAppeal, "AppealFiled").await;
    till.round().await;
    let executed: wire::RemedyExecuted = till.bench.last(id).await;
    assert!(!executed.all, "the lifecycle could not take it now");
    till.bench.advance(id, State::UnderAppeal, State::Executing, "AppealDecided").await;
    till.round().await;
    let executed: wire::RemedyExecuted = till.bench.last(id).await;
    assert!(executed.all);
    till.bench.advance(id, State::Executing, State::ResultNotified, "RemedyExecuted").await;
    for _ in 0..20 {
        till.round().await;
    }
    assert_eq!(till.bench.count("SELECT count(*) FROM remedy_work").await, 0);
    till.adds_up().await;
}

#[tokio::test]
async fn workers_beside_each_other_pay_everything_once() {
    let till = Till::new().await;
    for n in 1..=6 {
        till.bench.to_executing(n).await;
    }
    let passes = (0..6).map(|_| till.dispatch.pass());
    for done in futures::future::join_all(passes).await {
        done.unwrap();
    }
    assert_eq!(till.payments.moved(), [8_000; 6]);
    till.adds_up().await;
}

fn terms(told: &wire::RemedyTerms) -> RemedyTerms {
    read_terms(&mut redress_domain::Violations::default(), "terms", told).unwrap()
}

/// What an appeal does that varies the decision: undone, and ordered anew.
pub(crate) async fn vary(bench: &Bench, id: ComplaintId, told: &[wire::RemedyTerms]) {
    let terms: Vec<_> = told.iter().map(terms).collect();
    let tenant = "tenant-a".parse().unwrap();
    let order = Order {
        tenant: &tenant,
        complaint: id,
        order_no: "O-1",
        source_id: Uuid::from_u128(77),
        ordered_by: "a-1",
        now: bench.now(),
    };
    let mut tx = bench.db.pool().begin().await.unwrap();
    let mut out = Out::default();
    undo_all(&mut tx, &order, Undoing::Appeal, &mut out).await.unwrap();
    order_all(&mut tx, &order, &terms, &mut out).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_varied_decision_takes_back_what_was_paid_and_leaves_alone_what_stays() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.round().await;
    vary(&till.bench, id, &[refund(8_000), refund(1_000)]).await;
    till.round().await;
    assert_eq!(till.payments.moved(), [8_000, 1_000], "what stays is not taken back to be paid again");
    vary_again(&till, id).await;
    till.adds_up().await;
}

async fn vary_again(till: &Till, id: ComplaintId) {
    let tenant = "tenant-a".parse().unwrap();
    let order = Order {
        tenant: &tenant,
        complaint: id,
        order_no: "O-1",
        source_id: Uuid::from_u128(78),
        ordered_by: "a-1",
        now: till.bench.now(),
    };
    let mut tx = till.bench.db.pool().begin().await.unwrap();
    undo_all(&mut tx, &order, Undoing::Appeal, &mut Out::default()).await.unwrap();
    tx.commit().await.unwrap();
    till.round().await;
    assert_eq!(till.payments.moved().iter().sum::<i64>(), 0);
    assert_eq!(till.states(id).await, vec![(RemedyState::Reversed, String::new()); 2]);
    let line = till.ledger(id).await.lines[0].clone();
    assert_eq!((line.ordered_minor, line.executed_minor, line.reversed_minor), (9_000, 9_000, 9_000));
}

#[tokio::test]
async fn what_is_under_way_when_it_is_taken_back_is_taken_back_once_it_is_done() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.payments.will([crate::money_executor::Mood::AnswerLost]);
    till.round().await;
    vary(&till.bench, id, &[]).await;
    till.round().await;
    till.round().await;
    assert_eq!(till.payments.moved(), [8_000, -8_000]);
    assert_eq!(till.states(id).await[0].0, RemedyState::Reversed);
    till.adds_up().await;
}

fn further(id: ComplaintId, terms: wire::RemedyTerms) -> wire::OrderRemedyRequest {
    wire::OrderRemedyRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        terms: Some(terms),
        reason: "goodwill".into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_further_remedy_is_ordered_within_authority_law_and_time() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    let bench = &till.bench;
    let much = wire::RemedyTerms { r#type: wire::RemedyType::CompensationAgreed.into(), ..refund(600_000) };
    assert_eq!(reason(bench.act(&handler("h-1"), further(id, much)).await), "AMOUNT_OVER_AUTHORITY");
    // L28 under another name: all that was paid, in parts that calls order one by one.
    bench.act(&handler("h-1"), further(id, refund(900))).await.unwrap();
    assert_eq!(
        reason(bench.act(&handler("h-1"), further(id, refund(19_000))).await),
        "REFUND_WITHOUT_RETURN_NEEDS_BASIS"
    );
    assert_eq!(reason(bench.act(&complainant(), further(id, refund(1))).await), "PERMISSION_DENIED");
    let foreign =
        wire::RemedyTerms { amount: Some(Money { currency: "USD".into(), amount_minor: 1 }), ..refund(1) };
    assert_eq!(reason(bench.act(&handler("h-1"), further(id, foreign)).await), "WRONG_CURRENCY");
    for (minor, expected) in [(-1, "NEGATIVE"), (0, "OUT_OF_RANGE"), (i64::MAX, "OUT_OF_RANGE")] {
        assert_eq!(reason(bench.act(&handler("h-1"), further(id, refund(minor))).await), expected, "{minor}");
    }
    let forced = wire::RemedyTerms { r#type: wire::RemedyType::RefundOnly.into(), ..refund(1) };
    let reasons = "REFUND_WITHOUT_RETURN_NEEDS_BASIS";
    assert_eq!(reason(bench.act(&handler("h-1"), further(id, forced.clone())).await), reasons);
    let by_rule = wire::RemedyTerms {
        charge_basis: wire::ChargeBasis::Rule.into(),
        charge_rule: "refund.quality@2".into(),
        ..forced
    };
    assert_eq!(reason(bench.act(&handler("h-1"), further(id, by_rule.clone())).await), "RULE_NOT_IN_FORCE");
    let in_force = wire::RemedyTerms { charge_rule: "refund.quality@1".into(), ..by_rule };
    bench.act(&handler("h-1"), further(id, in_force)).await.unwrap();
    let stale = wire::OrderRemedyRequest { expected_version: 1, ..further(id, refund(1)) };
    assert_eq!(reason(bench.act(&handler("h-1"), stale).await), "VERSION_MISMATCH");
    till.round().await;
    assert_eq!(till.payments.moved().len(), 3);
    let late = bench.act(&handler("h-1"), further(id, refund(1))).await;
    assert_eq!(reason(late), "REMEDIES_SETTLED", "the case is on its way to its result");
    till.adds_up().await;
}

#[tokio::test]
async fn a_deed_is_confirmed_by_a_person_with_proof_and_once() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    let deed =
        wire::RemedyTerms { r#type: wire::RemedyType::ApologyWritten.into(), amount: None, ..refund(1) };
    till.bench.act(&handler("h-1"), further(id, deed)).await.unwrap();
    till.round().await;
    assert!(!till.bench.last::<wire::RemedyExecuted>(id).await.all);
    let remedies = till.remedies(id).await;
    let confirmation = |remedy: &wire::Remedy, reference: &str| wire::ConfirmRemedyRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        remedy_id: remedy.remedy_id.clone(),
        proof: Some(wire::RemedyProof {
            reference: reference.into(),
            executed_at: remedy.ordered_at,
            ..Default::default()
        }),
        ..Default::default()
    };
    let act = async |message| till.bench.act(&handler("h-1"), message).await;
    assert_eq!(reason(act(confirmation(&remedies[0], "letter-1")).await), "NOT_CONFIRMABLE");
    assert_eq!(reason(act(confirmation(&remedies[1], "信")).await), "MALFORMED");
    let mut with_money = confirmation(&remedies[1], "letter-1");
    with_money.proof.as_mut().unwrap().amount = refund(1).amount;
    assert_eq!(reason(act(with_money).await), "PROOF_DOES_NOT_FIT");
    let once = confirmation(&remedies[1], "letter-1");
    for _ in 0..2 {
        let after = act(once.clone()).await.unwrap();
        assert_eq!(after.remedies[1].state(), RemedyState::Confirmed);
    }
    assert!(till.bench.last::<wire::RemedyExecuted>(id).await.all);
    assert_eq!(reason(act(confirmation(&remedies[1], "letter-2")).await), "NOT_CONFIRMABLE");
    let reused = wire::ConfirmRemedyRequest { remedy_id: remedies[0].remedy_id.clone(), ..once };
    assert_eq!(reason(act(reused).await), "IDEMPOTENCY_KEY_REUSED");
    till.adds_up().await;
}
