//! What holds of every clock, on twenty thousand random ones a property.

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use proptest::prelude::*;
use redress_sla::domain::calendar::{Calendar, Draft, ExceptionDraft, known};
use redress_sla::domain::engine::{Reckoning, Step};
use redress_sla::domain::pause::Pause;
use redress_sla::domain::time_limit::{Cap, TimeLimit};
use redress_sla::domain::unit::{DayClose, EventDay, RollForward, Scale, Unit};

const IDS: [&str; 5] = ["cn-office", "cn-7x12", "cn-24x7", "cn-live", "de-24x7"];
const MINUTES_FROM_START: i64 = 40 * 24 * 60;

fn unit() -> impl Strategy<Value = Unit> {
    let event_day = prop_oneof![Just(EventDay::Excluded), Just(EventDay::Included)];
    let close = prop_oneof![Just(DayClose::BusinessEnd), Just(DayClose::Midnight)];
    let roll = prop::sample::select(RollForward::ALL);
    let scale = prop_oneof![Just(Scale::Minutes), Just(Scale::Hours)];
    (event_day, close, roll, scale, 0..5).prop_map(|(event_day, close, roll, scale, kind)| match kind {
        0 => Unit::WorkingDays { close, event_day },
        1 => Unit::CalendarDays { event_day, roll },
        2 => Unit::Months { roll },
        3 => Unit::Business(scale),
        _ => Unit::Elapsed(scale),
    })
}

fn calendar() -> impl Strategy<Value = &'static Calendar> {
    prop::sample::select(&IDS[..]).prop_map(|id| known(id).unwrap())
}

fn pause(start: Timestamp) -> impl Strategy<Value = Pause> {
    (-600..MINUTES_FROM_START, 0..8_000_i64).prop_map(move |(from, minutes)| {
        let from = start + SignedDuration::from_mins(from);
        Pause { from, to: Some(from + SignedDuration::from_mins(minutes)), reason: "lab".to_owned() }
    })
}

fn limit() -> impl Strategy<Value = TimeLimit> {
    // 2024-01-01 to the end of 2026, over six changes of Berlin's clocks.
    let start = (1_704_067_200_i64..1_798_000_000).prop_map(|second| Timestamp::from_second(second).unwrap());
    (start, unit(), 1..20_i64, 0..5_i64, any::<bool>()).prop_flat_map(
        |(start, unit, amount, extension, capped)| {
            // Two months walk as many days as any other clock here.
            let amount = if matches!(unit, Unit::Months { .. }) { 1 + amount % 2 } else { amount };
            let extension = if matches!(unit, Unit::Months { .. }) { extension % 2 } else { extension };
            let cap_amount = amount + 1;
            prop::collection::vec(pause(start), 0..4).prop_map(move |pauses| TimeLimit {
                start,
                unit,
                amount,
                extension,
                cap: capped
                    .then_some(Cap { amount: cap_amount, pause_reasons: Some(vec!["suspended".to_owned()]) }),
                pauses,
            })
        },
    )
}

/// Next versions of each calendar: every third day is off too, every fourth, and so on; each as it was published, and as
/// another process reads it.
static NEXT: LazyLock<Vec<[Calendar; 2]>> = LazyLock::new(|| {
    let next = |id: &str, every: usize| {
        let mut draft = Draft { version: "next".to_owned(), ..Draft::from(known(id).unwrap()) };
        let begin: Date = "2024-01-01".parse().unwrap();
        for day in begin.series(1.day()).take(3 * 365).step_by(every).map(|day| day.to_string()) {
            if draft.exceptions.iter().all(|known| known.date != day) {
                let kind = "EXCEPTION_KIND_OFF".to_owned();
                draft.exceptions.push(ExceptionDraft { date: day, kind, ..ExceptionDraft::default() });
            }
        }
        let published = Calendar::try_from(&draft).unwrap();
        let read = Calendar::try_from(&Draft::from(&published)).unwrap();
        [published, read]
    };
    IDS.iter().flat_map(|id| (3..3 + VERSIONS).map(move |every| next(id, every))).collect()
});
/// Of each calendar.
const VERSIONS: usize = 6;

