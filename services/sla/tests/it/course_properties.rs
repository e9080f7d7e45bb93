//! What holds of the clocks of every case, on two thousand random courses of events a property, each of some ten clocks.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use redress_sla::domain::course::{Clock, Extension, State};
use redress_sla::domain::fact::{Fact, Fields, Value};
use redress_sla::domain::telling::{Mark, Told, ToldState, compare, fire};
use redress_sla::domain::vocabulary;

use crate::story::Story;

/// Events that move clocks, with the fields that decide it.
const EVENTS: [(&str, &[(&str, &str)]); 40] = [
    ("CompletionRequested", &[]),
    ("CompletionSupplied", &[]),
    ("ComplaintAccepted", &[]),
    ("ComplaintRefused", &[]),
    ("RefusalReviewRequested", &[]),
    ("ComplaintLapsed", &[]),
    ("ComplaintMerged", &[]),
    ("ComplaintUnmerged", &[]),
    ("ComplaintClosed", &[]),
    ("ComplaintReopened", &[]),
    ("AssessmentApplied", &[("urgent", "true"), ("severity", "SEVERITY_MAJOR")]),
    ("AssessmentApplied", &[("urgent", "false"), ("severity", "SEVERITY_GENERAL")]),
    (
        "ComplaintAdvanced",
        &[("to", "COMPLAINT_STATE_RESULT_NOTIFIED"), ("from", "COMPLAINT_STATE_EXECUTING")],
    ),
    ("ComplaintAdvanced", &[("to", "COMPLAINT_STATE_UNDER_APPEAL"), ("from", "COMPLAINT_STATE_CLOSED")]),
    ("CaseSuspended", &[("reason", "court")]),
    ("CaseSuspended", &[("reason", "recusal")]),
    ("CaseResumed", &[]),
    ("InvestigationOpened", &[]),
    ("TestOrdered", &[("test_id", "t1")]),
    ("TestReported", &[("test_id", "t1")]),
    ("TestOrdered", &[("test_id", "t2")]),
    ("TestReported", &[("test_id", "t2")]),
    (
        "EvidenceRequested",
        &[("request_id", "r1"), ("party", "AWAITED_PARTY_COMPLAINANT"), ("due_at", "+2880")],
    ),
    ("EvidenceRequestExtended", &[("request_id", "r1"), ("due_at", "+2880")]),
    ("EvidenceSubmitted", &[("request_id", "r1"), ("request_settled", "true"), ("cancelled", "false")]),
    ("EvidenceRequestLapsed", &[("request_id", "r1")]),
    (
        "NoticeSent",
        &[
            ("kind", "NOTICE_KIND_N01_RECEIPT"),
            ("addressee.role", "complainant"),
            ("receipts_expected", "true"),
        ],
    ),
    (
        "NoticeSent",
        &[
            ("kind", "NOTICE_KIND_N12_RESULT"),
            ("addressee.role", "complainant"),
            ("receipts_expected", "false"),
        ],
    ),
    ("NegotiationOpened", &[("due_at", "+2880")]),
    ("OfferCountered", &[("party.role", "AWAITED_PARTY_RESPONDENT"), ("proposal_id", "p1")]),
    ("PlanApproved", &[("proposal_id", "p1")]),
    ("ProposalSent", &[("proposal_id", "p1"), ("due_at", "+2880")]),
    ("ProposalRevised", &[("proposal_id", "p1"), ("within_bounds", "true"), ("due_at", "+2880")]),
    ("SettlementReached", &[("proposal_id", "p1")]),
    ("MediationTerminated", &[]),
    ("RemedyOrdered", &[("remedy_id", "m1"), ("type", "REMEDY_TYPE_REFUND_ONLY")]),
    ("RemedyExecuted", &[("remedy_id", "m1")]),
    ("AppealFiled", &[("appeal_id", "a1"), ("appellant.role", "AWAITED_PARTY_COMPLAINANT")]),
    ("AppealDecided", &[("appeal_id", "a1")]),
    ("ResultAccepted", &[]),
];

/// 2026-03-09 10:00 in China.
const START: i64 = 1_773_021_600;

fn value(text: &str, at: Timestamp) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        minutes if minutes.starts_with('+') => {
            Value::Time(at + SignedDuration::from_mins(minutes[1..].parse().unwrap()))
        }
        name => Value::Text(name.to_owned()),
    }
}

