//! Calendars that come with the product: rows with versions, as a tenant's own.

use redress_proto::sla::v1 as wire;
use redress_proto::sla::v1::clock_service_server::ClockService as _;
use redress_sla::app::ship::{of_release, ship};
use redress_sla::domain::calendar::{Draft, ExceptionDraft};

use crate::bench::{Bench, handler, supervisor};
use crate::calendars::with_a_further_day_off;
use crate::course::{Case, at};

/// The calendars of a release that knows of another day off in the office.
pub(crate) fn release_with_day_off(date: &str) -> Vec<Draft> {
    let mut calendars = of_release();
    let office = calendars.iter_mut().find(|calendar| calendar.id == "cn-office").unwrap();
    office.exceptions.push(ExceptionDraft {
        date: date.to_owned(),
        kind: "EXCEPTION_KIND_OFF".to_owned(),
        ..ExceptionDraft::default()
    });
    calendars
}

async fn versions(bench: &Bench) -> Vec<i32> {
    let shipped =
        "SELECT version FROM calendar WHERE tenant = '' AND calendar_id = 'cn-office' ORDER BY version";
    sqlx::query_scalar(shipped).fetch_all(bench.db.pool()).await.unwrap()
}

async fn newest(bench: &Bench) -> String {
    let asked = wire::GetCalendarRequest { calendar_id: "cn-office".into(), version: 0 };
    bench.grpc.get_calendar(handler(asked)).await.unwrap().into_inner().calendar.unwrap().version
}

/// Tenant, due time and version of the calendar of each clock for the result.
async fn results(bench: &Bench) -> Vec<(String, String, i32)> {
    sqlx::query_as(
        "SELECT tenant, to_char(due_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI'), calendar_version FROM clock
         WHERE definition = 'C13' ORDER BY tenant",
    )
    .fetch_all(bench.db.pool())
    .await
    .unwrap()
}

async fn recalculated(bench: &Bench) {
    let recalculation = bench.recalculation();
    while recalculation.step(10).await.unwrap() > 0 {}
}

#[tokio::test]
async fn a_release_with_another_plan_is_a_new_version_in_which_open_clocks_are_computed_anew() {
    let bench = Bench::new().await;
    let start = at("2026-03-02T02:00:00Z");
    Case::new(1).registered(start).heard(&bench).await;
    Case::of("tenant-b", 2).registered(start).heard(&bench).await;
    let over = Case::of("tenant-c", 3).registered(start).withdrawn(at("2026-03-02T04:00:00Z"));
    over.heard(&bench).await;
    // It has one of its own, which goes over the product's.
    with_a_further_day_off(&bench).await;
    recalculated(&bench).await;
    let as_it_was = [
        ("tenant-a".to_owned(), "03-24 10:00".to_owned(), 2),
        ("tenant-b".to_owned(), "03-23 10:00".to_owned(), 1),
        ("tenant-c".to_owned(), "03-23 10:00".to_owned(), 1),
    ];
    assert_eq!(results(&bench).await, as_it_was);

    assert_eq!(
        ship(&bench.db, release_with_day_off("2026-03-17")).await.unwrap(),
        1,
        "the others are the same"
    );
    assert_eq!(versions(&bench).await, [1, 2]);
    // What is heard now of a clock that runs leaves it with its version.
    let heard = Case::of("tenant-b", 2).registered(start).accepted(at("2026-03-02T03:00:00Z"));
    bench.hear(&heard.lifecycle.events[1..]).await;
    assert_eq!(results(&bench).await, as_it_was, "a clock keeps the version that it was computed with");

    let told = bench.published_of("C13").await.len();
    recalculated(&bench).await;
    let moved = "DeadlineRecalculated calendar from 2026-03-23T10:00:00Z to 2026-03-24T10:00:00Z";
    assert_eq!(bench.published_of("C13").await[told..], [moved]);
    let mut anew = as_it_was;
    anew[1] = ("tenant-b".to_owned(), "03-24 10:00".to_owned(), 2);
    assert_eq!(results(&bench).await, anew, "what is over stays, and so does who has a calendar of its own");
    assert_eq!(newest(&bench).await, "2", "of the tenant's own there is one");

    // New clocks count in it from the beginning.
    Case::of("tenant-d", 4).registered(start).heard(&bench).await;
    assert_eq!(results(&bench).await[3], ("tenant-d".to_owned(), "03-24 10:00".to_owned(), 2));
}

#[tokio::test]
async fn the_same_content_is_no_new_version_whoever_ships_it_and_however_often() {
    let bench = Bench::new().await;
    assert_eq!(versions(&bench).await, [1], "the migration has written it down");
    let (one, other) = tokio::join!(
        ship(&bench.db, release_with_day_off("2026-03-17")),
        ship(&bench.db, release_with_day_off("2026-03-17")),
    );
    assert_eq!(one.unwrap() + other.unwrap(), 1, "two processes at once");
    assert_eq!(ship(&bench.db, release_with_day_off("2026-03-17")).await.unwrap(), 0);
    // An older release that is run again takes nothing back.
    assert_eq!(ship(&bench.db, of_release()).await.unwrap(), 0);
    assert_eq!(versions(&bench).await, [1, 2]);
    assert_eq!(ship(&bench.db, release_with_day_off("2026-03-18")).await.unwrap(), 1);
    assert_eq!((versions(&bench).await, newest(&bench).await), (vec![1, 2, 3], "3".to_owned()));
}

#[tokio::test]
async fn a_tenants_first_version_follows_the_products_newest() {
    let bench = Bench::new().await;
    ship(&bench.db, release_with_day_off("2026-03-17")).await.unwrap();
    assert_eq!(with_a_further_day_off(&bench).await, 3);
    ship(&bench.db, release_with_day_off("2026-03-19")).await.unwrap();
    assert_eq!(newest(&bench).await, "3", "its own, whatever the product ships");
    // Its next one follows its own.
    let asked = wire::GetCalendarRequest { calendar_id: "cn-office".into(), version: 0 };
    let mut office = bench.grpc.get_calendar(handler(asked)).await.unwrap().into_inner().calendar.unwrap();
    office.version = "4".to_owned();
    let next = wire::PublishCalendarRequest { request_id: "p-2".into(), calendar: Some(office) };
    let next = bench.grpc.publish_calendar(supervisor(next)).await.unwrap().into_inner();
    assert_eq!(next.calendar.unwrap().version, "4");
}
