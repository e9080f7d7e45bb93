//! What time alone makes due: not early, once, and never against what was done in time.

use std::time::Duration;

use jiff::SignedDuration;
use redress_testkit::wait_until;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::bench::{Bench, TENANT, in_seconds};
use crate::course::Case;
use redress_sla::app::fire::Look;
use redress_sla::topics::{INVESTIGATION, LIFECYCLE};

const SOON: Duration = Duration::from_mins(2);

fn request(n: u128) -> Uuid {
    Uuid::from_u128(0xEE00 + n)
}

/// Asked for evidence that was due a minute ago.
fn overdue(n: u128) -> Case {
    Case::new(n).asked(in_seconds(-3_600), request(n), in_seconds(-60))
}

#[tokio::test]
async fn a_breach_is_declared_once_all_that_could_have_stopped_it_is_heard_and_not_before() {
    let bench = Bench::new().await;
    let case = overdue(1);
    let due = bench_due(&bench, &case).await;
    let firing = bench.firing();
    assert_eq!(firing.look().await.unwrap(), Look::default(), "nothing is known of what was read");
    bench.heard_through(due - SignedDuration::from_millis(1)).await;
    assert_eq!(firing.look().await.unwrap(), Look::default(), "a stop could still come");
    bench.heard_through(due).await;
    assert_eq!(firing.look().await.unwrap().breached, 1);
    assert_eq!(bench.published_of("C11").await[1..], [format!("ClockBreached due {due} at {due}")]);
    assert_eq!(bench.clock_of("C11").await.1, "breached");
    assert_eq!(firing.look().await.unwrap(), Look::default(), "it is declared once");
}

async fn bench_due(bench: &Bench, case: &Case) -> jiff::Timestamp {
    case.heard(bench).await;
    bench.clock_of("C11").await.2.unwrap()
}

#[tokio::test]
async fn a_stop_in_time_that_is_read_late_is_met_and_no_breach_is_ever_told() {
    let bench = Bench::new().await;
    let case = overdue(1);
    let due = bench_due(&bench, &case).await;
    bench.heard_through(due - SignedDuration::from_secs(1)).await;
    let firing = bench.firing();
    firing.look().await.unwrap();
    let case = case.submitted(due - SignedDuration::from_millis(1), request(1));
    bench.hear(&case.investigation.events[1..]).await;
    bench.heard_through(in_seconds(0)).await;
    assert_eq!(firing.look().await.unwrap(), Look::default());
    let told = bench.published_of("C11").await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].starts_with("ClockMet") && !told[1].ends_with("after breach"), "{told:?}");
}

#[tokio::test]
async fn what_is_done_after_a_breach_is_met_after_breach() {
    let bench = Bench::new().await;
    let case = overdue(1);
    let due = bench_due(&bench, &case).await;
    bench.heard_through(in_seconds(0)).await;
    bench.firing().look().await.unwrap();
    let case = case.submitted(due + SignedDuration::from_secs(5), request(1));
    bench.hear(&case.investigation.events[1..]).await;
    let told = bench.published_of("C11").await;
    assert!(told.last().unwrap().ends_with("after breach"), "{told:?}");
    assert_eq!(bench.clock_of("C11").await.1, "met");
}

#[tokio::test]
async fn a_share_is_warned_of_at_its_instant_and_waits_for_nobody() {
    let bench = Bench::new().await;
    // An hour to acknowledge, of which 50 minutes are over: 80 % were 48.
    let case = Case::new(1).registered(in_seconds(-3_000));
    case.heard(&bench).await;
    let look = bench.firing().look().await.unwrap();
    assert!(look.warned >= 1 && look.breached == 0, "{look:?}");
    let told = bench.published_of("C05").await;
    let due = bench.clock_of("C05").await.2.unwrap();
    let passed = due - SignedDuration::from_mins(12);
    assert_eq!(told[1..], [format!("ClockWarned 80 at {passed}")]);
    assert_eq!(bench.firing().look().await.unwrap().warned, 0, "once");
}

#[tokio::test]
async fn several_workers_at_once_fire_each_clock_once() {
    let bench = Bench::new().await;
    let cases: Vec<Case> = (0..250).map(overdue).collect();
    let asked: Vec<_> = cases.iter().flat_map(|case| &case.investigation.events).collect();
    bench.hear(asked).await;
    bench.heard_through(in_seconds(0)).await;
    let stop = CancellationToken::new();
    let workers: Vec<_> = (0..4).map(|_| tokio::spawn(bench.firing().run(stop.clone()))).collect();
    let left = "SELECT count(*) FROM clock WHERE breach_at IS NOT NULL";
    wait_until("all are fired", SOON, async || {
        let left: i64 = sqlx::query_scalar(left).fetch_one(bench.db.pool()).await.unwrap();
        (left == 0).then_some(())
    })
    .await;
    stop.cancel();
    for worker in workers {
        worker.await.unwrap().unwrap();
    }
    let breached = bench.published_of("C11").await;
    let breached = breached.iter().filter(|line| line.starts_with("ClockBreached")).count();
    assert_eq!(breached, cases.len());
}

