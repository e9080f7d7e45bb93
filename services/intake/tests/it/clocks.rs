//! What sla tells: a completion that lapses, or may not, and how high its ladder stands.

use jiff::{SignedDuration, Timestamp};
use prost::Message;
use redress_domain::ComplaintId;
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1::{ComplaintEscalated, FactRefused};
use redress_proto::sla::v1 as sla;
use redress_proto::types::v1::{Admissibility, ComplaintState};

use crate::assessments::{handler, made, plain};
use crate::bench::{Bench, NOON, ask, complainant, officer, supply, withdraw};
use crate::facts::{Word, accepted, tell, word};

/// So many hours after the first request for completion.
fn hour(hours: i64) -> Timestamp {
    NOON.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours)
}

fn clock(definition: &str) -> sla::ClockRef {
    sla::ClockRef { definition: definition.into(), ..Default::default() }
}

/// Half of the time has passed, told at `told`.
fn warned(id: ComplaintId, due: Timestamp, told: Timestamp) -> Word {
    let warned = sla::ClockWarned { clock: Some(clock("C09")), percent: 50, due_at: Some(to_wire_time(due)) };
    word(id, "sla", &warned).at(hour(36)).told(told)
}

fn breached(id: ComplaintId, due: Timestamp) -> Word {
    let breached = sla::ClockBreached {
        clock: Some(clock("C09")),
        due_at: Some(to_wire_time(due)),
        warned: vec![50],
        ..Default::default()
    };
    word(id, "sla", &breached).at(due)
}

/// A complaint whose complainant was asked for something at noon.
async fn lacking(bench: &Bench, key: &str) -> ComplaintId {
    let id = bench.registered(&complainant("c1"), key).await;
    let lacking = redress_proto::classification::v1::Assessment {
        admissibility: Admissibility::NeedsCompletion.into(),
        missing: vec!["order_no".into()],
        ..plain()
    };
    let seen = made(bench, &handler(bench, &[]), id, lacking).await;
    assert_eq!(seen.state(), ComplaintState::AwaitingCompletion);
    id
}

/// Facts that were refused, with the reason.
async fn refused(bench: &Bench) -> Vec<(String, String)> {
    let payloads: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT payload FROM outbox WHERE headers::text LIKE '%FactRefused%' ORDER BY id")
            .fetch_all(bench.db.pool())
            .await
            .unwrap();
    let read = |payload: &Vec<u8>| FactRefused::decode(payload.as_slice()).unwrap();
    payloads.iter().map(read).map(|refused| (refused.fact, refused.reason)).collect()
}

#[tokio::test]
async fn a_completion_that_was_reminded_of_in_time_lapses_when_it_is_due() {
    let bench = Bench::new().await;
    let id = lacking(&bench, "k1").await;
    tell(&bench, warned(id, hour(72), hour(36))).await;
    let seen = tell(&bench, breached(id, hour(72))).await;
    assert_eq!(seen.state(), ComplaintState::NotAccepted);
    assert_eq!(seen.history.last().unwrap().event, "ComplaintLapsed");
    assert_eq!(refused(&bench).await, []);
}

#[tokio::test]
async fn without_a_reminder_or_with_one_that_left_no_time_it_is_refused_on_the_record_and_waits_on() {
    let reminder_not_sent = [("ClockBreached".to_owned(), "REMINDER_NOT_SENT".to_owned())];
    for reminder in [None, Some(hour(73)), Some(hour(72) - SignedDuration::from_secs(3))] {
        let bench = Bench::new().await;
        let id = lacking(&bench, "k1").await;
        if let Some(told) = reminder {
            tell(&bench, warned(id, hour(72), told)).await;
        }
        let seen = tell(&bench, breached(id, hour(72))).await;
        assert_eq!(seen.state(), ComplaintState::AwaitingCompletion, "{reminder:?}");
        assert_eq!(refused(&bench).await, reminder_not_sent, "{reminder:?}");
        let supplied = bench.supply(&complainant("c1"), supply(id, "s1")).await.unwrap();
        assert_eq!(supplied.state(), ComplaintState::Received, "the complainant may still answer");
    }
}

