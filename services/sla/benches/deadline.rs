//! What deadlines cost: one of 15 working days with three pauses, of which 200,000 a second on one core are wanted; the same
//! with its warnings; and all clocks of a case.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to measure")]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};
use redress_sla::domain::calendar::known;
use redress_sla::domain::course::{BuiltinCalendars, CaseFacts, course};
use redress_sla::domain::engine::Reckoning;
use redress_sla::domain::fact::{Fact, Value};
use redress_sla::domain::pause::Pause;
use redress_sla::domain::policy::Policy;
use redress_sla::domain::time_limit::TimeLimit;
use redress_sla::domain::unit::{DayClose, EventDay, Unit};
use redress_sla::domain::vocabulary;
use uuid::Uuid;

/// 2026-03-02 10:00 in China.
fn start() -> Timestamp {
    Timestamp::from_second(1_772_416_800).unwrap()
}

fn fifteen_working_days(criterion: &mut Criterion) {
    let calendar = known("cn-office").unwrap();
    let pause = |hours| {
        let from = start() + SignedDuration::from_hours(hours);
        Pause { from, to: Some(from + SignedDuration::from_hours(30)), reason: "lab".to_owned() }
    };
    let limit = TimeLimit {
        start: start(),
        unit: Unit::WorkingDays { close: DayClose::BusinessEnd, event_day: EventDay::Excluded },
        amount: 15,
        extension: 0,
        cap: None,
        pauses: [20, 150, 260].map(pause).to_vec(),
    };
    let mut group = criterion.benchmark_group("15 working days, 3 pauses");
    group.throughput(Throughput::Elements(1));
    group.bench_function("due", |bencher| {
        bencher.iter(|| Reckoning::new(calendar, black_box(&limit)).deadline());
    });
    group.bench_function("due and warned of at 60 and 80 percent", |bencher| {
        bencher.iter(|| {
            let reckoning = Reckoning::new(calendar, black_box(&limit));
            (reckoning.deadline(), reckoning.threshold(60), reckoning.threshold(80))
        });
    });
    group.finish();
}

/// A complaint that is received, accepted, and stands still for three tests.
fn case() -> Vec<Fact> {
    let mut versions: BTreeMap<String, i64> = BTreeMap::new();
    let mut tell = |hours: i64, event: &str, fields: &[(&str, Value)]| {
        let topic = vocabulary::event(event).unwrap().topic().to_owned();
        let version = versions.entry(topic.clone()).or_default();
        *version += 1;
        let fields = fields.iter().map(|(path, value)| ((*path).to_owned(), value.clone())).collect();
        let at = start() + SignedDuration::from_hours(hours);
        Fact { topic, version: *version, at, event: event.to_owned(), fields }
    };
    let mut facts = vec![
        tell(0, "ComplaintRegistered", &[("received_at", Value::Time(start()))]),
        tell(2, "ComplaintAccepted", &[]),
    ];
    for (test, hours) in ["t1", "t2", "t3"].iter().zip([20, 150, 260]) {
        let test = [("test_id", Value::Text((*test).to_owned()))];
        facts.push(tell(hours, "TestOrdered", &test));
        facts.push(tell(hours + 30, "TestReported", &test));
    }
    facts
}

fn clocks_of_a_case(criterion: &mut Criterion) {
    let (tenant, facts, pinned) = ("tenant-a".parse().unwrap(), case(), BTreeMap::new());
    let case = CaseFacts {
        tenant: &tenant,
        complaint_id: Uuid::nil(),
        facts: &facts,
        extensions: &[],
        pinned: &pinned,
    };
    let policy = Policy::builtin();
    let clocks = course(&case, &policy, &BuiltinCalendars).unwrap().len();
    let mut group = criterion.benchmark_group("course");
    group.throughput(Throughput::Elements(u64::try_from(clocks).unwrap()));
    group.bench_function("a case of 8 facts", |bencher| {
        bencher.iter(|| course(black_box(&case), &policy, &BuiltinCalendars));
    });
    group.finish();
}

criterion_group!(benches, fifteen_working_days, clocks_of_a_case);
criterion_main!(benches);
