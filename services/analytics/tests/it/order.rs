//! Whatever the order in which topics are read: the same facts, and the numbers that a recount by hand has.

use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::seq::IndexedMutRandom as _;
use rand::{Rng as _, SeedableRng as _};
use redress_analytics::domain::metric::Unit;
use redress_analytics::domain::selection::Dimension;
use redress_proto::analytics::v1 as wire;
use redress_proto::convert::{from_wire_time, to_wire_time};
use redress_testkit::{EventStream, Told};

use crate::bench::{Bench, supervisor};
use crate::history::{DAYS, History, TENANTS, begin};
use crate::recount::{Count, Numbers};

/// Cuts streams into batches: topics in any order, aggregates within a topic in any order, the order of each kept.
fn batches(streams: Vec<EventStream>, rng: &mut StdRng) -> Vec<Vec<Told>> {
    let mut waiting: Vec<_> =
        streams.into_iter().map(|stream| stream.events.into_iter().peekable()).collect();
    let mut batches = Vec::new();
    loop {
        waiting.retain_mut(|events| events.peek().is_some());
        let Some(first) = waiting.choose_mut(rng) else { return batches };
        let topic = first.peek().unwrap().topic;
        let mut batch = Vec::new();
        for _ in 0..rng.random_range(1..300) {
            waiting.retain_mut(|events| events.peek().is_some());
            let mut of_topic: Vec<_> =
                waiting.iter_mut().filter_map(|e| (e.peek()?.topic == topic).then_some(e)).collect();
            let count = of_topic.len();
            if count == 0 {
                break;
            }
            batch.extend(of_topic[rng.random_range(0..count)].next());
        }
        batches.push(batch);
    }
}

async fn asked(
    bench: &Bench,
    tenant: &str,
    metric: &str,
    window: Option<SignedDuration>,
    split: Option<Dimension>,
) -> Numbers {
    let (from, until) = span();
    let request = wire::QueryMetricsRequest {
        metric: metric.into(),
        from: Some(to_wire_time(from)),
        until: Some(to_wire_time(until)),
        window_seconds: window.map_or(0, |window| u32::try_from(window.as_secs()).unwrap()),
        dimension: split.map_or(0, wire_dimension),
        value: String::new(),
        limit: 1_000,
    };
    let answer = bench.questions.query(&supervisor(tenant), request).await.unwrap();
    let row = |row: wire::MetricRow| {
        let start = from_wire_time(&row.window_start.unwrap()).unwrap();
        let window = window.map_or(0, |window| (start.as_second() - from.as_second()) / window.as_secs());
        ((window, row.key), (row.value, row.population))
    };
    answer.rows.into_iter().map(row).collect()
}

pub(crate) fn wire_dimension(dimension: Dimension) -> i32 {
    let name = format!("DIMENSION_{}", dimension.code().to_uppercase());
    wire::Dimension::from_str_name(&name).unwrap().into()
}

/// All days but the first and the last half.
pub(crate) fn span() -> (Timestamp, Timestamp) {
    let half = SignedDuration::from_hours(12);
    (begin() + half, begin() + SignedDuration::from_hours(24 * DAYS) - half)
}

fn assert_equal(counted: &Numbers, by_hand: &Numbers, what: &str) {
    assert_eq!(counted.keys().collect::<Vec<_>>(), by_hand.keys().collect::<Vec<_>>(), "{what}");
    for (group, (value, population)) in by_hand {
        let (counted, among) = counted[group];
        assert_eq!(among, *population, "{what}: population of {group:?}");
        assert!(
            (counted - value).abs() <= 1e-9 * value.abs().max(1.0),
            "{what}: {group:?}: {counted} {value}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_whatever_order_topics_are_read_the_facts_are_the_same_and_every_number_equals_a_recount_by_hand()
{
    let history = History::of(1, 400);
    let judged_through = begin() + SignedDuration::from_hours(60);
    let mut seen: Option<Vec<String>> = None;
    for seed in 0..4 {
        let bench = Bench::new().await;
        bench.counted_through(judged_through).await;
        for batch in batches(history.streams.clone(), &mut StdRng::seed_from_u64(seed)) {
            bench.apply(&batch).await;
        }
        let tables = bench.tables().await;
        assert_eq!(seen.get_or_insert_with(|| tables.clone()), &tables, "order {seed}");
        if seed == 0 {
            every_number_equals(&bench, &history, judged_through).await;
        }
    }
}

async fn every_number_equals(bench: &Bench, history: &History, judged_through: Timestamp) {
    let (from, until) = span();
    let mut nothing_counted = Vec::new();
    for metric in bench.questions.dictionary.entries() {
        for window in [None, Some(SignedDuration::from_hours(7))] {
            for dimension in [None].into_iter().chain(Dimension::ALL.iter().copied().map(Some)) {
                if metric.unit == Unit::MinorUnits && dimension != Some(Dimension::Currency) {
                    continue;
                }
                let mut rows = 0;
                for tenant in TENANTS {
                    let cases = &history.cases;
                    let count = Count { cases, tenant, from, until, window, dimension, judged_through };
                    let by_hand = count.numbers(&metric.name);
                    rows += by_hand.len();
                    let counted = asked(bench, tenant, &metric.name, window, dimension).await;
                    let what = format!("{} by {window:?}, {dimension:?} of {tenant}", metric.name);
                    assert_equal(&counted, &by_hand, &what);
                }
                if rows == 0 {
                    nothing_counted.push(metric.name.clone());
                }
            }
        }
    }
    assert!(nothing_counted.is_empty(), "the history has nothing of {nothing_counted:?}");
    let count = Count {
        cases: &history.cases,
        tenant: "",
        from,
        until,
        window: None,
        dimension: None,
        judged_through,
    };
    for case in &history.cases {
        let request = wire::GetCaseFactsRequest { complaint_id: case.id.to_string() };
        let facts = bench.questions.case(&supervisor(case.tenant), &request).await.unwrap();
        assert_eq!(facts.repeated, case.complainant.is_some() && count.repeated(case), "{}", case.id);
    }
}

#[tokio::test]
async fn what_is_told_of_a_complaint_before_its_registration_is_kept_and_counted_from_then_on() {
    let history = History::of(2, 30);
    let bench = Bench::new().await;
    let (lifecycle, before): (Vec<EventStream>, Vec<EventStream>) =
        history.streams.into_iter().partition(|stream| {
            stream.events.first().is_some_and(|told| told.topic == redress_analytics::topics::LIFECYCLE)
        });
    bench.apply_all(before).await;
    assert!(!bench.tables().await.is_empty());
    assert!(asked(&bench, TENANTS[0], "complaints", None, None).await.is_empty());
    bench.apply_all(lifecycle).await;
    let answered = asked(&bench, TENANTS[0], "first_response_p50", None, None).await;
    assert!(answered.values().next().unwrap().1 > 0);
}
