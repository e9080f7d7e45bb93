//! An executor that is down, slow, silent, wrong or late: asked before any repetition, paid once, and a person looks at
//! what does not fit.

use std::time::Duration;

use redress_domain::ComplaintId;
use redress_proto::resolution::v1 as wire;
use redress_proto::resolution::v1::RemedyState;
use redress_proto::types::v1::Money;
use redress_resolution::app::remedy::executor::Executor;
use redress_testkit::{HeardCalls, make_traces};
use uuid::Uuid;

use crate::bench::{handler, reason, supervisor};
use crate::clocks::runs_out;
use crate::money_executor::Mood;
use crate::money_steps::Till;
use crate::steps::call;

#[tokio::test]
async fn an_answer_that_says_nothing_is_asked_about_and_nothing_is_paid_twice() {
    for mood in [Mood::AnswerLost, Mood::Hangs, Mood::SaysNothing, Mood::TalksOfAnother, Mood::Begins] {
        let till = Till::new().await;
        let id = till.bench.to_executing(1).await;
        till.payments.will([mood.clone()]);
        till.round().await;
        assert_eq!(till.states(id).await, [(RemedyState::Dispatched, String::new())], "{mood:?}");
        till.adds_up().await;
        till.round().await;
        assert_eq!(till.payments.calls(), ["Execute", "Query"], "{mood:?}");
        assert_eq!(till.states(id).await, [(RemedyState::Confirmed, String::new())], "{mood:?}");
        assert_eq!(till.payments.moved(), [8_000], "{mood:?}");
        till.adds_up().await;
    }
}

/// What the checks of this file are worth: with its memory of the first try gone, the worker pays twice, and they see it.
#[tokio::test]
async fn without_the_memory_of_a_try_money_would_move_twice_and_it_would_be_seen() {
    let till = Till::new().await;
    till.bench.to_executing(1).await;
    till.payments.will([Mood::AnswerLost]);
    till.round().await;
    sqlx::query("UPDATE remedy_work SET tries = 0").execute(till.bench.db.pool()).await.unwrap();
    till.round().await;
    assert_eq!(till.payments.moved(), [8_000, 8_000]);
    assert_eq!(till.payments.most_paid(), 2);
}

#[tokio::test]
async fn what_was_not_begun_is_tried_again_and_given_up_after_so_many_failures() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.payments.will([Mood::Vanishes, Mood::Vanishes, Mood::Vanishes]);
    for _ in 0..4 {
        till.round().await;
    }
    assert_eq!(till.payments.calls(), ["Execute", "Query", "Execute", "Query", "Execute", "Query"]);
    assert_eq!(till.states(id).await, [(RemedyState::Failed, "attempts_exhausted".into())]);
    let failed: wire::RemedyFailed = till.bench.last(id).await;
    assert_eq!((failed.reason.as_str(), failed.advance_payment), ("attempts_exhausted", false));
    assert!(till.payments.moved().is_empty());
    till.adds_up().await;
}

#[tokio::test]
async fn while_nobody_answers_nothing_is_taken_for_failed_and_a_person_sees_it() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.payments.will([Mood::AnswerLost]);
    till.round().await;
    till.payments.is_down(true);
    for _ in 0..5 {
        till.round().await;
    }
    let states = till.states(id).await;
    assert_eq!(states, [(RemedyState::Parked, "outcome_unknown".into())]);
    let remedy = till.remedies(id).await[0].remedy_id.clone();
    assert_eq!(
        reason(till.advance_payment(id, &remedy).await),
        "NOT_FAILED",
        "it may have been paid, and it was"
    );
    till.payments.is_down(false);
    till.round().await;
    assert_eq!(till.states(id).await, [(RemedyState::Confirmed, String::new())]);
    assert_eq!(till.payments.moved(), [8_000]);
    till.adds_up().await;
}

/// The proof of a person that a remedy was paid, under a reference.
fn proved(id: ComplaintId, remedy: &wire::Remedy, reference: &str, minor: i64) -> wire::ConfirmRemedyRequest {
    wire::ConfirmRemedyRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        remedy_id: remedy.remedy_id.clone(),
        proof: Some(wire::RemedyProof {
            reference: reference.into(),
            executed_at: remedy.ordered_at,
            amount: Some(Money { currency: "CNY".into(), amount_minor: minor }),
            sha256: String::new(),
        }),
        ..Default::default()
    }
}

