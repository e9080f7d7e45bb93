//! Complaints are not kept for ever: those that ended long ago go whole, and nothing that is still to come goes with them.

use jiff::Timestamp;
use redress_outbox::HandlerError;
use redress_proto::sla::v1 as wire;
use redress_proto::sla::v1::clock_service_server::ClockService as _;
use redress_sla::app::keep::{Forgetting, Look};
use redress_sla::topics::LIFECYCLE;
use uuid::Uuid;

use crate::bench::{Bench, TENANT, handler, in_seconds};
use crate::course::{Case, at};

/// Longer ago than a complaint is kept.
fn long_ago() -> Timestamp {
    at("2022-03-02T02:00:00Z")
}

/// Registered and acknowledged then, asked for evidence, and withdrawn before anything was due.
fn ended(n: u128, start: Timestamp) -> Case {
    let hours = |hours| start + jiff::SignedDuration::from_hours(hours);
    Case::new(n)
        .registered(start)
        .acknowledged(start + jiff::SignedDuration::from_secs(10))
        .accepted(hours(1))
        .asked(hours(2), Uuid::from_u128(0xEE00 + n), hours(50))
        .withdrawn(hours(20))
}

/// Lets the time of keeping of all be over since their rows were made.
async fn age(bench: &Bench) {
    sqlx::query("UPDATE case_file SET kept_from = 'epoch' WHERE kept_from IS NOT NULL")
        .execute(bench.db.pool())
        .await
        .unwrap();
}

/// What there is of a complaint in each table that has rows of it.
async fn rows(bench: &Bench, case: &Case) -> Vec<i64> {
    let mut counts = Vec::new();
    for count in [
        "SELECT count(*) FROM heard WHERE complaint_id = $1",
        "SELECT count(*) FROM clock WHERE complaint_id = $1",
        "SELECT count(*) FROM extension WHERE complaint_id = $1",
        "SELECT count(*) FROM escalation_ticket WHERE complaint_id = $1",
        "SELECT count(*) FROM case_file WHERE complaint_id = $1",
    ] {
        counts.push(sqlx::query_scalar(count).bind(case.id).fetch_one(bench.db.pool()).await.unwrap());
    }
    counts
}

#[tokio::test]
async fn a_complaint_that_ended_long_ago_goes_whole_and_all_others_stay() {
    let bench = Bench::new().await;
    let gone = ended(1, long_ago());
    let recent = ended(2, in_seconds(-100 * 86_400));
    let open = Case::new(3).registered(long_ago());
    for case in [&gone, &recent, &open] {
        case.heard(&bench).await;
    }
    sqlx::query(
        "INSERT INTO extension (tenant, extension_id, complaint_id, clock_id, amount, reason, state, requested_by,
                                requested_at)
         SELECT tenant, $2, complaint_id, clock_id, 1, '', 'refused', 'handler-1', now() FROM clock
         WHERE complaint_id = $1 LIMIT 1",
    )
    .bind(gone.id)
    .bind(Uuid::from_u128(1))
    .execute(bench.db.pool())
    .await
    .unwrap();
    let forgetting = Forgetting::new(bench.desk.clone());
    assert_eq!(forgetting.look().await.unwrap(), Look::default(), "their rows were made just now");

    let (published, others) =
        (bench.published().await, [rows(&bench, &recent).await, rows(&bench, &open).await]);
    age(&bench).await;
    assert_eq!(forgetting.look().await.unwrap(), Look { looked_at: 3, forgotten: 1 });
    assert_eq!(rows(&bench, &gone).await, [0, 0, 0, 0, 1], "but for the row that says so");
    assert_eq!([rows(&bench, &recent).await, rows(&bench, &open).await], others);
    assert_eq!(bench.published().await, published, "nothing is told of it");
    assert_eq!(forgetting.look().await.unwrap(), Look::default(), "each is looked at when its time has come");
    let counts_from: Option<jiff_sqlx::Timestamp> =
        sqlx::query_scalar("SELECT kept_from FROM case_file WHERE complaint_id = $1")
            .bind(recent.id)
            .fetch_one(bench.db.pool())
            .await
            .unwrap();
    let last = recent.lifecycle.events.last().unwrap().meta.occurred_at;
    assert_eq!(
        counts_from.map(jiff_sqlx::Timestamp::to_jiff),
        Some(last),
        "from the last that was heard of it"
    );
}