#[tokio::test]
async fn a_worker_that_dies_between_claim_and_effect_leaves_nothing_and_another_fires_once() {
    let bench = Bench::new().await;
    let due = bench_due(&bench, &overdue(1)).await;
    bench.heard_through(due).await;
    // The dying worker: it has claimed, and is killed at its very next statement.
    let mut dying = bench.db.pool().begin().await.unwrap();
    let claimed =
        redress_sla::store::due::claim(&mut dying, redress_sla::store::due::What::Breach, Some(due), 10)
            .await
            .unwrap();
    assert_eq!(claimed.len(), 1);
    let firing = bench.firing();
    assert_eq!(firing.look().await.unwrap().breached, 0, "another has it");
    let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *dying).await.unwrap();
    sqlx::query("SELECT pg_terminate_backend($1)").bind(pid).execute(bench.db.pool()).await.unwrap();
    assert!(sqlx::query("SELECT 1").execute(&mut *dying).await.is_err());
    wait_until("the claim is free", SOON, async || {
        (firing.look().await.unwrap().breached == 1).then_some(())
    })
    .await;
    assert_eq!(bench.published_of("C11").await.len(), 2);
}

#[tokio::test]
async fn an_intake_that_lags_behind_what_the_others_found_delays_a_breach_and_makes_none() {
    let bench = Bench::new().await;
    let registered = in_seconds(-20 * 86_400);
    let case = Case::new(1).registered(registered);
    case.heard(&bench).await;
    let due = bench.clock_of("C06").await.2.unwrap();
    // All that is in the log is read; but of what was found by then intake has not yet taken note of everything.
    bench.heard_through(in_seconds(0)).await;
    bench.writer_has_followed(LIFECYCLE, due - SignedDuration::from_millis(1)).await;
    let firing = bench.firing();
    firing.look().await.unwrap();
    assert!(!bench.published_of("C06").await.iter().any(|line| line.starts_with("ClockBreached")));
    // It moves the case at last, with the time at which that was found.
    let case = case.accepted(due - SignedDuration::from_hours(1));
    bench.hear(&case.lifecycle.events[1..]).await;
    bench.writer_has_followed(LIFECYCLE, in_seconds(0)).await;
    firing.look().await.unwrap();
    let told = bench.published_of("C06").await;
    assert!(told.last().unwrap().starts_with("ClockMet"), "{told:?}");
    assert!(!told.iter().any(|line| line.starts_with("ClockBreached")), "{told:?}");
}

#[tokio::test]
async fn a_parked_record_holds_back_the_clocks_of_its_own_complaint_and_of_no_other() {
    let bench = Bench::new().await;
    let cases: Vec<Case> = (1..=3).map(overdue).collect();
    let asked: Vec<_> = cases.iter().flat_map(|case| &case.investigation.events).collect();
    bench.hear(asked).await;
    let complaints: Vec<Uuid> = cases.iter().map(|case| case.investigation.events[0].meta.subject).collect();
    // The submission that stops the first; and something of a complaint with the second's id in another tenant.
    bench.parked(INVESTIGATION, TENANT, complaints[0]).await;
    bench.parked(INVESTIGATION, "tenant-b", complaints[1]).await;
    bench.heard_through(in_seconds(0)).await;
    let firing = bench.firing();
    assert_eq!(firing.look().await.unwrap().breached, 2);
    assert_eq!(firing.look().await.unwrap(), Look::default(), "it is not looked at again and again");
    let waiting: Uuid = sqlx::query_scalar("SELECT complaint_id FROM clock WHERE breach_at IS NOT NULL")
        .fetch_one(bench.db.pool())
        .await
        .unwrap();
    assert_eq!(waiting, complaints[0]);
    sqlx::query("UPDATE parked_event SET status = 'discarded'").execute(bench.db.pool()).await.unwrap();
    assert_eq!(firing.look().await.unwrap().breached, 1);
}

#[tokio::test]
async fn a_complaint_with_something_parked_is_warned_of_and_not_judged_by_the_way() {
    let bench = Bench::new().await;
    let case = overdue(1).registered(in_seconds(-3_000));
    case.heard(&bench).await;
    bench.parked(LIFECYCLE, TENANT, case.lifecycle.events[0].meta.subject).await;
    bench.heard_through(in_seconds(0)).await;
    let look = bench.firing().look().await.unwrap();
    assert!(look.warned >= 1 && look.breached == 0, "{look:?}");
}

