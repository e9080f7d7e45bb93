//! What holds of the clocks of every case, through the store: some tens of random cases a property. Thousands, without it,
//! are in the tests of the rules.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, ToSpan as _};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use redress_proto::sla::v1 as wire;
use redress_proto::sla::v1::clock_service_server::ClockService as _;
use uuid::Uuid;

use crate::bench::{Bench, handler, supervisor};
use crate::course::{Case, at};
use crate::order::{differ, kept, shuffled};

/// Registered within a month; perhaps urgent, accepted, asked for evidence, standing still for a while, withdrawn.
fn random(n: u128, rng: &mut StdRng) -> Case {
    let start = at("2026-03-02T02:00:00Z") + SignedDuration::from_mins(rng.random_range(0..40_000));
    let mut minutes = 0;
    let mut later = |rng: &mut StdRng, most: i64| {
        minutes += rng.random_range(0..most);
        start + SignedDuration::from_mins(minutes)
    };
    let request = Uuid::from_u128(0xB0_0000 + n);
    let mut case = Case::new(n).registered(start);
    if rng.random_bool(0.7) {
        case = case.acknowledged(later(rng, 90));
    }
    if rng.random_bool(0.4) {
        case = case.urgent(later(rng, 60));
    }
    if rng.random_bool(0.6) {
        case = case.accepted(later(rng, 3_000));
    }
    let asked = rng.random_bool(0.6);
    if asked {
        let when = later(rng, 600);
        case = case.asked(when, request, when + SignedDuration::from_hours(48));
    }
    let tested = rng.random_bool(0.6);
    if tested {
        case = case.test_ordered(later(rng, 6_000));
    }
    if asked && rng.random_bool(0.7) {
        case = case.submitted(later(rng, 6_000), request);
    }
    if tested && rng.random_bool(0.8) {
        case = case.test_reported(later(rng, 9_000));
    }
    if rng.random_bool(0.2) {
        case = case.withdrawn(later(rng, 20_000));
    }
    case
}

fn cases(seed: u64, count: u128) -> Vec<Case> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..count).map(|n| random(n, &mut rng)).collect()
}

/// The office with some weekdays off and some weekends worked on.
async fn publish_another_office(bench: &Bench, seed: u64) {
    let asked = wire::GetCalendarRequest { calendar_id: "cn-office".into(), version: 0 };
    let mut office = bench.grpc.get_calendar(handler(asked)).await.unwrap().into_inner().calendar.unwrap();
    office.version.clear();
    let mut rng = StdRng::seed_from_u64(seed);
    let mut day: Date = "2026-03-03".parse().unwrap();
    while day < "2026-07-01".parse().unwrap() {
        day = day.checked_add(rng.random_range(2..9_i64).days()).unwrap();
        let date = day.to_string();
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let kind = if weekend { wire::ExceptionKind::Work } else { wire::ExceptionKind::Off };
        if office.exceptions.iter().all(|known| known.date != date) {
            office.exceptions.push(wire::CalendarException { date, kind: kind.into(), ..Default::default() });
        }
    }
    let request = wire::PublishCalendarRequest { request_id: "next".into(), calendar: Some(office) };
    bench.grpc.publish_calendar(supervisor(request)).await.unwrap();
}

/// Every clock, in one line: of those that run or stand still, or of those that are over.
async fn lines(bench: &Bench, over: bool) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT concat_ws(' ', complaint_id, definition, subject_id, state, reason, started_at, due_at, warn_at,
                          breach_at, calendar_id, calendar_version, told - 'generation')
         FROM clock WHERE (state IN ('running', 'paused')) <> $1 ORDER BY clock_id",
    )
    .bind(over)
    .fetch_all(bench.db.pool())
    .await
    .unwrap()
}

async fn dues(bench: &Bench) -> BTreeMap<Uuid, Option<String>> {
    let rows: Vec<(Uuid, Option<String>)> =
        sqlx::query_as("SELECT clock_id, due_at::text FROM clock").fetch_all(bench.db.pool()).await.unwrap();
    rows.into_iter().collect()
}

