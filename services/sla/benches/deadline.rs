//! What a deadline costs: 15 working days with three pauses. The aim is 200,000 a second on one core.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to measure")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};
use redress_sla::domain::calendar::known;
use redress_sla::domain::engine::Reckoning;
use redress_sla::domain::pause::Pause;
use redress_sla::domain::time_limit::TimeLimit;
use redress_sla::domain::unit::{DayClose, EventDay, Unit};

fn fifteen_working_days(criterion: &mut Criterion) {
    let calendar = known("cn-office").unwrap();
    // 2026-03-02 10:00 in China.
    let start = Timestamp::from_second(1_772_416_800).unwrap();
    let pause = |hours| {
        let from = start + SignedDuration::from_hours(hours);
        Pause { from, to: Some(from + SignedDuration::from_hours(30)), reason: "lab".to_owned() }
    };
    let limit = TimeLimit {
        start,
        unit: Unit::WorkingDays { close: DayClose::BusinessEnd, event_day: EventDay::Excluded },
        amount: 15,
        extension: 0,
        cap: None,
        pauses: [20, 150, 260].map(pause).to_vec(),
    };
    criterion.bench_function("15 working days, 3 pauses", |bencher| {
        bencher.iter(|| Reckoning::new(calendar, black_box(&limit)).deadline());
    });
}

criterion_group!(benches, fifteen_working_days);
criterion_main!(benches);
