//! What is stuck is given up or settled by hand: its executor is asked before, nothing is paid twice in silence, and every
//! amount stays somewhere.

use jiff::SignedDuration;
use redress_domain::{ComplaintId, Principal, Problem};
use redress_proto::resolution::v1 as wire;
use redress_proto::resolution::v1::RemedyState;
use redress_resolution::app::remedy::audit::Audit;

use crate::bench::{handler, reason, supervisor};
use crate::money_executor::Mood;
use crate::money_steps::Till;
use crate::steps::{call, party, refund};

/// A case whose refund of 80.00 nobody knows the outcome of: it was asked for, and its executor went away.
async fn unknown(till: &Till, mood: Mood) -> (ComplaintId, String) {
    let id = till.bench.to_executing(1).await;
    till.payments.will([mood]);
    till.round().await;
    till.payments.is_down(true);
    for _ in 0..5 {
        till.round().await;
    }
    assert_eq!(till.states(id).await, [(RemedyState::Parked, "outcome_unknown".into())]);
    let remedy = till.remedies(id).await[0].remedy_id.clone();
    (id, remedy)
}

fn giving_up(id: ComplaintId, remedy: &str) -> wire::GiveUpRemedyRequest {
    wire::GiveUpRemedyRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        remedy_id: remedy.into(),
        reason: "account_closed".into(),
        replacement: Some(wire::RemedyTerms {
            r#type: wire::RemedyType::CompensationAgreed.into(),
            ..refund(8_000)
        }),
        accept_unknown: true,
        ..Default::default()
    }
}

async fn give_up(
    till: &Till,
    who: &Principal,
    message: wire::GiveUpRemedyRequest,
) -> Result<wire::Resolution, Problem> {
    let done = redress_resolution::app::remedy::give_up(&till.bench.commands, who, message).await;
    done.map_err(redress_resolution::Error::into_problem)
}

fn proof(id: ComplaintId, remedy: &wire::Remedy, reference: &str) -> wire::ConfirmRemedyRequest {
    wire::ConfirmRemedyRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        remedy_id: remedy.remedy_id.clone(),
        proof: Some(wire::RemedyProof {
            reference: reference.into(),
            executed_at: remedy.ordered_at,
            amount: refund(8_000).amount,
            sha256: String::new(),
        }),
        ..Default::default()
    }
}

const WATCHES: &str = "SELECT count(*) FROM remedy_work WHERE errand = 'watch'";
const MISMATCHES: &str = "SELECT count(*) FROM money_mismatch";

#[tokio::test]
async fn what_nobody_knows_the_outcome_of_is_given_up_for_another_and_both_are_accounted_for() {
    let till = Till::new().await;
    let (id, remedy) = unknown(&till, Mood::Vanishes).await;
    let unaccepted = wire::GiveUpRemedyRequest { accept_unknown: false, ..giving_up(id, &remedy) };
    assert_eq!(reason(give_up(&till, &supervisor("s-1"), unaccepted).await), "OUTCOME_UNKNOWN");
    let message = giving_up(id, &remedy);
    give_up(&till, &supervisor("s-1"), message.clone()).await.unwrap();
    give_up(&till, &supervisor("s-1"), message).await.unwrap();
    let given_up: wire::RemedyCancelled = till.bench.last(id).await;
    let all = till.remedies(id).await;
    assert_eq!(all.len(), 2, "the same call again orders nothing more");
    assert_eq!((given_up.reason.as_str(), given_up.outcome_unknown), ("account_closed", true));
    assert_eq!(given_up.replaced_by, all[1].remedy_id);
    let line = till.ledger(id).await.lines[0].clone();
    assert_eq!((line.ordered_minor, line.cancelled_minor, line.pending_minor), (16_000, 8_000, 8_000));
    till.adds_up().await;
    let who = "SELECT count(*) FROM remedy_report WHERE what = 'given_up' AND told_by = 's-1' AND reference = 'account_closed'";
    assert_eq!(till.bench.count(who).await, 1);

    till.payments.is_down(false);
    for _ in 0..8 {
        till.round().await;
    }
    assert_eq!(till.payments.moved(), [8_000], "only what took its place was paid");
    assert!(till.bench.last::<wire::RemedyExecuted>(id).await.all);
    assert_eq!(till.bench.count(WATCHES).await, 0, "nothing more is to be expected of it");
    till.adds_up().await;
}

#[tokio::test]
async fn a_payment_after_it_was_given_up_is_a_stated_mismatch_until_it_is_taken_back() {
    let till = Till::new().await;
    let (id, remedy) = unknown(&till, Mood::Vanishes).await;
    give_up(&till, &supervisor("s-1"), giving_up(id, &remedy)).await.unwrap();
    till.payments.is_down(false);
    till.payments.pays_late(&remedy, 8_000);
    till.round().await;
    let late: wire::RemedyPaidLate = till.bench.last(id).await;
    assert_eq!((late.remedy_id.as_str(), late.amount.unwrap().amount_minor), (remedy.as_str(), 8_000));
    let line = till.ledger(id).await.lines[0].clone();
    assert_eq!((line.late_minor, line.executed_minor), (8_000, 8_000));
    assert_eq!(till.bench.count(MISMATCHES).await, 1);
    assert_eq!(Audit::new(till.bench.commands.desk.clone()).count().await.unwrap(), 1, "it calls somebody");
    for _ in 0..3 {
        till.round().await;
    }
    let told = till.bench.published(id).await.into_iter().filter(|name| name == "RemedyPaidLate").count();
    assert_eq!(told, 1, "it is told once");
    till.payments.takes_back(&remedy);
    till.bench.pass(SignedDuration::from_hours(1));
    till.round().await;
    assert_eq!(till.payments.moved(), [8_000, 8_000, -8_000]);
    assert_eq!(till.ledger(id).await.lines[0].late_minor, 0);
    assert_eq!(till.bench.count(WATCHES).await, 0);
    till.adds_up().await;
}