async fn hear(bench: &Bench, cases: &[Case]) {
    for case in cases {
        case.heard(bench).await;
    }
}

#[tokio::test]
async fn clocks_that_are_computed_anew_are_those_that_a_fresh_start_under_the_new_version_gives() {
    for seed in 0..3 {
        let cases = cases(seed, 16);
        let bench = Bench::new().await;
        hear(&bench, &cases).await;
        let (over, before, told) =
            (lines(&bench, true).await, dues(&bench).await, bench.published().await.len());
        publish_another_office(&bench, seed).await;
        let recalculation = bench.recalculation();
        while recalculation.step(7).await.unwrap() > 0 {}

        let fresh = Bench::new().await;
        publish_another_office(&fresh, seed).await;
        hear(&fresh, &cases).await;
        let open = lines(&bench, false).await;
        assert!(open.len() > 20, "{}", open.len());
        differ(&open, &lines(&fresh, false).await, seed);
        differ(&lines(&bench, true).await, &over, seed);

        // And every deadline that moved was told of, no other.
        let after = dues(&bench).await;
        let moved = before.iter().filter(|(id, due)| after[*id] != **due).count();
        let published = bench.published().await;
        let recalculated =
            published[told..].iter().filter(|line| line.contains("DeadlineRecalculated calendar"));
        assert_eq!((recalculated.count(), published.len() - told), (moved, moved), "seed {seed}");
        assert!(moved > 5, "seed {seed}: {moved}");
    }
}

#[tokio::test]
async fn a_pause_makes_no_deadline_earlier_and_in_two_parts_it_is_the_same() {
    let bench = Bench::new().await;
    let mut rng = StdRng::seed_from_u64(1);
    let mut paused = 0;
    for n in 0..16_u128 {
        let start = at("2026-03-02T02:00:00Z") + SignedDuration::from_mins(rng.random_range(0..40_000));
        let from = start + SignedDuration::from_mins(rng.random_range(60..20_000));
        let length = rng.random_range(2..9_000);
        let minutes = |minutes: i64| from + SignedDuration::from_mins(minutes);
        let middle = minutes(rng.random_range(1..length));
        let case = |variant: u128| Case::new(10 * n + variant).registered(start);
        let running = case(0);
        let once = case(1).test_ordered(from).test_reported(minutes(length));
        let twice = case(2).test_ordered(from).test_reported(middle);
        let twice = twice.test_ordered(middle).test_reported(minutes(length));
        for case in [&running, &once, &twice] {
            case.heard(&bench).await;
        }
        for definition in ["C06", "C13", "C14"] {
            let due = async |variant: u128| bench.clock_of_case(definition, 10 * n + variant).await.unwrap();
            let (running, once, twice) = (due(0).await, due(1).await, due(2).await);
            assert_eq!(once, twice, "{definition} of case {n}");
            assert!(once >= running, "{definition} of case {n}");
            paused += usize::from(once > running);
        }
    }
    assert!(paused > 8, "the pauses move deadlines: {paused}");
}

#[tokio::test]
async fn random_cases_give_the_same_clocks_in_any_order_of_topics_and_once_more_nothing() {
    for seed in 10..13 {
        let cases = cases(seed, 12);
        let in_order = Bench::new().await;
        hear(&in_order, &cases).await;
        let bench = Bench::new().await;
        for batch in shuffled(&cases, seed) {
            bench.hear(&batch).await;
        }
        differ(&kept(&bench).await, &kept(&in_order).await, seed);
        let (clocks, published) = (bench.clocks().await, bench.published().await);
        for batch in shuffled(&cases, seed + 1) {
            bench.hear(&batch).await;
        }
        assert_eq!((bench.clocks().await, bench.published().await), (clocks, published), "seed {seed}");
    }
}
