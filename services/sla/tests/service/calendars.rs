//! Calendars and policies that a tenant publishes, and what becomes of clocks that run.

use redress_proto::convert::to_wire_time;
use redress_proto::sla::v1 as wire;
use redress_proto::sla::v1::clock_service_server::ClockService as _;

use crate::bench::{Bench, TENANT, faults, handler, in_seconds, reason, stranger, supervisor};
use crate::course::{Case, at};

async fn office(bench: &Bench) -> wire::Calendar {
    let asked = wire::GetCalendarRequest { calendar_id: "cn-office".into(), version: 0 };
    bench.grpc.get_calendar(handler(asked)).await.unwrap().into_inner().calendar.unwrap()
}

fn publish(calendar: wire::Calendar, request_id: &str) -> wire::PublishCalendarRequest {
    wire::PublishCalendarRequest { request_id: request_id.into(), calendar: Some(calendar) }
}

/// The same calendar with a further day off, as its next version.
fn with_day_off(mut calendar: wire::Calendar, date: &str) -> wire::Calendar {
    calendar.version.clear();
    calendar.exceptions.push(wire::CalendarException {
        date: date.into(),
        kind: wire::ExceptionKind::Off.into(),
        intervals: Vec::new(),
        name: "停工".into(),
    });
    calendar
}

/// Publishes the office with a further day off; its version.
pub(crate) async fn with_a_further_day_off(bench: &Bench) -> i32 {
    let calendar = with_day_off(office(bench).await, "2026-03-18");
    let published = bench.grpc.publish_calendar(supervisor(publish(calendar, "p-1"))).await.unwrap();
    published.into_inner().calendar.unwrap().version.parse().unwrap()
}

#[tokio::test]
async fn a_calendar_that_is_published_moves_the_open_clocks_it_touches_and_tells_why() {
    let bench = Bench::new().await;
    Case::new(1).registered(at("2026-03-02T02:00:00Z")).heard(&bench).await;
    let other = Case::of("tenant-b", 2).registered(at("2026-03-02T02:00:00Z"));
    other.heard(&bench).await;
    let shipped = office(&bench).await;
    let published = bench
        .grpc
        .publish_calendar(supervisor(publish(with_day_off(shipped.clone(), "2026-03-18"), "p-1")))
        .await
        .unwrap();
    let published = published.into_inner().calendar.unwrap();
    let before: u32 = shipped.version.parse().unwrap();
    assert_eq!(published.version, (before + 1).to_string());
    assert!(office(&bench).await == published, "what is read is what was published");

    let recalculation = bench.recalculation();
    while recalculation.step(10).await.unwrap() > 0 {}
    let told: Vec<String> = bench.published_of("C13").await;
    let moved = "DeadlineRecalculated calendar from 2026-03-23T10:00:00Z to 2026-03-24T10:00:00Z";
    // Both tenants' clocks started; only one moved.
    assert_eq!(told.iter().filter(|line| *line == moved).count(), 1, "{told:?}");
    let of_other: i64 =
        sqlx::query_scalar("SELECT count(*) FROM clock WHERE tenant <> $1 AND calendar_version > $2")
            .bind(TENANT)
            .bind(i32::try_from(before).unwrap())
            .fetch_one(bench.db.pool())
            .await
            .unwrap();
    assert_eq!(of_other, 0);
    // The same as if the new version had been there from the beginning.
    let fresh = bench.clock_of_case("C13", 1).await;
    assert_eq!(fresh, Some(at("2026-03-24T10:00:00Z")));
}

