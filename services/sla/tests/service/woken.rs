//! What the index tells is told when the database says so, also where their clocks differ or somebody else is at it.

use jiff_sqlx::Timestamp as SqlTime;
use redress_devstack::shared;
use redress_testkit::wait_until;

use crate::bench::Bench;
use crate::redis::{Kept, SOON, index, warned_in};

/// Lets the database's clock be `seconds` ahead of Redis', or behind.
async fn is_ahead(bench: &Bench, seconds: i32) {
    let function = format!(
        "CREATE OR REPLACE FUNCTION redress_time(instant timestamptz) RETURNS timestamptz
         LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT instant + interval '{seconds} seconds' $$"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(function)).execute(bench.db.pool()).await.unwrap();
}

/// When the next share is to be warned of.
async fn warn_at(bench: &Bench) -> SqlTime {
    let next = "SELECT min(warn_at) FROM clock";
    sqlx::query_scalar(next).fetch_one(bench.db.pool()).await.unwrap()
}

/// By how many seconds the first warning came late by the database's clock.
async fn lateness(bench: &Bench, warn_at: SqlTime) -> f64 {
    let told = "SELECT extract(epoch FROM redress_time(min(created_at)) - $1)::double precision FROM outbox
                WHERE headers::text LIKE '%ClockWarned%'";
    sqlx::query_scalar(told).bind(warn_at).fetch_one(bench.db.pool()).await.unwrap()
}

#[tokio::test]
async fn a_share_is_warned_of_at_its_instant_by_the_database_though_redis_is_ahead_or_behind() {
    // By more than the time for which the test waits, where it is behind.
    for (seconds, warned_after) in [(-4, -2), (600, 602)] {
        let bench = Bench::new().await;
        is_ahead(&bench, seconds).await;
        warned_in(1, warned_after).heard(&bench).await;
        let due = warn_at(&bench).await;
        let name = if seconds < 0 { "sla-ahead" } else { "sla-behind" };
        let kept = Kept::start(bench, &index(&shared().await.redis, name));
        kept.warned(1).await;
        let late = lateness(&kept.bench, due).await;
        assert!(late >= 0.0, "early by {late} s");
        kept.end().await;
    }
}

#[tokio::test]
async fn a_timer_that_was_given_out_before_its_time_comes_back_at_it() {
    let kept = Kept::start(Bench::new().await, &index(&shared().await.redis, "sla-early"));
    kept.relies(true).await;
    warned_in(1, 2).heard(&kept.bench).await;
    let due = warn_at(&kept.bench).await;
    // Set back after it was last read: what comes due by Redis' clock before it is read again is not due yet.
    let almost = "SELECT clock_timestamp() >= $1 - interval '150 ms'";
    wait_until("it is almost due", SOON, async || {
        sqlx::query_scalar(almost)
            .bind(due)
            .fetch_one(kept.bench.db.pool())
            .await
            .unwrap_or(false)
            .then_some(())
    })
    .await;
    is_ahead(&kept.bench, -3).await;
    kept.warned(1).await;
    let late = lateness(&kept.bench, due).await;
    assert!(late >= 0.0, "early by {late} s");
    kept.end().await;
}

#[tokio::test]
async fn a_complaint_that_a_consumer_has_when_its_share_is_due_is_looked_at_again_when_it_is_free() {
    let index = index(&shared().await.redis, "sla-held");
    let kept = Kept::start(Bench::new().await, &index);
    kept.relies(true).await;
    warned_in(1, 2).heard(&kept.bench).await;
    let due = warn_at(&kept.bench).await;
    let mut consumer = kept.bench.db.pool().begin().await.unwrap();
    sqlx::query("SELECT 1 FROM case_file FOR UPDATE").execute(&mut *consumer).await.unwrap();
    let passed = "SELECT clock_timestamp() >= $1 + interval '500 ms'";
    wait_until("it was looked at in vain", SOON, async || {
        let passed =
            sqlx::query_scalar(passed).bind(due).fetch_one(kept.bench.db.pool()).await.unwrap_or(false);
        (passed && index.size().await.ok()?.in_flight == 1).then_some(())
    })
    .await;
    consumer.rollback().await.unwrap();
    kept.warned(1).await;
    wait_until("nobody looks at it again", SOON, async || {
        (index.size().await.ok()?.in_flight == 0).then_some(())
    })
    .await;
    kept.end().await;
}