/// A complaint and what follows, with minutes between the events; often none, as where one event causes the next.
fn story() -> impl Strategy<Value = Story> {
    let step = (0..EVENTS.len(), prop_oneof![Just(0_i64), 1..600_i64, 600..9_000_i64]);
    prop::collection::vec(step, 0..14).prop_map(|steps| {
        let mut story = Story::new();
        let mut at = Timestamp::from_second(START).unwrap();
        let mut versions: BTreeMap<String, i64> = BTreeMap::new();
        let mut tell = |event: &str, fields: Fields, at: Timestamp| {
            let topic = vocabulary::event(event).unwrap().topic().to_owned();
            let version = versions.entry(topic.clone()).or_default();
            *version += 1;
            Fact { topic, version: *version, at, event: event.to_owned(), fields }
        };
        let registered = [
            ("received_at".to_owned(), Value::Time(at)),
            ("submission.origin".to_owned(), Value::Text("ORIGIN_CONSUMER".to_owned())),
        ];
        story.facts.push(tell("ComplaintRegistered", registered.into(), at));
        for (event, minutes) in steps {
            at += SignedDuration::from_mins(minutes);
            let (name, fields) = EVENTS[event];
            let fields = fields.iter().map(|(path, text)| ((*path).to_owned(), value(text, at))).collect();
            story.facts.push(tell(name, fields, at));
        }
        story
    })
}

/// The same facts in another order.
fn shuffled(story: &Story, seed: u64) -> Story {
    let mut other = story.clone();
    let key = |fact: &Fact| {
        let mix = redress_domain::derived_id(
            "test",
            &[fact.topic.as_bytes(), &fact.version.to_be_bytes(), &seed.to_be_bytes()],
        );
        *mix.as_bytes()
    };
    other.facts.sort_by_cached_key(key);
    other
}

