//! A new version of a calendar: clocks that are computed anew are those that would have been computed with it from the
//! beginning, on twenty thousand random cases.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use proptest::prelude::*;
use redress_sla::domain::calendar::{Calendar, Draft, ExceptionDraft, known};
use redress_sla::domain::course::{BuiltinCalendars, Calendars, CaseFacts, Clock, Pin, course};
use redress_sla::domain::telling::{Mark, Told, What, compare, fire};
use uuid::Uuid;

use crate::story::{Story, name};

const OFFICE: &str = "cn-office";
const VERSIONS: u64 = 24;

/// The office's next version, a calendar each: every few days another one is off, or is worked on.
static NEXT: LazyLock<Vec<Arc<Calendar>>> =
    LazyLock::new(|| (0..VERSIONS).map(|n| Arc::new(next(n))).collect());

fn next(n: u64) -> Calendar {
    let mut draft = Draft { version: "next".to_owned(), ..Draft::from(known(OFFICE).unwrap()) };
    let mut day: Date = "2026-02-24".parse().unwrap();
    while day < "2026-06-30".parse().unwrap() {
        day = day.checked_add((2 + i64::try_from(n).unwrap() % 7).days()).unwrap();
        let date = day.to_string();
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let kind = if weekend { "EXCEPTION_KIND_WORK" } else { "EXCEPTION_KIND_OFF" };
        if draft.exceptions.iter().all(|known| known.date != date) {
            draft.exceptions.push(ExceptionDraft {
                date,
                kind: kind.to_owned(),
                ..ExceptionDraft::default()
            });
        }
    }
    Calendar::try_from(&draft).unwrap()
}

/// The compiled-in calendars, and the office's next version.
struct Published(Arc<Calendar>);

impl Calendars for Published {
    fn get(&self, id: &str, version: Option<&str>) -> Option<Arc<Calendar>> {
        let is_next = id == OFFICE && version.is_none_or(|version| version == self.0.version());
        if is_next { Some(Arc::clone(&self.0)) } else { BuiltinCalendars.get(id, version) }
    }
}

fn clocks(story: &Story, pinned: &BTreeMap<Uuid, Pin>, calendars: &impl Calendars) -> Vec<Clock> {
    let Story { tenant, facts, extensions, policy, .. } = story;
    let case = CaseFacts { tenant, complaint_id: story.complaint(), facts, extensions, pinned };
    course(&case, policy, calendars).unwrap()
}

/// Registered on some day of spring 2026, perhaps urgent, perhaps accepted, perhaps standing still for a while.
fn story() -> impl Strategy<Value = Story> {
    let severity = prop::sample::select(&["GENERAL", "MAJOR"][..]);
    let pause = prop::option::of((1..20_000_i64, 1..9_000_i64));
    (0..60 * 24 * 60_i64, severity, any::<bool>(), any::<bool>(), pause).prop_map(
        |(minute, severity, urgent, accepted, pause)| {
            let text = |minutes: i64| {
                let at: jiff::civil::DateTime = "2026-02-24T00:00".parse().unwrap();
                at.checked_add((minute + minutes).minutes()).unwrap().strftime("%Y-%m-%dT%H:%M").to_string()
            };
            let mut story = Story::registered(&text(0)).assessed(&text(1), severity, urgent);
            if accepted {
                story = story.tell(&text(30), "ComplaintAccepted", &[]);
            }
            if let Some((from, minutes)) = pause {
                let test = [("test_id", name("t1"))];
                story = story.tell(&text(from), "TestOrdered", &test);
                story = story.tell(&text(from + minutes), "TestReported", &test);
            }
            story
        },
    )
}

/// What is kept of a clock, but for how often it was set anew, and what was warned of before.
fn kept(told: &Told) -> Told {
    let mut told = Told { generation: 0, next_at: None, breached_at: None, ..told.clone() };
    told.thresholds.retain(|threshold| threshold.mark == Mark::Waiting);
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn recomputation_after_a_calendar_version_equals_fresh_computation(
        story in story(),
        version in 0..VERSIONS,
        minutes in 0..40_000_i64,
    ) {
        let published = Published(Arc::clone(&NEXT[usize::try_from(version).unwrap()]));
        let none = BTreeMap::new();
        let before = clocks(&story, &none, &BuiltinCalendars);
        // Until the calendar is published some shares are warned of, and some clocks are breached.
        let now: Timestamp = story.facts[0].at + SignedDuration::from_mins(minutes);
        let told: BTreeMap<Uuid, Told> =
            before.iter().map(|clock| (clock.id, fire(&compare(None, clock).0, now, Some(now)).told)).collect();

        // Every eighth time is often enough for this.
        if minutes % 8 == 0 {
            let pin = |clock: &Clock| Pin { calendar: clock.calendar.clone(), policy: None };
            let pins = before.iter().map(|clock| (clock.id, pin(clock))).collect();
            prop_assert_eq!(&clocks(&story, &pins, &published), &before, "a clock keeps its version until it is computed anew");
        }

        for clock in clocks(&story, &none, &published) {
            let was = &told[&clock.id];
            // An ended clock is not computed anew.
            if was.is_over() {
                continue;
            }
            let (fresh, _) = compare(None, &clock);
            let (after, tellings) = compare(Some(was), &clock);
            let waiting = |told: &Told| told.thresholds.iter().map(|t| t.percent).collect::<Vec<_>>();
            // A share that was warned of stays warned of; all others are where a fresh clock has them.
            let mut expected = kept(&fresh);
            expected.thresholds.retain(|t| waiting(&kept(&after)).contains(&t.percent));
            prop_assert_eq!(&kept(&after), &expected, "{}", clock.definition);
            for fired in was.thresholds.iter().filter(|t| t.mark == Mark::Warned) {
                prop_assert!(after.thresholds.contains(fired), "{} forgot a warning", clock.definition);
            }
            prop_assert_eq!(after.breached_at, was.breached_at);
            let told_so = tellings.iter().any(|one| matches!(one.what, What::Recalculated { reason: "calendar", .. }));
            prop_assert_eq!(told_so, was.due_at != fresh.due_at, "{} {:?}", clock.definition, tellings);
            let again = compare(Some(&after), &clock);
            prop_assert_eq!((again.0, again.1.len()), (after, 0), "once");
        }
    }
}

#[test]
fn the_new_versions_do_move_deadlines() {
    let story = Story::registered("2026-03-02T10:00").assessed("2026-03-02T10:01", "GENERAL", false);
    let before = clocks(&story, &BTreeMap::new(), &BuiltinCalendars);
    let moved = NEXT.iter().filter(|next| {
        let after = clocks(&story, &BTreeMap::new(), &Published(Arc::clone(next)));
        before.iter().zip(&after).any(|(before, after)| before.due_at() != after.due_at())
    });
    assert!(moved.count() > 10);
}