#[tokio::test]
async fn versions_follow_each_other_and_a_repetition_publishes_nothing() {
    let bench = Bench::new().await;
    let calendar = with_day_off(office(&bench).await, "2026-03-18");
    let first = bench.grpc.publish_calendar(supervisor(publish(calendar.clone(), "p-1"))).await.unwrap();
    let again = bench.grpc.publish_calendar(supervisor(publish(calendar.clone(), "p-1"))).await.unwrap();
    assert!(first.into_inner() == again.into_inner());
    let stale = wire::Calendar { version: "2".into(), ..calendar.clone() };
    let stale = bench.grpc.publish_calendar(supervisor(publish(stale, "p-2"))).await.unwrap_err();
    assert_eq!((stale.code(), reason(&stale).as_str()), (tonic::Code::Aborted, "VERSION_MISMATCH"));
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM calendar WHERE tenant <> ''")
        .fetch_one(bench.db.pool())
        .await
        .unwrap();
    assert_eq!(rows, 1);
    let asked = wire::GetCalendarRequest { calendar_id: "cn-office".into(), version: 2 };
    let foreign = bench.grpc.get_calendar(stranger(asked)).await.unwrap_err();
    assert_eq!(foreign.code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn a_calendar_that_does_not_hold_together_is_refused_with_each_field() {
    let bench = Bench::new().await;
    let interval = |from: &str, to: &str| wire::WorkingInterval { from: from.into(), to: to.into() };
    let exception = |date: &str| wire::CalendarException {
        date: date.into(),
        kind: wire::ExceptionKind::Off.into(),
        intervals: Vec::new(),
        name: String::new(),
    };
    let bad = wire::Calendar {
        id: "My Calendar".into(),
        zone: "Asia/Nowhere".into(),
        weekly: vec![wire::WeeklyHours {
            day: wire::DayOfWeek::Monday.into(),
            intervals: vec![interval("09:00", "12:00"), interval("11:00", "18:00")],
        }],
        exceptions: vec![exception("2026-03-18"), exception("2026-03-18")],
        ..Default::default()
    };
    let refused = bench.grpc.publish_calendar(supervisor(publish(bad, "p-1"))).await.unwrap_err();
    let faults = faults(&refused);
    for field in ["calendar.id ", "calendar.zone ", "calendar.weekly[0]", "calendar.exceptions[1]"] {
        assert!(faults.iter().any(|fault| fault.starts_with(field)), "{field} in {faults:?}");
    }
    // It would leave deadlines and alarms without a next opening.
    let hourless = wire::Calendar { id: "closed".into(), zone: "Asia/Shanghai".into(), ..Default::default() };
    let refused = bench.grpc.publish_calendar(supervisor(publish(hourless, "p-3"))).await.unwrap_err();
    assert_eq!(crate::bench::faults(&refused), ["calendar.weekly REQUIRED"]);
    let nothing = wire::PublishCalendarRequest { request_id: "p-2".into(), calendar: None };
    let refused = bench.grpc.publish_calendar(supervisor(nothing)).await.unwrap_err();
    assert_eq!(crate::bench::faults(&refused), ["calendar REQUIRED"]);
}

const POLICY: &str = include_str!("../../data/policies/cn.toml");

#[tokio::test]
async fn a_policy_holds_for_clocks_that_start_under_it_and_moves_none_that_runs() {
    let bench = Bench::new().await;
    Case::new(1).registered(in_seconds(-60)).heard(&bench).await;
    let before = bench.clock_of_case("C13", 1).await;
    let body = POLICY.replacen("version = 1\n", "version = 2\n", 1);
    let longer = "limit = { unit = \"DEADLINE_UNIT_WORKING_DAYS\", amount = 15 }";
    let body = body.replacen(longer, &longer.replace("15", "10"), 1);
    let request = |effective_at, request_id: &str, body: &str| wire::PublishClockPolicyRequest {
        request_id: request_id.into(),
        body: body.into(),
        effective_at: Some(to_wire_time(effective_at)),
        validate_only: false,
        move_running: false,
    };
    let soon =
        bench.grpc.publish_clock_policy(supervisor(request(in_seconds(5), "1", &body))).await.unwrap_err();
    assert_eq!(faults(&soon), ["effectiveAt OUT_OF_RANGE"]);
    let wrong =
        bench.grpc.publish_clock_policy(supervisor(request(in_seconds(120), "2", POLICY))).await.unwrap_err();
    assert_eq!(reason(&wrong), "VERSION_MISMATCH");
    let broken = body.replacen("amount = 10 }", "amount = 0 }", 1);
    let broken = bench
        .grpc
        .publish_clock_policy(supervisor(request(in_seconds(120), "3", &broken)))
        .await
        .unwrap_err();
    assert!(faults(&broken).iter().any(|fault| fault.starts_with("body.")), "{:?}", faults(&broken));
    let published =
        bench.grpc.publish_clock_policy(supervisor(request(in_seconds(120), "4", &body))).await.unwrap();
    assert_eq!(published.into_inner().policy.unwrap().version, 2);

    let heard_again = Case::new(1).registered(in_seconds(-60)).accepted(in_seconds(-5));
    bench.hear(&heard_again.lifecycle.events[1..]).await;
    assert_eq!(bench.clock_of_case("C13", 1).await, before);
    // An event of later: what holds is decided by its time.
    Case::new(2).registered(in_seconds(180)).heard(&bench).await;
    assert!(bench.clock_of_case("C13", 2).await < before);
}

#[tokio::test]
async fn a_policy_that_moves_running_clocks_computes_them_anew_and_tells_why() {
    let bench = Bench::new().await;
    let start = at("2026-03-02T02:00:00Z");
    Case::new(1).registered(start).heard(&bench).await;
    Case::new(2).registered(start).withdrawn(at("2026-03-02T04:00:00Z")).heard(&bench).await;
    let longer = "limit = { unit = \"DEADLINE_UNIT_WORKING_DAYS\", amount = 15 }\ncap";
    let version = |n: u32, days: &str| {
        let body = POLICY.replacen("version = 1\n", &format!("version = {n}\n"), 1);
        body.replacen(longer, &longer.replace("15", days), 1)
    };
    let request = |body: &str, move_running| wire::PublishClockPolicyRequest {
        request_id: format!("{move_running}-{}", body.len()),
        body: body.into(),
        effective_at: Some(to_wire_time(in_seconds(120))),
        validate_only: false,
        move_running,
    };
    // Whatever runs must have a rule to move to.
    let less = version(2, "10").replacen("id = \"C13\"", "id = \"C13x\"", 1);
    let refused = bench.grpc.publish_clock_policy(supervisor(request(&less, true))).await.unwrap_err();
    assert_eq!(faults(&refused), ["body.clock REQUIRED"]);
    let takes_effect = async || {
        sqlx::query("UPDATE clock_policy SET effective_at = now()").execute(bench.db.pool()).await.unwrap();
        let recalculation = bench.recalculation();
        while recalculation.step(10).await.unwrap() > 0 {}
    };
    bench.grpc.publish_clock_policy(supervisor(request(&version(2, "9"), false))).await.unwrap();
    takes_effect().await;
    let before = bench.published().await;
    let moving = bench.grpc.publish_clock_policy(supervisor(request(&version(3, "10"), true))).await.unwrap();
    assert!(moving.into_inner().policy.unwrap().move_running);
    assert_eq!(bench.recalculation().step(10).await.unwrap(), 0, "it does not hold yet");
    takes_effect().await;
    let told = bench.published().await;
    assert_eq!(
        told[before.len()..],
        ["C13 DeadlineRecalculated policy from 2026-03-23T10:00:00Z to 2026-03-16T10:00:00Z"],
        "the one that asked for nothing moved none, and what is over stays"
    );
    // What is heard later is computed by the policy it moved to.
    let moved = Case::new(1).registered(start).accepted(at("2026-03-02T05:00:00Z"));
    bench.hear(&moved.lifecycle.events[1..]).await;
    assert_eq!(bench.clock_of_case("C13", 1).await, Some(at("2026-03-16T10:00:00Z")));
}