#[tokio::test]
async fn the_executor_is_asked_before_and_what_it_has_paid_is_not_given_up() {
    let till = Till::new().await;
    let (id, remedy) = unknown(&till, Mood::AnswerLost).await;
    till.payments.is_down(false);
    till.payments.calls();
    assert_eq!(reason(give_up(&till, &supervisor("s-1"), giving_up(id, &remedy)).await), "REMEDY_PAID");
    assert_eq!(till.payments.calls(), ["Query"]);
    till.round().await;
    assert_eq!(till.states(id).await, [(RemedyState::Confirmed, String::new())]);
    assert_eq!(reason(give_up(&till, &supervisor("s-1"), giving_up(id, &remedy)).await), "NOT_STUCK");
    assert_eq!(till.payments.moved(), [8_000]);
    till.adds_up().await;
}

#[tokio::test]
async fn a_wrong_payment_is_given_up_only_after_it_was_taken_back() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.payments.will([Mood::Pays(7_999)]);
    till.round().await;
    let remedy = till.remedies(id).await[0].remedy_id.clone();
    assert_eq!(reason(give_up(&till, &supervisor("s-1"), giving_up(id, &remedy)).await), "REMEDY_PAID");
    till.payments.takes_back(&remedy);
    give_up(&till, &supervisor("s-1"), giving_up(id, &remedy)).await.unwrap();
    till.round().await;
    assert_eq!(till.payments.moved(), [7_999, -7_999, 8_000]);
    assert_eq!(till.bench.count(WATCHES).await, 0);
    till.adds_up().await;
}

#[tokio::test]
async fn a_remedy_is_given_up_by_another_supervisor_for_the_same_money_and_nothing_less() {
    let till = Till::new().await;
    let (id, remedy) = unknown(&till, Mood::Vanishes).await;
    let asked = give_up(&till, &handler("h-1"), giving_up(id, &remedy)).await.unwrap_err();
    assert_eq!(asked.kind, redress_domain::ErrorKind::PermissionDenied);
    let other = |replacement| wire::GiveUpRemedyRequest { replacement, ..giving_up(id, &remedy) };
    for (replacement, refused) in [
        (None, "REPLACEMENT_MISSING"),
        (Some(refund(7_999)), "REPLACEMENT_DIFFERS"),
        (
            Some(wire::RemedyTerms { payee: Some(party(wire::LiableParty::Platform, "")), ..refund(8_000) }),
            "REPLACEMENT_DIFFERS",
        ),
    ] {
        assert_eq!(reason(give_up(&till, &supervisor("s-1"), other(replacement)).await), refused);
    }
    sqlx::query("UPDATE remedy_work SET lease = gen_random_uuid(), due_at = $1")
        .bind(jiff_sqlx::ToSqlx::to_sqlx(till.bench.now() + SignedDuration::from_secs(5)))
        .execute(till.bench.db.pool())
        .await
        .unwrap();
    assert_eq!(reason(give_up(&till, &supervisor("s-1"), giving_up(id, &remedy)).await), "REMEDY_IN_HAND");
    till.bench.pass(SignedDuration::from_secs(5));
    give_up(&till, &supervisor("s-1"), giving_up(id, &remedy)).await.unwrap();
    let own = till.remedies(id).await[1].remedy_id.clone();
    till.round().await;
    crate::clocks::runs_out(&till.bench, id, "C19", Some(&own)).await;
    assert_eq!(reason(give_up(&till, &supervisor("s-1"), giving_up(id, &own)).await), "GIVER_UP_ORDERED");
    till.adds_up().await;
}

#[tokio::test]
async fn what_an_appeal_has_taken_back_is_given_up_without_another() {
    let till = Till::new().await;
    let (id, remedy) = unknown(&till, Mood::Vanishes).await;
    crate::remedies::vary(&till.bench, id, &[]).await;
    let alone = wire::GiveUpRemedyRequest { replacement: None, ..giving_up(id, &remedy) };
    give_up(&till, &supervisor("s-1"), alone).await.unwrap();
    assert_eq!(till.states(id).await, [(RemedyState::Cancelled, "account_closed".into())]);
    assert_eq!(till.bench.count("SELECT count(*) FROM remedy_work WHERE errand = 'announce'").await, 1);
    till.adds_up().await;
}

#[tokio::test]
async fn what_is_settled_by_hand_while_its_executor_is_away_is_asked_about_when_it_is_back() {
    for (late, mismatches) in [("", 0), ("another", 1), ("same", 0)] {
        let till = Till::new().await;
        let (id, remedy) = unknown(&till, Mood::Vanishes).await;
        let seen = till.remedies(id).await[0].clone();
        let reference = if late == "same" { format!("pay-{remedy}") } else { "bank-7".to_owned() };
        till.bench.act(&handler("h-1"), proof(id, &seen, &reference)).await.unwrap();
        till.adds_up().await;
        till.payments.is_down(false);
        if !late.is_empty() {
            till.payments.pays_late(&remedy, 8_000);
        }
        for _ in 0..4 {
            till.round().await;
        }
        assert_eq!(till.bench.count(MISMATCHES).await, mismatches, "{late}");
        assert_eq!(till.states(id).await, [(RemedyState::Confirmed, String::new())]);
        assert!(!till.payments.calls().is_empty());
    }
}
