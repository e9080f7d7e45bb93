//! Appeals: within the window, never refused for their form, decided outside the line, each ground answered.

use jiff::SignedDuration;
use redress_domain::{ComplaintId, Principal};
use redress_proto::convert::to_wire_time;
use redress_proto::notification::v1 as notification;
use redress_proto::notification::v1::NoticeKind;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::{ComplaintState as State, Severity};

use crate::bench::{Bench, anchor, complainant, merchant, reason, supervisor};
use crate::steps::{call, refund, ruling};

pub(crate) fn appeal(id: ComplaintId, grounds: &[&str]) -> wire::FileAppealRequest {
    let ground = |text: &&str| wire::AppealGround { text: (*text).into(), ..Default::default() };
    wire::FileAppealRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        grounds: grounds.iter().map(ground).collect(),
        ..Default::default()
    }
}

pub(crate) fn decide(
    id: ComplaintId,
    appeal_id: &str,
    outcome: wire::AppealOutcome,
    answered: u32,
) -> wire::DecideAppealRequest {
    let answer = |ground| wire::AppealGround { ground, answer: "已核实。".into(), ..Default::default() };
    wire::DecideAppealRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        appeal_id: appeal_id.into(),
        outcome: outcome.into(),
        answers: (1..=answered).map(answer).collect(),
        ..Default::default()
    }
}

/// By the merchant; nobody was heard on it yet.
pub(crate) async fn under_appeal(bench: &Bench, n: u128, grounds: &[&str]) -> (ComplaintId, String) {
    let id = bench.to_result(n).await;
    let seen = bench.act(&merchant(), appeal(id, grounds)).await.unwrap();
    bench.advance(id, State::ResultNotified, State::UnderAppeal, "AppealFiled").await;
    (id, seen.appeals[0].appeal_id.clone())
}

/// With these words; without words: nothing to add.
pub(crate) fn reply(id: ComplaintId, appeal_id: &str, text: &str) -> wire::ReplyToAppealRequest {
    wire::ReplyToAppealRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        appeal_id: appeal_id.into(),
        text: text.into(),
        nothing_to_add: text.is_empty(),
        ..Default::default()
    }
}

