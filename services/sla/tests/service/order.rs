//! Topics in any order give the same clocks; topics read again change nothing.

use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use redress_sla::app::fire::Look;
use redress_testkit::Told;
use uuid::Uuid;

use crate::bench::Bench;
use crate::course::{Case, at};

fn history(n: u128) -> Case {
    let start: Timestamp = at("2026-03-02T02:00:00Z");
    let hour = |hours: i64| start + SignedDuration::from_hours(hours);
    let request = Uuid::from_u128(0xA0 + n);
    let case = Case::new(n)
        .registered(start)
        .acknowledged(hour(0) + SignedDuration::from_secs(5))
        .accepted(hour(3))
        .asked(hour(5), request, hour(53))
        .test_ordered(hour(30))
        .submitted(hour(40), request)
        .test_reported(hour(80));
    match n % 3 {
        // After some clocks were due, and before the last test was reported.
        0 => case.withdrawn(hour(70)),
        1 => case.withdrawn(hour(100)),
        _ => case,
    }
}

/// Batches of random length, the streams in any order relative to each other, each in its own.
pub(crate) fn shuffled(cases: &[Case], seed: u64) -> Vec<Vec<Told>> {
    let mut rng = StdRng::seed_from_u64(seed);
    let streams: Vec<&[Told]> = cases
        .iter()
        .flat_map(|case| [&*case.lifecycle.events, &*case.investigation.events, &*case.notices.events])
        .collect();
    let mut turns: Vec<usize> = streams.iter().enumerate().flat_map(|(at, s)| vec![at; s.len()]).collect();
    turns.shuffle(&mut rng);
    let mut next = vec![0; streams.len()];
    let mut batches: Vec<Vec<Told>> = Vec::new();
    for at in turns {
        let told = streams[at][next[at]].clone();
        next[at] += 1;
        match batches.last_mut() {
            Some(batch) if batch[0].topic == told.topic && rng.random_bool(0.7) => batch.push(told),
            _ => batches.push(vec![told]),
        }
    }
    batches
}

/// What is kept, but for what depends on when what was heard: how often a clock was set anew, and which shares were told.
pub(crate) async fn kept(bench: &Bench) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT concat_ws(' ', complaint_id, definition, subject_id, state, reason, started_at, due_at, breach_at,
                          calendar_id, calendar_version, told - 'generation' - 'thresholds' - 'next_at')
         FROM clock WHERE reason <> 'superseded' ORDER BY clock_id",
    )
    .fetch_all(bench.db.pool())
    .await
    .unwrap()
}

/// The clocks that were breached once everything is read, and how they ended.
async fn breached(bench: &Bench) -> Vec<String> {
    bench.heard_through(at("2026-12-01T00:00:00Z")).await;
    while bench.firing().look().await.unwrap() != Look::default() {}
    sqlx::query_scalar(
        "SELECT concat_ws(' ', complaint_id, definition, subject_id, told ->> 'breached_at', state)
         FROM clock WHERE told ->> 'breached_at' IS NOT NULL ORDER BY clock_id",
    )
    .fetch_all(bench.db.pool())
    .await
    .unwrap()
}

/// Both are the same; a failure shows only what is not.
pub(crate) fn differ(kept: &[String], expected: &[String], seed: u64) {
    let only = |one: &[String], other: &[String]| {
        one.iter().filter(|line| !other.contains(line)).cloned().collect::<Vec<_>>()
    };
    assert_eq!(only(kept, expected), only(expected, kept), "seed {seed}");
}

#[tokio::test]
async fn topics_in_any_order_give_the_same_clocks() {
    let cases: Vec<Case> = (0..6).map(history).collect();
    let in_order = Bench::new().await;
    for case in &cases {
        case.heard(&in_order).await;
    }
    let expected = kept(&in_order).await;
    assert!(expected.len() > 30, "{}", expected.len());
    let missed = breached(&in_order).await;
    assert!(missed.iter().any(|line| line.ends_with("cancelled")), "{missed:?}");
    for seed in 0..4 {
        let bench = Bench::new().await;
        for batch in shuffled(&cases, seed) {
            bench.hear(&batch).await;
        }
        // A clock that came to light as needless was told and taken back; in order it was never there.
        differ(&kept(&bench).await, &expected, seed);
        // And so are the breaches, of which some are those of clocks that ended before they were judged.
        assert_eq!(breached(&bench).await, missed, "seed {seed}");
    }
}

#[tokio::test]
async fn topics_read_again_change_nothing_and_publish_nothing() {
    let bench = Bench::new().await;
    let cases: Vec<Case> = (0..6).map(history).collect();
    for batch in shuffled(&cases, 9) {
        bench.hear(&batch).await;
    }
    let (clocks, published) = (bench.clocks().await, bench.published().await);
    for case in &cases {
        case.heard(&bench).await;
    }
    for batch in shuffled(&cases, 10) {
        bench.hear(&batch).await;
    }
    assert_eq!(bench.clocks().await, clocks);
    assert_eq!(bench.published().await, published);
}

#[tokio::test]
async fn handlers_of_two_topics_at_once_lose_nothing_of_each_other() {
    let bench = Bench::new().await;
    let cases: Vec<Case> = (0..20).map(history).collect();
    let all = |of: fn(&Case) -> &[Told]| cases.iter().flat_map(of).cloned().collect::<Vec<_>>();
    let (lifecycle, investigation) = (all(|c| &c.lifecycle.events), all(|c| &c.investigation.events));
    let notices = all(|c| &c.notices.events);
    tokio::join!(bench.hear(&lifecycle), bench.hear(&investigation), bench.hear(&notices));
    let together = kept(&bench).await;
    let alone = Bench::new().await;
    for case in &cases {
        case.heard(&alone).await;
    }
    differ(&together, &kept(&alone).await, 0);
    // Reads the versions and finds them without holes.
    bench.events().await;
}