fn over(state: &State) -> bool {
    matches!(state, State::Met { .. } | State::Cancelled { .. })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, max_shrink_iters: 500, ..ProptestConfig::default() })]

    #[test]
    fn the_order_in_which_facts_are_heard_does_not_matter(story in story(), seed in any::<u64>()) {
        let clocks = story.clocks();
        prop_assert_eq!(&shuffled(&story, seed).clocks(), &clocks);
        let mut twice = story.clone();
        twice.facts.extend(story.facts.clone());
        prop_assert_eq!(twice.clocks(), clocks, "delivered twice");
    }

    #[test]
    fn no_clock_of_the_case_runs_after_its_end_and_none_twice_at_once(story in story()) {
        let clocks = story.clocks();
        let ended = story.facts.iter().rposition(|fact| ["ComplaintClosed", "ComplaintMerged", "ComplaintLapsed"].contains(&fact.event.as_str()));
        if ended.is_some_and(|last| last + 1 == story.facts.len()) {
            for clock in clocks.iter().filter(|clock| clock.scope == redress_sla::domain::policy::Scope::Case) {
                prop_assert!(over(&clock.state), "{} is {:?}", clock.definition, clock.state);
            }
        }
        let mut ids: Vec<_> = clocks.iter().map(|clock| clock.id).collect();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), clocks.len(), "each run has an identity of its own");
        let open = |clock: &&Clock| !over(&clock.state);
        let mut running: Vec<_> = clocks.iter().filter(open).map(|clock| (&clock.definition, &clock.subject)).collect();
        let all = running.len();
        running.sort_unstable();
        running.dedup();
        prop_assert_eq!(running.len(), all);
    }

    #[test]
    fn a_clock_that_is_over_is_not_changed_by_what_happens_later(story in story()) {
        let whole: BTreeMap<_, _> = story.clocks().into_iter().map(|clock| (clock.id, clock)).collect();
        let last = story.facts.last().unwrap().at;
        let mut earlier = story.clone();
        // Facts of one instant come together: nobody can tell which of them was first.
        earlier.facts.retain(|fact| fact.at < last);
        for clock in earlier.clocks().iter().filter(|clock| over(&clock.state)) {
            prop_assert_eq!(whole.get(&clock.id), Some(clock));
        }
    }

    #[test]
    fn a_further_test_never_makes_a_deadline_earlier(story in story(), from in 0..20_000_i64, minutes in 0..9_000_i64) {
        let before: BTreeMap<_, _> = story.clocks().into_iter().map(|clock| (clock.id, clock)).collect();
        let mut longer = story.clone();
        let from = Timestamp::from_second(START).unwrap() + SignedDuration::from_mins(from);
        // A laboratory of its own topic, so that no other event gets another version.
        for (version, event, at) in [(1, "TestOrdered", from), (2, "TestReported", from + SignedDuration::from_mins(minutes))] {
            let fields = [("test_id".to_owned(), Value::Text("t9".to_owned()))].into();
            longer.facts.push(Fact { topic: "a.laboratory".to_owned(), version, at, event: event.to_owned(), fields });
        }
        for clock in longer.clocks() {
            let Some(earlier) = before.get(&clock.id) else { continue };
            // An assessment that comes after the old deadline and before the new one may then still count.
            if clock.variant == earlier.variant && let (Some(now), Some(was)) = (clock.due_at(), earlier.due_at()) {
                prop_assert!(now >= was, "{}: {now} before {was}", clock.definition);
            }
        }
    }

    #[test]
    fn hearing_facts_one_by_one_ends_where_hearing_all_at_once_does(story in story(), seed in any::<u64>()) {
        let order = shuffled(&story, seed);
        let mut kept: BTreeMap<uuid::Uuid, Told> = BTreeMap::new();
        for heard in 1..=order.facts.len() {
            let mut so_far = order.clone();
            so_far.facts.truncate(heard);
            for clock in so_far.clocks() {
                let (told, _) = compare(kept.get(&clock.id), &clock);
                let again = compare(Some(&told), &clock);
                prop_assert_eq!((&again.0, again.1.len()), (&told, 0), "a replay tells nothing");
                kept.insert(clock.id, told);
            }
        }
        for clock in order.clocks() {
            let told = &kept[&clock.id];
            let fresh = compare(None, &clock).0;
            let stands = |told: &Told| (told.state, told.due_at, told.ended_at, told.end_reason.clone(), told.breached_at, told.to_judge);
            prop_assert_eq!(stands(told), stands(&fresh), "{}", clock.definition);
        }
    }

    #[test]
    fn firing_is_never_early_and_never_twice(story in story(), steps in prop::collection::vec(1..6_000_i64, 1..12), lag in 0..3_000_i64) {
        for clock in story.clocks() {
            let (mut told, _) = compare(None, &clock);
            let (mut warned, mut breached) = (Vec::new(), 0);
            let mut now = Timestamp::from_second(START).unwrap();
            for minutes in &steps {
                now += SignedDuration::from_mins(*minutes);
                let through = now - SignedDuration::from_mins(lag);
                let fired = fire(&told, now, Some(through));
                if let Some(warning) = fired.warning {
                    prop_assert!(warning.at <= now);
                    prop_assert!(warned.last().is_none_or(|last| *last < warning.percent));
                    warned.push(warning.percent);
                }
                if let Some(breach) = fired.breach {
                    prop_assert!(breach.due_at <= through && Some(breach.due_at) == clock.due_at());
                    prop_assert_eq!(&breach.warned, &warned);
                    breached += 1;
                }
                told = fired.told;
                if told.is_over() {
                    prop_assert!(warned.is_empty() && (breached == 0 || clock.missed().is_some()));
                }
            }
            prop_assert!(breached <= 1);
            let passed = told.thresholds.iter().filter(|threshold| threshold.mark == Mark::Warned).count();
            prop_assert_eq!(passed, warned.len());
            if (told.state == ToldState::Running || told.to_judge) && breached == 0 && clock.due_at().is_some_and(|due| due + SignedDuration::from_mins(lag) <= now) {
                prop_assert!(false, "{} was never declared", clock.definition);
            }
        }
    }

    #[test]
    fn an_extension_never_passes_the_longest_time(story in story(), amount in 1..60_i64) {
        let Some(clock) = story.runs("C13").pop().filter(|clock| clock.variant.is_empty()) else { return Ok(()) };
        let longest = story.runs("C14").pop().unwrap();
        let mut longer = story.clone();
        longer.extensions = vec![Extension { clock: clock.id, amount }];
        let extended = longer.runs("C13").pop().unwrap();
        if extended.variant.is_empty() && longest.variant.is_empty() && extended.started_at == longest.started_at
            && let (Some(due), Some(cap)) = (extended.due_at(), longest.due_at())
        {
            prop_assert!(due <= cap, "{due} after {cap}");
            prop_assert!(extended.due_at() >= clock.due_at());
        }
    }
}
