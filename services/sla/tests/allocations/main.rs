//! A walk costs no memory: as many allocations for ten times as many days, which is none.
//!
//! A program has one allocator. Whatever links the service has the runtime's, so this test is made of the engine's own files,
//! in a program of its own, with one that counts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::wrong_self_convention,
    reason = "the engine's files are written for a library, and more is in them than is asked for here"
)]

mod domain;

use std::hint::black_box;

use allocation_counter::measure;
use jiff::{SignedDuration, Timestamp};

use crate::domain::calendar::known;
use crate::domain::engine::Reckoning;
use crate::domain::pause::Pause;
use crate::domain::time_limit::{Cap, TimeLimit};
use crate::domain::unit::{DayClose, EventDay, RollForward, Scale, Unit};

/// Three pauses from 2026-03-02 10:00 in China on, of 30 hours each; extended, with a cap that does not come first.
fn limit(unit: Unit, amount: i64) -> TimeLimit {
    let start = Timestamp::from_second(1_772_416_800).unwrap();
    let pause = |hours| {
        let from = start + SignedDuration::from_hours(hours);
        Pause { from, to: Some(from + SignedDuration::from_hours(30)), reason: "lab".to_owned() }
    };
    let cap = Some(Cap { amount: amount + 2, pause_reasons: None });
    TimeLimit { start, unit, amount, extension: 1, cap, pauses: [20, 150, 260].map(pause).to_vec() }
}

const UNITS: [Unit; 6] = [
    Unit::WorkingDays { close: DayClose::BusinessEnd, event_day: EventDay::Excluded },
    Unit::WorkingDays { close: DayClose::Midnight, event_day: EventDay::Included },
    Unit::CalendarDays { event_day: EventDay::Excluded, roll: RollForward::Rest },
    Unit::Months { roll: RollForward::Plan },
    Unit::Business(Scale::Hours),
    Unit::Elapsed(Scale::Hours),
];

#[test]
fn no_day_that_is_walked_allocates() {
    for id in ["cn-office", "de-24x7"] {
        let calendar = known(id).unwrap();
        for unit in UNITS {
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
}

#[test]
fn a_deadline_from_its_facts_to_its_end_allocates_the_same_for_ten_times_as_many_days() {
    let calendar = known("cn-office").unwrap();
    for unit in UNITS {
        let [few, many] = [15, 150].map(|amount| {
            let limit = limit(unit, amount);
            let whole = || {
                black_box(Reckoning::new(calendar, &limit).deadline()).unwrap();
            };
            whole();
            measure(whole).count_total
        });
        // The pauses of the two clocks are made one list each; that it counts at all is seen by that.
        assert!(few > 0);
        assert_eq!(few, many, "{unit:?}");
    }
}