/// All of these have nothing to add.
pub(crate) async fn heard(bench: &Bench, id: ComplaintId, appeal_id: &str, others: &[Principal]) {
    for other in others {
        bench.act(other, reply(id, appeal_id, "")).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_in_the_line_of_the_decision_decides_on_the_appeal() {
    let bench = Bench::new().await;
    let (id, appeal_id) = under_appeal(&bench, 1, &["责任认定有误"]).await;
    for involved in ["h-1", "s-1", "i-1", "i-2"] {
        let refused =
            bench.act(&supervisor(involved), decide(id, &appeal_id, wire::AppealOutcome::Uphold, 1)).await;
        assert_eq!(reason(refused), "REVIEWER_IN_LINE", "{involved}");
    }
    heard(&bench, id, &appeal_id, &[complainant(), anchor()]).await;
    let anew = crate::steps::liability(id);
    bench.act(&supervisor("s-9"), anew).await.unwrap();
    let decided = bench.act(&supervisor("s-9"), decide(id, &appeal_id, wire::AppealOutcome::Remit, 1)).await;
    let seen = decided.unwrap();
    assert_eq!(seen.appeals[0].state(), wire::AppealState::Decided);
    let told: wire::AppealDecided = bench.last(id).await;
    assert_eq!(told.next(), wire::AppealNext::Investigate);
    let seen = bench.get(&merchant(), id).await;
    assert_eq!(seen.appeals[0].grounds[0].answer, "已核实。");
    assert_eq!(seen.appeals[0].grounds[0].text, "责任认定有误");
    let other = bench.get(&complainant(), id).await.appeals[0].grounds[0].clone();
    assert_eq!((other.text.as_str(), other.answer.as_str()), ("责任认定有误", "已核实。"));
}

#[tokio::test]
async fn the_other_party_reads_what_is_held_against_the_decision_without_what_identifies_somebody() {
    let bench = Bench::new().await;
    let (id, _) = under_appeal(&bench, 1, &["检测报告有误,请打13800138000或写信到a.b@shop.invalid"]).await;
    let own = bench.get(&merchant(), id).await.appeals[0].grounds[0].clone();
    assert_eq!(own.text, "检测报告有误,请打13800138000或写信到a.b@shop.invalid");
    let other = bench.get(&complainant(), id).await.appeals[0].grounds[0].clone();
    assert!(other.text.starts_with("检测报告有误,请打***********或写信到"), "{}", other.text);
    assert!(!other.text.contains("138") && !other.text.contains('@'), "{}", other.text);
    assert!(other.answer.is_empty(), "nothing is decided yet");
}

#[tokio::test]
async fn each_ground_is_answered_or_the_appeal_is_not_decided() {
    let bench = Bench::new().await;
    let (id, appeal_id) = under_appeal(&bench, 1, &["事实", "金额"]).await;
    heard(&bench, id, &appeal_id, &[complainant(), anchor()]).await;
    let one = decide(id, &appeal_id, wire::AppealOutcome::Remit, 1);
    assert_eq!(reason(bench.act(&supervisor("s-9"), one).await), "GROUND_UNANSWERED");
    let vary = decide(id, &appeal_id, wire::AppealOutcome::Vary, 2);
    assert_eq!(reason(bench.act(&supervisor("s-9"), vary.clone()).await), "OUT_OF_RANGE");
    let vary = wire::DecideAppealRequest { terms: vec![refund(3_000)], ..vary };
    bench.act(&supervisor("s-9"), vary).await.unwrap();
    let told: wire::AppealDecided = bench.last(id).await;
    assert_eq!(told.next(), wire::AppealNext::Execute);
    assert_eq!(told.terms, [refund(3_000)]);
    bench.advance(id, State::UnderAppeal, State::Executing, "AppealDecided").await;
    let seen = bench.get(&complainant(), id).await;
    assert_eq!(seen.settlements[0].state(), wire::DecisionState::Replaced);
}

#[tokio::test]
async fn an_appeal_without_words_is_taken_and_one_after_the_window_is_not() {
    let bench = Bench::new().await;
    // Noon of 25 November in the tenant's zone: the 30th day after it is 25 December, to its end.
    let id = bench.to_result(1).await;
    let until = "2026-12-25T16:00:00Z".parse().unwrap();
    assert_eq!(bench.get(&complainant(), id).await.appeal_until, Some(to_wire_time(until)));
    bench.pass(until.duration_since(bench.now()));
    let seen = bench.act(&complainant(), appeal(id, &[])).await.unwrap();
    assert_eq!(seen.appeals[0].grounds.len(), 1, "at the due instant it is in time (D1)");
    assert_eq!(reason(bench.act(&merchant(), appeal(id, &["x"])).await), "APPEAL_PENDING");

    let late = bench.to_result(2).await;
    let until: jiff::Timestamp = "2027-01-25T16:00:00.000001Z".parse().unwrap();
    bench.pass(until.duration_since(bench.now()));
    assert_eq!(reason(bench.act(&complainant(), appeal(late, &["x"])).await), "APPEAL_WINDOW_OVER");
}

/// A notice that reached a party.
fn reached(kind: NoticeKind, role: &str, external_ref: &str) -> notification::NoticeDelivered {
    notification::NoticeDelivered {
        notice_id: call(),
        kind: kind.into(),
        addressee: Some(notification::Addressee {
            role: role.into(),
            external_ref: external_ref.into(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[tokio::test]
async fn the_time_to_appeal_begins_when_the_decision_reached_the_party_and_the_clock_is_told() {
    let bench = Bench::new().await;
    let id = bench.to_ruling(1, Severity::General).await;
    bench.act(&supervisor("s-2"), ruling(id, vec![refund(3_000)])).await.unwrap();
    let told: wire::RulingIssued = bench.last(id).await;
    let end = |at: &str| Some(to_wire_time(at.parse().unwrap()));
    assert_eq!(told.appeal_until, end("2026-12-25T16:00:00Z"));
    bench.advance(id, State::Ruling, State::Executing, "RulingIssued").await;
    let moved = |names: Vec<String>| names.iter().filter(|name| *name == "AppealWindowMoved").count();
    assert_eq!(moved(bench.published(id).await), 0, "as it was announced");

    bench.pass(SignedDuration::from_hours(48));
    bench.notice(id, &reached(NoticeKind::N13Ruling, "respondent", "m-1")).await;
    let told: wire::AppealWindowMoved = bench.last(id).await;
    assert_eq!(told.appeal_until, end("2026-12-27T16:00:00Z"));
    bench.pass(SignedDuration::from_hours(48));
    bench.notice(id, &reached(NoticeKind::N13Ruling, "respondent", "m-1")).await;
    bench.notice(id, &reached(NoticeKind::N05Respondent, "respondent", "a-1")).await;
    assert_eq!(moved(bench.published(id).await), 1, "the first notice of the decision to a party counts");
    assert_eq!(bench.get(&merchant(), id).await.appeal_until, end("2026-12-27T16:00:00Z"));
    assert_eq!(bench.get(&supervisor("s-1"), id).await.rulings[0].appeal_until, end("2026-12-27T16:00:00Z"));

    // The result is one more decision to object to, and its notice reaches the complainant.
    bench.advance(id, State::Executing, State::ResultNotified, "RemedyExecuted").await;
    bench.notice(id, &reached(NoticeKind::N12Result, "complainant", "")).await;
    let told: wire::AppealWindowMoved = bench.last(id).await;
    assert_eq!(told.appeal_until, end("2026-12-29T16:00:00Z"));
    assert_eq!(bench.get(&complainant(), id).await.appeal_until, told.appeal_until);
}

#[tokio::test]
async fn a_rejection_may_be_an_appeal_and_is_one_event() {
    let bench = Bench::new().await;
    let id = bench.to_result(1).await;
    let reject = wire::RespondToResultRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        reason: "不服".into(),
        appeal: true,
        ..Default::default()
    };
    let seen = bench.act(&complainant(), reject.clone()).await.unwrap();
    let told: wire::ResultRejected = bench.last(id).await;
    assert!(told.appeal && told.appeal_id == seen.appeals[0].appeal_id);
    assert_eq!(told.reply_until, seen.appeals[0].reply_until, "the others can reply to it");
    assert_eq!(told.sealed.unwrap().fields[0].name, format!("appeal.{}", told.appeal_id));
    assert!(!bench.published(id).await.contains(&"AppealFiled".to_owned()));
    bench.advance(id, State::ResultNotified, State::UnderAppeal, "ResultRejected").await;
    assert_eq!(bench.get(&complainant(), id).await.appeals[0].state(), wire::AppealState::UnderReview);
    let again = wire::RespondToResultRequest { request_id: call(), ..reject };
    assert_eq!(reason(bench.act(&complainant(), again).await), "WRONG_STATE");
}

#[tokio::test]
async fn a_person_is_asked_for_in_the_place_of_a_machine() {
    let bench = Bench::new().await;
    let id = bench.to_result(1).await;
    let ask = |text: &str| wire::RequestHumanReviewRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        text: text.into(),
        ..Default::default()
    };
    let seen = bench.act(&complainant(), ask("请人工复核")).await.unwrap();
    assert!(seen.appeals[0].human_required);
    assert_eq!(seen.appeals[0].grounds[0].code, "automated_decision");
    let seen = bench.act(&merchant(), ask("")).await.unwrap();
    assert_eq!(seen.appeals.len(), 1, "a mark on the one that runs");
}