fn due(calendar: &Calendar, limit: &TimeLimit) -> Timestamp {
    Reckoning::new(calendar, limit).deadline().unwrap().due.unwrap().at
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, max_shrink_iters: 500, ..ProptestConfig::default() })]

    #[test]
    fn more_pause_never_makes_a_deadline_earlier(
        calendar in calendar(),
        (limit, more) in limit().prop_flat_map(|limit| { let more = pause(limit.start); (Just(limit), more) }),
        percent in 1..=100_u8,
    ) {
        let mut longer = limit.clone();
        longer.pauses.push(more);
        prop_assert!(due(calendar, &longer) >= due(calendar, &limit));
        let threshold = |limit| Reckoning::new(calendar, limit).threshold(percent).unwrap();
        prop_assert!(threshold(&longer) >= threshold(&limit), "threshold");
    }

    #[test]
    fn splitting_a_pause_changes_nothing(calendar in calendar(), limit in limit(), percent in 0..=100_i64, share in 1..=100_u8) {
        let mut split = limit.clone();
        split.pauses = limit.pauses.iter().flat_map(|pause| {
            let to = pause.to.unwrap();
            let middle = pause.from + SignedDuration::from_millis(to.duration_since(pause.from).as_secs() * 10 * percent);
            [Pause { to: Some(middle), ..pause.clone() }, Pause { from: middle, ..pause.clone() }]
        }).rev().collect();
        prop_assert_eq!(due(calendar, &split), due(calendar, &limit));
        let share = |limit| Reckoning::new(calendar, limit).threshold(share).unwrap();
        prop_assert_eq!(share(&split), share(&limit));
    }

    #[test]
    fn a_later_start_never_makes_a_deadline_earlier(calendar in calendar(), limit in limit(), later in 0..9_000_i64) {
        // Months differ in length, so that a pause may hold a day of the earlier start alone: 01-28 and 01-31 both end
        // on 02-28, but a pause on 01-30 moves only the former.
        let pauses = if matches!(limit.unit, Unit::Months { .. }) { vec![] } else { limit.pauses.clone() };
        let limit = TimeLimit { pauses, ..limit };
        let start = limit.start + SignedDuration::from_mins(later);
        let moved = TimeLimit { start, ..limit.clone() };
        prop_assert!(due(calendar, &moved) >= due(calendar, &limit));
    }

    #[test]
    fn recomputation_under_a_new_version_equals_fresh_computation(
        calendar in 0..IDS.len(),
        version in 0..VERSIONS,
        limit in limit(),
    ) {
        let [published, read] = &NEXT[calendar * VERSIONS + version];
        let before = Reckoning::new(known(IDS[calendar]).unwrap(), &limit).deadline().unwrap();
        let after = Reckoning::new(published, &limit).deadline().unwrap();
        prop_assert_eq!(Reckoning::new(read, &limit).deadline().unwrap(), after);
        // Where days are only taken away nothing is due earlier.
        prop_assert!(after.due.unwrap().at >= before.due.unwrap().at);
    }

    #[test]
    fn paused_and_running_time_make_up_the_wall_time(calendar in calendar(), limit in limit(), business in any::<bool>()) {
        let unit = if business { Unit::Business(Scale::Hours) } else { Unit::Elapsed(Scale::Hours) };
        let limit = TimeLimit { unit, cap: None, extension: 0, ..limit };
        let mut steps = Vec::new();
        let deadline = Reckoning::new(calendar, &limit).explain(&mut steps).unwrap();
        let (mut ran, mut other) = (0, 0);
        for step in steps {
            match step {
                Step::Ran(span) => ran += span.milliseconds(),
                Step::Stood(span) | Step::Outside(span) => other += span.milliseconds(),
                _ => {}
            }
        }
        let wall = deadline.due.unwrap().at.as_millisecond() - limit.start.as_millisecond();
        prop_assert_eq!(ran, limit.amount * 3_600_000);
        prop_assert_eq!(ran + other, wall);
    }

    #[test]
    fn every_day_up_to_the_due_day_is_counted_held_or_free(calendar in calendar(), limit in limit(), working in any::<bool>()) {
        let event_day = EventDay::Excluded;
        let (close, roll) = (DayClose::BusinessEnd, RollForward::Off);
        let unit = if working { Unit::WorkingDays { close, event_day } } else { Unit::CalendarDays { event_day, roll } };
        let limit = TimeLimit { unit, cap: None, extension: 0, ..limit };
        let mut steps = Vec::new();
        let deadline = Reckoning::new(calendar, &limit).explain(&mut steps).unwrap();
        let event_day = limit.start.to_zoned(calendar.zone().clone()).date();
        let (mut day, mut counted) = (event_day, 0);
        for step in steps {
            let (Step::Counted { day: seen, .. } | Step::Held { day: seen } | Step::Idle { day: seen }) = step else {
                panic!("{step:?} in a count of days");
            };
            day = day.tomorrow().unwrap();
            prop_assert_eq!(seen, day, "each day once, in order");
            counted += i64::from(matches!(step, Step::Counted { .. }));
        }
        prop_assert_eq!(counted, limit.amount);
        prop_assert_eq!(Some(day), deadline.due.unwrap().date);
    }

    #[test]
    fn no_day_clock_is_due_inside_a_pause(calendar in calendar(), limit in limit()) {
        let limit = TimeLimit { cap: None, ..limit };
        let due = due(calendar, &limit);
        let inside = limit.pauses.iter().any(|pause| pause.from < due && pause.to.is_some_and(|to| due <= to));
        prop_assert!(!inside);
    }
}

#[test]
fn the_new_versions_do_move_deadlines() {
    let start: Timestamp = "2025-05-12T02:00:00Z".parse().unwrap();
    let (close, event_day) = (DayClose::BusinessEnd, EventDay::Excluded);
    let unit = Unit::WorkingDays { close, event_day };
    let limit = TimeLimit { start, unit, amount: 15, extension: 0, cap: None, pauses: Vec::new() };
    for (at, [next, _]) in NEXT.iter().enumerate() {
        assert!(due(next, &limit) > due(known(IDS[at / VERSIONS]).unwrap(), &limit), "{} {at}", next.id());
    }
}