const MISMATCHES: &str = "SELECT count(*) FROM money_mismatch";

#[tokio::test]
async fn what_does_not_fit_the_order_is_parked_until_a_person_proves_it_and_stays_a_mismatch() {
    for (mood, why, (currency, beside)) in [
        (Mood::Pays(7_999), "amount_mismatch", ("CNY", 7_999)),
        (Mood::Pays(80_000), "amount_mismatch", ("CNY", 80_000)),
        (Mood::PaysIn("USD"), "currency_mismatch", ("USD", 8_000)),
    ] {
        let till = Till::new().await;
        let id = till.bench.to_executing(1).await;
        till.payments.will([mood]);
        till.round().await;
        till.round().await;
        assert_eq!(till.payments.calls(), ["Execute"], "nothing more is asked for");
        assert_eq!(till.states(id).await, [(RemedyState::Parked, why.into())]);
        assert_eq!(till.ledger(id).await.lines[0].pending_minor, 8_000);
        let kept = "SELECT count(*) FROM remedy_report WHERE what = 'unfit'";
        assert_eq!(till.bench.count(kept).await, 1);
        let remedy = till.remedies(id).await[0].clone();
        let act = async |minor| till.bench.act(&handler("h-1"), proved(id, &remedy, "bank-7", minor)).await;
        assert_eq!(reason(act(7_999).await), "PROOF_DOES_NOT_FIT");
        act(8_000).await.unwrap();
        assert_eq!(till.states(id).await, [(RemedyState::Confirmed, String::new())]);
        // What the executor has moved beside that does not vanish with the proof.
        till.round().await;
        let late: wire::RemedyPaidLate = till.bench.last(id).await;
        assert_eq!(late.amount.unwrap().amount_minor, beside, "{why}");
        let ledger = till.ledger(id).await;
        let line = ledger.lines.iter().find(|line| line.currency == currency).unwrap();
        assert_eq!(line.late_minor, beside);
        assert!(till.bench.count(MISMATCHES).await > 0, "{why}");
        till.payments.takes_back(&remedy.remedy_id);
        till.round().await;
        till.adds_up().await;
    }
}

#[tokio::test]
async fn by_how_much_a_proved_payment_is_too_large_shows_until_it_is_put_right() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.payments.will([Mood::Pays(80_000)]);
    till.round().await;
    let remedy = till.remedies(id).await[0].clone();
    let own = format!("pay-{}", remedy.remedy_id);
    till.bench.act(&handler("h-1"), proved(id, &remedy, &own, 8_000)).await.unwrap();
    till.round().await;
    let line = till.ledger(id).await.lines[0].clone();
    assert_eq!((line.executed_minor, line.late_minor), (8_000, 72_000), "the surplus, and no more");
    assert_eq!(till.bench.count(MISMATCHES).await, 1);
    till.payments.puts_right(&remedy.remedy_id, 8_000);
    till.bench.pass(jiff::SignedDuration::from_hours(1));
    till.round().await;
    assert_eq!(till.ledger(id).await.lines[0].late_minor, 0);
    assert_eq!(till.bench.count("SELECT count(*) FROM remedy_work WHERE errand = 'watch'").await, 0);
    till.adds_up().await;
}

#[tokio::test]
async fn who_ordered_money_does_not_prove_that_it_was_paid() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    let order = wire::OrderRemedyRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        terms: Some(crate::steps::refund(1_000)),
        reason: "goodwill".into(),
        ..Default::default()
    };
    till.bench.act(&handler("h-1"), order).await.unwrap();
    till.payments.will([Mood::PaysIn("USD"), Mood::PaysIn("USD")]);
    till.round().await;
    let remedy = till.remedies(id).await[1].clone();
    assert_eq!(remedy.state(), RemedyState::Parked);
    let proof = || proved(id, &remedy, "bank-7", 1_000);
    assert_eq!(reason(till.bench.act(&handler("h-1"), proof()).await), "CONFIRMER_ORDERED");
    till.bench.act(&handler("h-2"), proof()).await.unwrap();
}