#[tokio::test]
async fn a_clock_of_a_request_that_was_answered_does_not_end_the_next_one() {
    let bench = Bench::new().await;
    let id = lacking(&bench, "k1").await;
    tell(&bench, warned(id, hour(72), hour(36))).await;
    // Its breach is read late: the complainant has answered, and was asked again.
    bench.clock.set(hour(80));
    bench.supply(&complainant("c1"), supply(id, "s1")).await.unwrap();
    let again = bench.decide(&officer(), ask(id, "ask-2")).await.unwrap();
    assert_eq!(again.state(), ComplaintState::AwaitingCompletion);
    let seen = tell(&bench, breached(id, hour(72))).await;
    assert_eq!((seen.state(), seen.state_version), (ComplaintState::AwaitingCompletion, again.state_version));
    assert_eq!(refused(&bench).await, [], "nobody has anything to undo");

    // Of the second request nobody was reminded: the first one's reminder does not count.
    let seen = tell(&bench, breached(id, hour(152))).await;
    assert_eq!(seen.state(), ComplaintState::AwaitingCompletion);
    assert_eq!(refused(&bench).await.len(), 1);
    tell(&bench, warned(id, hour(160), hour(116))).await;
    assert_eq!(tell(&bench, breached(id, hour(160))).await.state(), ComplaintState::NotAccepted);
}

#[tokio::test]
async fn a_clock_that_lost_against_an_answer_or_is_another_says_nothing() {
    let bench = Bench::new().await;
    let answered = bench.registered(&complainant("c1"), "k2").await;
    let seen = tell(&bench, breached(answered, hour(72))).await;
    assert_eq!((seen.state(), seen.state_version), (ComplaintState::Received, 1));
    let other = sla::ClockBreached { clock: Some(clock("C13")), ..Default::default() };
    assert!(!word(answered, "sla", &other).is_read(&bench));
}

fn raised(id: ComplaintId, level: u32, reason: &str) -> Word {
    let raised = sla::EscalationRaised { level, reason: reason.into(), ..Default::default() };
    word(id, "sla", &raised)
}

#[tokio::test]
async fn the_ladder_that_clocks_climb_lifts_the_case_to_its_level_once() {
    let bench = Bench::new().await;
    let id = accepted(&bench, "k1").await;
    let version = bench.view(id).await.state_version;
    let seen = tell(&bench, raised(id, 2, "clock_warned")).await;
    assert_eq!((seen.escalation_level, seen.state_version), (2, version + 1));
    for (level, reason) in [(2, "clock_warned"), (1, "clock_breached")] {
        let seen = tell(&bench, raised(id, level, reason)).await;
        assert_eq!((seen.escalation_level, seen.state_version), (2, version + 1), "{level}");
    }
    let seen = tell(&bench, raised(id, 4, "clock_breached")).await;
    assert_eq!((seen.escalation_level, seen.state_version), (4, version + 2));
    let told: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT payload FROM outbox WHERE headers::text LIKE '%ComplaintEscalated%' ORDER BY id",
    )
    .fetch_all(bench.db.pool())
    .await
    .unwrap();
    let told: Vec<_> = told
        .iter()
        .map(|payload| ComplaintEscalated::decode(payload.as_slice()).unwrap())
        .map(|told| (told.level, told.reason))
        .collect();
    assert_eq!(told, [(2, "clock_warned".to_owned()), (4, "clock_breached".to_owned())]);
}

#[tokio::test]
async fn what_sla_has_from_the_lifecycle_is_not_taken_back_from_it_and_an_ended_case_is_left_alone() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    for reason in ["over_the_head", "cluster", "urgent", "remedy_failed_twice"] {
        assert!(!raised(id, 3, reason).is_read(&bench), "{reason}");
    }
    let ended = bench.withdraw(&complainant("c1"), withdraw(id, "w1")).await.unwrap();
    let seen = tell(&bench, raised(id, 3, "clock_breached")).await;
    assert_eq!((seen.state_version, seen.escalation_level), (ended.state_version, 0));
}