#[tokio::test]
async fn a_complaint_that_is_warned_of_is_not_judged_by_the_way_while_a_stop_may_still_come() {
    let bench = Bench::new().await;
    // Of one clock a share has passed, which waits for nobody; another was due a minute ago.
    let case = overdue(1).registered(in_seconds(-3_000));
    let due = bench_due(&bench, &case).await;
    bench.heard_through(due - SignedDuration::from_millis(1)).await;
    let firing = bench.firing();
    let look = firing.look().await.unwrap();
    assert!(look.warned >= 1 && look.breached == 0, "{look:?}");
    // It came in time, and late into the log.
    let case = case.submitted(due, request(1));
    bench.hear(&case.investigation.events[1..]).await;
    bench.heard_through(in_seconds(0)).await;
    assert_eq!(firing.look().await.unwrap().breached, 0);
    let told = bench.published_of("C11").await;
    assert_eq!(told[1..], [format!("ClockMet at {due}")]);
}

#[tokio::test]
async fn nothing_is_fired_early() {
    let bench = Bench::new().await;
    let due = in_seconds(2);
    Case::new(1).asked(in_seconds(-10), request(1), due).heard(&bench).await;
    bench.heard_through(in_seconds(3_600)).await;
    let stop = CancellationToken::new();
    let worker = tokio::spawn(bench.firing().run(stop.clone()));
    wait_until("it is fired", SOON, async || (bench.clock_of("C11").await.1 == "breached").then_some(()))
        .await;
    stop.cancel();
    worker.await.unwrap().unwrap();
    // The database's own clock, when it was recorded.
    let early: bool =
        sqlx::query_scalar("SELECT min(created_at) < $1 FROM outbox WHERE aggregate_version = 2")
            .bind(jiff_sqlx::ToSqlx::to_sqlx(due))
            .fetch_one(bench.db.pool())
            .await
            .unwrap();
    assert!(!early);
}

#[tokio::test]
async fn a_consumer_that_has_a_case_is_not_waited_for_and_its_clock_is_fired_afterwards() {
    let bench = Bench::new().await;
    let due = bench_due(&bench, &overdue(1)).await;
    bench.heard_through(due).await;
    let mut consumer = bench.db.pool().begin().await.unwrap();
    sqlx::query("SELECT 1 FROM case_file FOR UPDATE").execute(&mut *consumer).await.unwrap();
    assert_eq!(bench.firing().look().await.unwrap(), Look::default());
    consumer.rollback().await.unwrap();
    assert_eq!(bench.firing().look().await.unwrap().breached, 1);
}

#[tokio::test]
async fn a_case_that_is_closed_when_a_clock_had_been_missed_has_it_breached_all_the_same() {
    let bench = Bench::new().await;
    let case = overdue(1);
    let due = bench_due(&bench, &case).await;
    let case = case.withdrawn(due + SignedDuration::from_secs(5));
    bench.hear(&case.lifecycle.events).await;
    assert_eq!(bench.clock_of("C11").await.1, "cancelled");
    let firing = bench.firing();
    bench.heard_through(due - SignedDuration::from_millis(1)).await;
    assert_eq!(firing.look().await.unwrap(), Look::default(), "a stop could still come");
    bench.heard_through(due).await;
    assert_eq!(firing.look().await.unwrap().breached, 1);
    let told = bench.published_of("C11").await;
    assert_eq!(
        told[1..],
        ["ClockCancelled withdrawn".to_owned(), format!("ClockBreached due {due} at {due}")]
    );
    assert_eq!(firing.look().await.unwrap(), Look::default());
    let tickets: i64 = sqlx::query_scalar("SELECT count(*) FROM escalation_ticket")
        .fetch_one(bench.db.pool())
        .await
        .unwrap();
    assert_eq!(tickets, 0, "nobody is called for what is over");
}

#[tokio::test]
async fn a_broker_that_does_not_answer_holds_no_warning_up() {
    let bench = Bench::new().await;
    Case::new(1).registered(in_seconds(-3_000)).heard(&bench).await;
    let nowhere = redress_messaging::KafkaConfig::at("127.0.0.1:1", "sla");
    let inputs = redress_sla::app::inputs::Inputs::new(redress_messaging::LogReader::new(&nowhere).unwrap());
    let firing = bench.firing_by(inputs);
    let look = tokio::time::timeout(Duration::from_secs(3), firing.look()).await;
    assert!(look.expect("it waits for the broker").unwrap().warned >= 1);
}