#[tokio::test]
async fn the_platform_pays_first_where_the_merchant_fails_and_claims_it_back() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.payments.will([Mood::Refuses("no_funds")]);
    till.round().await;
    let remedy = till.remedies(id).await[0].remedy_id.clone();
    assert_eq!(till.states(id).await, [(RemedyState::Failed, "no_funds".into())]);
    till.advance_payment(id, &remedy).await.unwrap();
    assert_eq!(reason(till.advance_payment(id, &remedy).await), "NOT_FAILED", "it is under way");
    till.payments.will([Mood::AnswerLost]);
    till.round().await;
    till.round().await;
    assert_eq!(till.payments.moved(), [8_000]);
    assert_eq!(till.states(id).await[0].0, RemedyState::AdvancedByPlatform);
    let (own, first) = (wire::FundingSource::Payer, wire::FundingSource::PlatformAdvance);
    assert_eq!(till.payments.booked(), [(own, true), (first, true)], "a refund changes the sale's invoice");
    let seen = till.remedies(id).await[0].clone();
    assert_eq!((seen.funding_source(), seen.invoice_correction), (first, true));
    assert!(till.bench.last::<wire::RemedyExecuted>(id).await.all);
    let advanced: wire::RemedyAdvanced = till.bench.last(id).await;
    assert_eq!(advanced.amount.unwrap().amount_minor, 8_000);

    let claim = |minor: Option<i64>, request_id: &str| wire::ClaimRecourseRequest {
        request_id: request_id.into(),
        complaint_id: id.to_string(),
        remedy_id: remedy.clone(),
        amount: minor.map(|minor| Money { currency: "CNY".into(), amount_minor: minor }),
        ..Default::default()
    };
    let claimed = async |message| {
        let done =
            redress_resolution::app::remedy::claim(&till.bench.commands, &supervisor("s-1"), message).await;
        done.map_err(redress_resolution::Error::into_problem)
    };
    assert_eq!(reason(claimed(claim(Some(8_001), "c-0")).await), "OUT_OF_RANGE");
    let first = claimed(claim(Some(3_000), "c-1")).await.unwrap();
    assert_eq!(claimed(claim(Some(3_000), "c-1")).await.unwrap(), first, "the same call is the same claim");
    assert_eq!(first.debtor.unwrap().reference, "m-1");
    assert_eq!(claimed(claim(None, "c-2")).await.unwrap().amount.unwrap().amount_minor, 5_000);
    assert_eq!(reason(claimed(claim(None, "c-3")).await), "RECOURSE_EXHAUSTED");
    let line = till.ledger(id).await.lines[0].clone();
    assert_eq!((line.ordered_minor, line.advanced_minor, line.recourse_minor), (8_000, 8_000, 8_000));
    assert_eq!((line.executed_minor, line.failed_minor, line.pending_minor), (0, 0, 0));
    till.adds_up().await;

    let settle = |reference: &str, reason: &str| wire::SettleRecourseRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        recourse_id: first.recourse_id.clone(),
        reference: reference.into(),
        reason: reason.into(),
        ..Default::default()
    };
    let settled = async |who: &str, message| {
        let done =
            redress_resolution::app::remedy::settle(&till.bench.commands, &supervisor(who), message).await;
        done.map_err(redress_resolution::Error::into_problem)
    };
    assert_eq!(reason(settled("s-2", settle("", "")).await), "REQUIRED");
    assert_eq!(reason(settled("s-1", settle("bank-1", "")).await), "SETTLER_IS_CLAIMANT");
    assert_eq!(settled("s-2", settle("bank-1", "")).await.unwrap().state, "settled");
    assert_eq!(reason(settled("s-2", settle("", "no_hope")).await), "RECOURSE_SETTLED");
    let told: wire::RecourseSettled = till.bench.last(id).await;
    assert_eq!((told.paid, told.amount.unwrap().amount_minor), (true, 3_000));
    assert_eq!(till.ledger(id).await.lines[0].recovered_minor, 3_000);
    till.adds_up().await;
}

#[tokio::test]
async fn nobody_owes_the_platform_what_it_has_taken_back() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.payments.will([Mood::Refuses("no_funds")]);
    till.round().await;
    let remedy = till.remedies(id).await[0].remedy_id.clone();
    till.advance_payment(id, &remedy).await.unwrap();
    till.round().await;
    let claim = wire::ClaimRecourseRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        remedy_id: remedy,
        ..Default::default()
    };
    redress_resolution::app::remedy::claim(&till.bench.commands, &supervisor("s-1"), claim).await.unwrap();
    crate::remedies::vary(&till.bench, id, &[]).await;
    till.round().await;
    assert_eq!(till.states(id).await[0].0, RemedyState::Reversed);
    assert_eq!(till.ledger(id).await.recourse[0].state, "given_up");
    let told: wire::RecourseSettled = till.bench.last(id).await;
    assert_eq!((told.paid, told.reason.as_str()), (false, "remedy_reversed"));
    assert_eq!(till.ledger(id).await.lines[0].recourse_minor, 0);
    till.adds_up().await;
}

