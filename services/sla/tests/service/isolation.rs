//! One complaint that cannot be handled holds up nobody else, and is tried again.

use redress_sla::app::escalate::Escalation;
use uuid::Uuid;

use crate::bench::{Bench, in_seconds};
use crate::course::{Case, at};

fn overdue(n: u128) -> Case {
    Case::new(n).asked(in_seconds(-3_600), Uuid::from_u128(0xEE00 + n), in_seconds(-60))
}

async fn three(bench: &Bench) -> [Case; 3] {
    let cases = [1, 2, 3].map(overdue);
    for case in &cases {
        case.heard(bench).await;
    }
    bench.heard_through(in_seconds(0)).await;
    cases
}

async fn run(bench: &Bench, sql: &'static str, case: &Case) {
    assert!(sqlx::query(sql).bind(case.id).execute(bench.db.pool()).await.unwrap().rows_affected() > 0);
}

async fn waiting(bench: &Bench) -> Vec<(Uuid, String, String, i32)> {
    sqlx::query_as("SELECT complaint_id, work, why, tries FROM set_aside ORDER BY complaint_id, work")
        .fetch_all(bench.db.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_row_that_does_not_read_is_set_aside_and_the_others_fire() {
    let bench = Bench::new().await;
    let [_, broken, _] = three(&bench).await;
    let spoil =
        "UPDATE clock SET told = told || '{\"state\": \"of a later version\"}' WHERE complaint_id = $1";
    run(&bench, spoil, &broken).await;
    let firing = bench.firing();
    assert_eq!(firing.look().await.unwrap().breached, 2);
    assert_eq!(waiting(&bench).await, [(broken.id, "firing".to_owned(), "database".to_owned(), 1)]);
    assert!(!firing.look().await.unwrap().more, "it is not tried again at once");

    // Its time comes and it still does not read; then it does.
    let later = "UPDATE set_aside SET until = now() WHERE complaint_id = $1";
    run(&bench, later, &broken).await;
    firing.look().await.unwrap();
    assert_eq!(waiting(&bench).await[0].3, 2);
    run(
        &bench,
        "UPDATE clock SET told = told || '{\"state\": \"running\"}' WHERE complaint_id = $1",
        &broken,
    )
    .await;
    run(&bench, later, &broken).await;
    assert_eq!(firing.look().await.unwrap().breached, 1);
    assert_eq!(waiting(&bench).await, []);
}

#[tokio::test]
async fn nobody_waits_closely_for_what_has_long_been_due_and_is_set_aside() {
    let bench = Bench::new().await;
    let next = async || {
        let mut conn = bench.db.pool().acquire().await.unwrap();
        redress_sla::store::due::next_warning_in(&mut conn).await.unwrap()
    };
    let case = Case::new(1).registered(in_seconds(-3_500));
    case.heard(&bench).await;
    run(&bench, "UPDATE clock SET warn_at = NULL WHERE definition <> 'C05' AND complaint_id = $1", &case)
        .await;
    assert_eq!(next().await, None, "it was due minutes ago");
    Case::new(2).registered(in_seconds(60 - 2_880)).heard(&bench).await;
    assert!(next().await.is_some_and(|seconds| (0.0..=60.0).contains(&seconds)));
}

#[tokio::test]
async fn a_ticket_that_does_not_read_is_set_aside_and_the_others_are_called() {
    let bench = Bench::new().await;
    let cases = [1, 2]
        .map(|n| Case::new(n).urgent(in_seconds(-600)).registered_until(in_seconds(-500), in_seconds(-60)));
    for case in &cases {
        case.heard(&bench).await;
    }
    let spoil = "UPDATE escalation_ticket SET call = call || '{\"trigger\": \"of a later version\"}'
                 WHERE complaint_id = $1";
    run(&bench, spoil, &cases[0]).await;
    let escalation = Escalation::new(bench.desk.clone());
    while escalation.look().await.unwrap() > 0 {}
    let raised: Vec<Uuid> =
        sqlx::query_scalar("SELECT DISTINCT complaint_id FROM escalation_ticket WHERE state = 'raised'")
            .fetch_all(bench.db.pool())
            .await
            .unwrap();
    assert_eq!(raised, [cases[1].id]);
    assert_eq!(waiting(&bench).await, [(cases[0].id, "escalation".to_owned(), "unreadable".to_owned(), 1)]);
}

#[tokio::test]
async fn a_case_that_cannot_be_computed_anew_is_set_aside_and_the_others_are() {
    let bench = Bench::new().await;
    let cases = [1, 2, 3].map(|n| Case::new(n).registered(at("2026-03-02T02:00:00Z")));
    for case in &cases {
        case.heard(&bench).await;
    }
    let publish = crate::calendars::with_a_further_day_off(&bench).await;
    let spoil = "UPDATE heard SET fields = '{\"x\": {\"unknown\": 1}}' WHERE complaint_id = $1";
    run(&bench, spoil, &cases[1]).await;
    let recalculation = bench.recalculation();
    while recalculation.step(10).await.unwrap() > 0 {}
    let renewed: Vec<Uuid> = sqlx::query_scalar(
        "SELECT complaint_id FROM clock WHERE definition = 'C13' AND calendar_version = $1 ORDER BY complaint_id",
    )
    .bind(publish)
    .fetch_all(bench.db.pool())
    .await
    .unwrap();
    assert_eq!(renewed, [cases[0].id, cases[2].id]);
    assert_eq!(waiting(&bench).await[0].1, "recalculation");
}