#[tokio::test]
async fn what_is_heard_of_it_afterwards_is_refused_for_a_person_to_see_and_makes_no_clock() {
    let bench = Bench::new().await;
    let (gone, other) = (ended(1, long_ago()), Case::new(2).registered(in_seconds(-60)));
    gone.heard(&bench).await;
    age(&bench).await;
    let forgetting = Forgetting::new(bench.desk.clone());
    assert_eq!(forgetting.look().await.unwrap().forgotten, 1);
    let late = gone.acknowledged(in_seconds(-30));
    let refused = bench.try_hear(&late.notices.events[1..]).await.unwrap_err();
    assert!(matches!(&refused, HandlerError::Poison(why) if why.contains("forgotten")), "{refused:?}");
    assert_eq!(rows(&bench, &late).await, [0, 0, 0, 0, 1]);
    other.heard(&bench).await;
    assert!(bench.clock_of_case("C13", 2).await.is_some(), "another complaint is heard");
    let asked = wire::ListClocksRequest { complaint_id: late.id.to_string(), ..Default::default() };
    let listed = bench.grpc.list_clocks(handler(asked)).await.unwrap().into_inner();
    assert!(listed.clocks.is_empty(), "{listed:?}");
}

#[tokio::test]
async fn a_breach_that_is_still_to_be_judged_and_a_parked_record_keep_a_complaint() {
    let bench = Bench::new().await;
    // It became needless when it had been missed: a breach comes of it once everything is read.
    let start = long_ago();
    let missed = Case::new(1).registered(start).withdrawn(start + jiff::SignedDuration::from_hours(48));
    let parked = ended(2, start);
    for case in [&missed, &parked] {
        case.heard(&bench).await;
    }
    bench.parked(LIFECYCLE, TENANT, parked.id).await;
    age(&bench).await;
    let forgetting = Forgetting::new(bench.desk.clone());
    assert_eq!(forgetting.look().await.unwrap(), Look { looked_at: 2, forgotten: 0 });
    assert_eq!(forgetting.look().await.unwrap(), Look::default(), "they are looked at again in a month");

    bench.heard_through(in_seconds(0)).await;
    assert!(bench.firing().look().await.unwrap().breached > 0);
    sqlx::query("UPDATE parked_event SET status = 'discarded', settled_at = now()")
        .execute(bench.db.pool())
        .await
        .unwrap();
    age(&bench).await;
    assert_eq!(forgetting.look().await.unwrap(), Look { looked_at: 2, forgotten: 2 });
}

#[tokio::test]
async fn several_at_once_forget_each_complaint_once_and_one_that_does_not_read_is_set_aside() {
    let bench = Bench::new().await;
    let cases: Vec<Case> = (0..130).map(|n| ended(n, long_ago())).collect();
    bench.hear(cases.iter().flat_map(|case| &case.lifecycle.events)).await;
    bench.hear(cases.iter().flat_map(|case| &case.investigation.events)).await;
    bench.hear(cases.iter().flat_map(|case| &case.notices.events)).await;
    sqlx::query("UPDATE heard SET fields = '{\"x\": {\"unknown\": 1}}' WHERE complaint_id = $1")
        .bind(cases[7].id)
        .execute(bench.db.pool())
        .await
        .unwrap();
    age(&bench).await;
    let until_none = async || {
        let (forgetting, mut forgotten) = (Forgetting::new(bench.desk.clone()), 0);
        loop {
            match forgetting.look().await.unwrap() {
                Look { looked_at: 0, .. } => return forgotten,
                look => forgotten += look.forgotten,
            }
        }
    };
    let (one, other) = tokio::join!(until_none(), until_none());
    assert_eq!(one + other, 129);
    let waiting: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT complaint_id, work FROM set_aside").fetch_all(bench.db.pool()).await.unwrap();
    assert_eq!(waiting, [(cases[7].id, "keeping".to_owned())]);
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM clock").fetch_one(bench.db.pool()).await.unwrap();
    assert_eq!(left, rows(&bench, &cases[7]).await[1]);
}