#[tokio::test]
async fn money_that_failed_and_is_overdue_becomes_a_matter_of_ruling() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.payments.will([Mood::Refuses("no_funds")]);
    till.round().await;
    let told: wire::RemedyFailed = till.bench.last(id).await;
    assert!(!told.advance_payment, "it is not overdue yet");
    let remedy = till.remedies(id).await[0].remedy_id.clone();
    runs_out(&till.bench, id, "C19", Some(&remedy)).await;
    let told: wire::RemedyFailed = till.bench.last(id).await;
    assert!(told.advance_payment);
    assert_eq!(told.reason, "no_funds");
    assert!(till.remedies(id).await[0].overdue);
    till.adds_up().await;
}

#[tokio::test]
async fn what_is_overdue_is_tried_again_at_once_and_not_taken_for_failed() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.payments.will([Mood::Vanishes]);
    till.dispatch.pass().await.unwrap();
    assert_eq!(till.dispatch.pass().await.unwrap(), 0, "it waits");
    let remedy = till.remedies(id).await[0].remedy_id.clone();
    runs_out(&till.bench, id, "C19", Some(&remedy)).await;
    assert!(!till.bench.published(id).await.contains(&"RemedyFailed".to_owned()));
    assert_eq!(till.dispatch.pass().await.unwrap(), 1);
    assert_eq!(till.payments.moved(), [8_000]);
    assert!(till.remedies(id).await[0].overdue);
    till.adds_up().await;
}

#[tokio::test]
async fn before_the_platform_pays_the_payer_is_asked_about_once_more() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.payments.will([Mood::Refuses("no_funds")]);
    till.round().await;
    let remedy = till.remedies(id).await[0].remedy_id.clone();
    till.payments.pays_late(&remedy, 8_000);
    till.advance_payment(id, &remedy).await.unwrap();
    till.round().await;
    assert_eq!(till.payments.moved(), [8_000], "the platform keeps its money");
    assert_eq!(till.states(id).await, [(RemedyState::Confirmed, String::new())]);
    assert_eq!(till.ledger(id).await.lines[0].executed_minor, 8_000);
    till.adds_up().await;
}

#[tokio::test]
async fn a_payer_whom_nobody_can_name_is_a_matter_of_ruling() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.payments.will([Mood::Refuses("payer_unknown")]);
    till.round().await;
    let failed: wire::RemedyFailed = till.bench.last(id).await;
    assert!(failed.advance_payment);
    till.adds_up().await;
}

#[tokio::test]
async fn what_was_ordered_and_what_was_proved_cannot_be_changed() {
    let till = Till::new().await;
    till.bench.to_executing(1).await;
    till.round().await;
    for change in [
        "UPDATE remedy SET amount_minor = 1",
        "UPDATE remedy SET terms = '{}'",
        "DELETE FROM remedy",
        "UPDATE remedy_report SET amount_minor = 1",
        "DELETE FROM remedy_report",
        "UPDATE rule_version SET text = ''",
    ] {
        assert!(sqlx::query(change).execute(till.bench.db.pool()).await.is_err(), "{change}");
    }
    // What the check of sums is worth: it sees a state that no proof covers.
    sqlx::query("UPDATE remedy SET state = 'failed'").execute(till.bench.db.pool()).await.unwrap();
    assert_eq!(till.bench.count("SELECT count(*) FROM money_mismatch").await, 1);
}

#[tokio::test]
async fn the_executor_is_asked_within_a_trace() {
    make_traces();
    let server = HeardCalls::start().await.unwrap();
    let patience = Duration::from_secs(20);
    let executor = Executor::new(server.url.parse().unwrap(), patience);
    let case = ("tenant-a".parse().unwrap(), ComplaintId::from_uuid(Uuid::from_u128(1)));
    executor.query(&case, Uuid::from_u128(2)).await;
    let headers = server.headers_of("/Query", patience).await;
    assert!(headers.contains_key("traceparent"), "{headers:?}");
}
