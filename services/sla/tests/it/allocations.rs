//! A walk costs no memory: as many allocations for ten times as many days, which is none.

use std::hint::black_box;

use allocation_counter::measure;
use jiff::{SignedDuration, Timestamp};
use redress_sla::domain::calendar::known;
use redress_sla::domain::engine::Reckoning;
use redress_sla::domain::pause::Pause;
use redress_sla::domain::time_limit::TimeLimit;
use redress_sla::domain::unit::{DayClose, EventDay, RollForward, Scale, Unit};

/// Three pauses from 2026-03-02 10:00 in China on, of 30 hours each.
fn limit(unit: Unit, amount: i64) -> TimeLimit {
    let start = Timestamp::from_second(1_772_416_800).unwrap();
    let pause = |hours| {
        let from = start + SignedDuration::from_hours(hours);
        Pause { from, to: Some(from + SignedDuration::from_hours(30)), reason: "lab".to_owned() }
    };
    TimeLimit { start, unit, amount, extension: 0, cap: None, pauses: [20, 150, 260].map(pause).to_vec() }
}

#[test]
fn no_day_that_is_walked_allocates() {
    let event_day = EventDay::Excluded;
    let units = [
        Unit::WorkingDays { close: DayClose::BusinessEnd, event_day },
        Unit::WorkingDays { close: DayClose::Midnight, event_day },
        Unit::CalendarDays { event_day, roll: RollForward::Rest },
        Unit::Business(Scale::Hours),
        Unit::Elapsed(Scale::Hours),
    ];
    for id in ["cn-office", "de-24x7"] {
        let calendar = known(id).unwrap();
        for unit in units {
            for amount in [15, 150] {
                let limit = limit(unit, amount);
                let reckoning = Reckoning::new(calendar, &limit);
                // The zone's rules are read once.
                let (first, share) = (reckoning.deadline().unwrap(), reckoning.threshold(80).unwrap());
                let mut again = None;
                let counted = measure(|| again = Some((reckoning.deadline(), reckoning.threshold(80))));
                assert_eq!(black_box(again), Some((Ok(first), Ok(share))));
                assert_eq!(counted.count_total, 0, "{id}, {amount} of {unit:?}");
            }
        }
    }
    // It does count: the steps of an explanation are kept.
    let limit = limit(units[0], 15);
    let reckoning = Reckoning::new(known("cn-office").unwrap(), &limit);
    let explained = measure(|| {
        let mut steps = Vec::new();
        reckoning.explain(&mut steps).unwrap();
        black_box(steps);
    });
    assert!(explained.count_total > 0);
}
