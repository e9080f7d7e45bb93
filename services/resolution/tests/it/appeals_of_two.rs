//! Appeals in major cases: what four eyes ruled is not taken back by two.

use redress_domain::ComplaintId;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::{ComplaintState as State, Severity};

use crate::appeals::{appeal, decide, heard};
use crate::bench::{Bench, anchor, complainant, handler, merchant, reason, supervisor};
use crate::rulings::confirm;
use crate::steps::{call, refund, ruling};

fn second(id: ComplaintId, appeal_id: &str, confirm: bool) -> wire::ConfirmAppealDecisionRequest {
    wire::ConfirmAppealDecisionRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        appeal_id: appeal_id.into(),
        confirm,
        ..Default::default()
    }
}

/// Ruled by s-2 and s-3, and appealed against by the merchant.
async fn under_appeal(bench: &Bench) -> (ComplaintId, String) {
    let id = bench.to_ruling(1, Severity::Major).await;
    let seen = bench.act(&supervisor("s-2"), ruling(id, vec![refund(9_000)])).await.unwrap();
    let ruling_id = seen.rulings[0].ruling_id.clone();
    bench.act(&supervisor("s-3"), confirm(id, &ruling_id, true)).await.unwrap();
    bench.advance(id, State::Ruling, State::Executing, "RulingIssued").await;
    let seen = bench.act(&merchant(), appeal(id, &["金额过高"])).await.unwrap();
    bench.advance(id, State::Executing, State::UnderAppeal, "AppealFiled").await;
    let appeal_id = seen.appeals[0].appeal_id.clone();
    heard(bench, id, &appeal_id, &[complainant(), anchor()]).await;
    (id, appeal_id)
}

fn less(id: ComplaintId, appeal_id: &str) -> wire::DecideAppealRequest {
    let decision = decide(id, appeal_id, wire::AppealOutcome::Vary, 1);
    wire::DecideAppealRequest { terms: vec![refund(3_000)], ..decision }
}

#[tokio::test]
async fn an_appeal_in_a_major_case_is_decided_by_two_outside_the_line() {
    let bench = Bench::new().await;
    let (id, appeal_id) = under_appeal(&bench).await;
    let early = bench.act(&supervisor("s-8"), second(id, &appeal_id, true)).await;
    assert_eq!(reason(early), "NOT_AWAITING_SECOND");
    let seen = bench.act(&supervisor("s-9"), less(id, &appeal_id)).await.unwrap();
    assert_eq!(seen.appeals[0].state(), wire::AppealState::AwaitingSecond);
    assert_eq!(seen.appeals[0].grounds[0].answer, "已核实。", "whoever confirms reads it");
    assert!(!bench.published(id).await.contains(&"AppealDecided".to_owned()), "nothing is decided yet");
    let seen = bench.get(&merchant(), id).await.appeals.remove(0);
    assert_eq!(
        (seen.state(), seen.outcome()),
        (wire::AppealState::UnderReview, wire::AppealOutcome::Unspecified)
    );
    assert!(seen.terms.is_empty() && seen.grounds[0].answer.is_empty(), "a draft is not shown to parties");
    let more = bench.act(&complainant(), appeal(id, &["x"])).await;
    assert_eq!(reason(more), "WRONG_STATE");

    let confirmed = async |who| bench.act(&who, second(id, &appeal_id, true)).await;
    assert_eq!(reason(confirmed(supervisor("s-9")).await), "SECOND_IS_DECIDER");
    for involved in ["s-1", "s-2", "s-3", "i-1"] {
        assert_eq!(reason(confirmed(supervisor(involved)).await), "REVIEWER_IN_LINE", "{involved}");
    }
    assert_eq!(reason(confirmed(handler("h-8")).await), "AMOUNT_OVER_AUTHORITY");

    bench.act(&supervisor("s-8"), second(id, &appeal_id, false)).await.unwrap();
    let seen = bench.get(&supervisor("s-8"), id).await.appeals.remove(0);
    assert_eq!(
        (seen.state(), seen.reviewer.as_str()),
        (wire::AppealState::UnderReview, ""),
        "it was discarded"
    );

    bench.act(&supervisor("s-9"), less(id, &appeal_id)).await.unwrap();
    let seen = bench.act(&supervisor("s-8"), second(id, &appeal_id, true)).await.unwrap();
    assert_eq!(seen.appeals[0].state(), wire::AppealState::Decided);
    let told: wire::AppealDecided = bench.last(id).await;
    assert_eq!((told.seconded_by.as_str(), told.next()), ("s-8", wire::AppealNext::Execute));
    assert_eq!(told.terms, [refund(3_000)]);
    assert_eq!(
        told.sealed.unwrap().fields.len(),
        1,
        "the answers of this decision, and not of the discarded one"
    );
    let actor: Option<String> = sqlx::query_scalar(
        "SELECT pair ->> 1 FROM outbox, json_array_elements(headers) AS pair
         WHERE headers::text LIKE '%AppealDecided%' AND pair ->> 0 = 'ce_actor'",
    )
    .fetch_one(bench.db.pool())
    .await
    .unwrap();
    assert_eq!(actor.as_deref(), Some("s-9"), "the decision is its decider's");

    bench.advance(id, State::UnderAppeal, State::Executing, "AppealDecided").await;
    let seen = bench.get(&merchant(), id).await;
    assert_eq!(seen.rulings[0].state(), wire::DecisionState::Replaced);
    assert_eq!(seen.appeals[0].terms, [refund(3_000)]);
    // Whoever confirmed is in the line from now on.
    let again = bench.act(&merchant(), appeal(id, &["仍过高"])).await.unwrap().appeals.remove(0).appeal_id;
    bench.advance(id, State::Executing, State::UnderAppeal, "AppealFiled").await;
    assert_eq!(reason(bench.act(&supervisor("s-8"), less(id, &again)).await), "REVIEWER_IN_LINE");
}

#[tokio::test]
async fn a_decision_that_waits_for_its_second_person_is_void_with_its_case() {
    let bench = Bench::new().await;
    let (id, appeal_id) = under_appeal(&bench).await;
    bench.act(&supervisor("s-9"), less(id, &appeal_id)).await.unwrap();
    bench.advance(id, State::UnderAppeal, State::Withdrawn, "").await;
    let seen = bench.get(&supervisor("s-8"), id).await.appeals.remove(0);
    assert_eq!((seen.state(), seen.void_reason.as_str()), (wire::AppealState::Void, "withdrawn"));
    let late = bench.act(&supervisor("s-8"), second(id, &appeal_id, true)).await;
    assert_eq!(reason(late), "NOT_AWAITING_SECOND");
}
