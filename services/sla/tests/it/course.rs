//! How facts move clocks, whatever the clock: ends of a case and what undoes them, other terms for a reassessed case,
//! extensions, calendars, and one answer in whatever order things are heard.

use std::collections::BTreeMap;

use redress_sla::domain::course::{
    BuiltinCalendars, CalendarPin, Calendars, CaseFacts, Extension, Fault, Pin, Policies, State, course,
};
use redress_sla::domain::fact::FactRef;
use redress_sla::domain::policy::{Policy, Scope};

use crate::story::{Story, at, due, name, state, time, yes};

const CASE: &str = "2026-03-09T10:00";

fn states(story: &Story) -> BTreeMap<String, String> {
    story.clocks().iter().map(|clock| (clock.definition.clone(), state(clock))).collect()
}

#[test]
fn whatever_ends_a_case_ends_all_its_clocks_at_once() {
    let ends = [
        ("ComplaintClosed", "closed"),
        ("ComplaintWithdrawn", "withdrawn"),
        ("ComplaintLapsed", "lapsed"),
        ("ComplaintMerged", "merged"),
    ];
    for (event, reason) in ends {
        let story = Story::registered(CASE).tell("2026-03-10T10:00", event, &[]);
        let clocks = story.clocks();
        assert!(clocks.len() >= 6);
        let of_case = clocks.iter().filter(|clock| clock.scope == Scope::Case);
        for clock in of_case.filter(|clock| clock.definition != "C04") {
            let expected = State::Cancelled { at: at("2026-03-10T10:00"), reason: reason.to_owned() };
            assert_eq!(clock.state, expected, "{event} {}", clock.definition);
        }
    }
    let advanced =
        Story::registered(CASE).advanced("2026-03-10T10:00", "UNDER_APPEAL", "CLOSED", "AppealDecided");
    assert!(advanced.clock("C13").is_over());
    let refused = Story::registered(CASE).tell("2026-03-10T10:00", "ComplaintRefused", &[]);
    assert_eq!(state(&refused.clock("C06")), "met", "what meets a clock comes before what ends the case");
    assert_eq!(state(&refused.clock("C13")), "cancelled refused");
}

#[test]
fn what_meets_a_clock_at_the_instant_the_case_ends_has_met_it() {
    // The lifecycle's event sorts first, the letter belongs to another topic: nobody can tell which came first.
    let story = Story::registered(CASE).tell("2026-03-09T10:30", "ComplaintClosed", &[]).tell(
        "2026-03-09T10:30",
        "NoticeSent",
        &[("kind", name("NOTICE_KIND_N01_RECEIPT"))],
    );
    assert_eq!(state(&story.clock("C05")), "met");
    assert_eq!(state(&story.clock("C13")), "cancelled closed");
}

#[test]
fn a_clock_that_ended_with_the_case_runs_anew_when_the_case_does() {
    let merged = Story::registered(CASE).tell("2026-03-10T10:00", "ComplaintMerged", &[]);
    let unmerged = merged.clone().tell("2026-03-16T10:00", "ComplaintUnmerged", &[]);
    let runs = unmerged.runs("C13");
    assert_eq!(runs.iter().map(state).collect::<Vec<_>>(), ["cancelled merged", "running"]);
    assert_eq!(
        (runs[1].started_at, due(&runs[1])),
        (at("2026-03-16T10:00"), "2026-04-07T18:00:00".to_owned())
    );
    assert_ne!(runs[0].id, runs[1].id);
    // What was met is not owed again.
    assert_eq!(unmerged.runs("C04").len(), 1);

    let reviewed = Story::registered(CASE).tell("2026-03-10T10:00", "ComplaintRefused", &[]).tell(
        "2026-03-16T10:00",
        "RefusalReviewRequested",
        &[],
    );
    assert_eq!(reviewed.runs("C06").iter().map(state).collect::<Vec<_>>(), ["met", "running"]);
    assert_eq!(reviewed.runs("C13").iter().map(state).collect::<Vec<_>>(), ["cancelled refused", "running"]);

    // A reopening of another kind of end undoes nothing.
    let other = merged.tell("2026-03-16T10:00", "ComplaintReopened", &[]);
    assert_eq!(other.runs("C15").len() + other.runs("C32").len(), 1);
}

#[test]
fn a_closed_case_that_is_appealed_or_reopened_has_clocks_again() {
    let closed = Story::registered(CASE)
        .advanced("2026-03-10T10:00", "EXECUTING", "RESULT_NOTIFIED", "RemedyExecuted")
        .tell("2026-03-11T10:00", "ComplaintClosed", &[]);
    let reopened = closed.clone().tell("2026-03-16T10:00", "ComplaintReopened", &[]);
    assert_eq!(reopened.runs("C13").iter().map(state).collect::<Vec<_>>(), ["met", "running"]);
    assert_eq!(reopened.runs("C14").len(), 2);
    let appealed = closed.advanced("2026-03-16T10:00", "CLOSED", "UNDER_APPEAL", "AppealFiled");
    assert_eq!(appealed.runs("C32").iter().map(state).collect::<Vec<_>>(), ["cancelled closed", "running"]);
}

#[test]
fn an_announced_instant_holds_after_a_reopening_as_long_as_it_has_not_passed() {
    let merged = Story::registered(CASE)
        .tell(
            "2026-03-09T12:00",
            "EvidenceRequested",
            &[("request_id", name("r")), ("due_at", time("2026-03-20T12:00"))],
        )
        .tell("2026-03-10T10:00", "ComplaintMerged", &[]);
    let soon = merged.clone().tell("2026-03-16T10:00", "ComplaintUnmerged", &[]).runs("C11");
    assert_eq!((soon[1].announced, due(&soon[1])), (true, "2026-03-20T12:00:00".to_owned()));
    let late = merged.tell("2026-03-25T10:00", "ComplaintUnmerged", &[]).runs("C11");
    assert_eq!((late[1].announced, due(&late[1])), (false, "2026-03-27T10:00:00".to_owned()));
}

#[test]
fn a_reassessment_moves_a_running_clock_and_never_one_that_was_due_or_would_have_been() {
    let at_once = Story::registered(CASE).assessed("2026-03-09T10:00:05", "MAJOR", true);
    let clock = at_once.clock("C13");
    assert_eq!((clock.variant.as_str(), due(&clock).as_str()), ("urgent", "2026-03-18T18:00:00"));
    assert_eq!(clock.changed_at, at("2026-03-09T10:00:05"));
    let again = at_once.tell(
        "2026-03-11T10:00",
        "AssessmentApplied",
        &[("severity", name("SEVERITY_MAJOR")), ("urgent", yes(false))],
    );
    assert_eq!(due(&again.clock("C13")), "2026-03-30T18:00:00");
    // Seven working days ended on 03-18: nobody could have met that.
    let too_late = Story::registered(CASE).assessed("2026-03-19T10:00", "MAJOR", true).clock("C13");
    assert_eq!((too_late.variant.as_str(), due(&too_late).as_str()), ("", "2026-03-30T18:00:00"));
    // The acknowledgement was due when the case was found to be less urgent.
    let relaxed = Story::new()
        .tell(CASE, "ComplaintRegistered", &[])
        .assessed("2026-03-09T10:01", "GENERAL", true)
        .tell("2026-03-09T10:30", "AssessmentApplied", &[("urgent", yes(false))]);
    assert_eq!(due(&relaxed.clock("C05")), "2026-03-09T10:15:00");
}

#[test]
fn an_extension_adds_working_days_and_the_cap_is_passed_by_none() {
    let mut story = Story::registered(CASE);
    let clock = story.clock("C13").id;
    let longest = due(&story.clock("C14"));
    story.extensions = vec![Extension { clock, amount: 5 }];
    assert_eq!(
        (due(&story.clock("C13")).as_str(), story.clock("C13").capped),
        ("2026-04-07T18:00:00", false)
    );
    story.extensions.push(Extension { clock, amount: 10 });
    assert_eq!((due(&story.clock("C13")), story.clock("C13").capped), (longest.clone(), false));
    story.extensions.push(Extension { clock, amount: 1 });
    assert_eq!((due(&story.clock("C13")), story.clock("C13").capped), (longest, true));
}

#[test]
fn a_clock_keeps_its_calendar_until_the_pin_is_taken_out() {
    struct Two;
    impl Calendars for Two {
        fn get(
            &self,
            id: &str,
            version: Option<&str>,
        ) -> Option<std::sync::Arc<redress_sla::domain::calendar::Calendar>> {
            use redress_sla::domain::calendar::{Draft, ExceptionDraft, known};
            let mut draft = Draft::from(known(id)?);
            if version == Some("1") {
                return BuiltinCalendars.get(id, None);
            }
            draft.version = "2".to_owned();
            draft.exceptions.push(ExceptionDraft {
                date: "2026-03-11".to_owned(),
                kind: "EXCEPTION_KIND_OFF".to_owned(),
                intervals: vec![],
                name: "a day of the house".to_owned(),
            });
            draft.exceptions.sort_by(|one, other| one.date.cmp(&other.date));
            redress_sla::domain::calendar::Calendar::try_from(&draft).ok().map(std::sync::Arc::new)
        }
    }
    let mut story = Story::registered(CASE);
    let id = story.clock("C07").id;
    let pin = CalendarPin { id: "cn-office".to_owned(), version: "1".to_owned() };
    let with = |story: &Story| {
        let case = CaseFacts {
            tenant: &story.tenant,
            complaint_id: story.complaint(),
            facts: &story.facts,
            extensions: &[],
            pinned: &story.pinned,
        };
        let clocks = course(&case, &story.policy, &Two).unwrap();
        clocks.into_iter().find(|clock| clock.id == id).unwrap()
    };
    assert_eq!(due(&with(&story)), "2026-03-12T18:00:00");
    story.pinned.insert(id, Pin { calendar: Some(pin.clone()), policy: None });
    assert_eq!((due(&with(&story)).as_str(), with(&story).calendar), ("2026-03-11T18:00:00", Some(pin)));
    assert_eq!(with(&story).id, id, "the identity does not depend on the calendar");
}

#[test]
fn what_cannot_be_computed_is_told() {
    struct Nothing;
    impl Calendars for Nothing {
        fn get(
            &self,
            _: &str,
            _: Option<&str>,
        ) -> Option<std::sync::Arc<redress_sla::domain::calendar::Calendar>> {
            None
        }
    }
    let story = Story::registered(CASE);
    let case = CaseFacts {
        tenant: &story.tenant,
        complaint_id: story.complaint(),
        facts: &story.facts,
        extensions: &[],
        pinned: &BTreeMap::new(),
    };
    let fault = course(&case, &story.policy, &Nothing).unwrap_err();
    assert!(matches!(fault, Fault::UnknownCalendar { .. }), "{fault}");
}

#[test]
fn a_clock_s_identity_follows_from_case_definition_subject_and_start() {
    let story = Story::registered(CASE);
    let mut ids: Vec<_> = story.clocks().iter().map(|clock| clock.id).collect();
    let again: Vec<_> = story.clocks().iter().map(|clock| clock.id).collect();
    assert_eq!(ids, again);
    assert!(ids.iter().all(|id| id.get_version_num() == 8));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), again.len());
    let mut other = story.clone();
    other.tenant = "other".parse().unwrap();
    assert!(other.clocks().iter().all(|clock| !ids.contains(&clock.id)));
    let by = FactRef { topic: "redress.intake.lifecycle.v1".to_owned(), version: 1 };
    assert_eq!(story.clock("C13").started_by, by);
}

#[test]
fn hosts_whose_clocks_differ_do_not_turn_a_topic_round() {
    // Reported by a host that is a second behind: the test ends all the same.
    let story = Story::registered(CASE)
        .tell("2026-03-10T10:00:01", "TestOrdered", &[("test_id", name("t"))])
        .tell("2026-03-10T10:00:00", "TestReported", &[("test_id", name("t"))]);
    assert_eq!(state(&story.clock("C13")), "running");
}

#[test]
fn nothing_runs_for_a_case_of_which_nothing_was_heard() {
    assert!(Story::new().clocks().is_empty());
    let begun: Vec<String> = states(&Story::registered(CASE)).into_keys().collect();
    assert_eq!(begun, ["C04", "C05", "C06", "C07", "C13", "C14", "C32"]);
}

#[test]
fn a_clock_goes_on_under_the_policy_it_is_pinned_to_whatever_is_in_effect() {
    struct Both(std::sync::Arc<Policy>);
    impl Policies for Both {
        fn effective(&self, _: jiff::Timestamp) -> std::sync::Arc<Policy> {
            std::sync::Arc::clone(&self.0)
        }
        fn of_version(&self, version: u32) -> Option<std::sync::Arc<Policy>> {
            [Policy::builtin(), std::sync::Arc::clone(&self.0)]
                .into_iter()
                .find(|one| one.version() == version)
        }
    }
    let text = include_str!("../../data/policies/cn.toml").replacen("version = 1\n", "version = 2\n", 1);
    let text = text.replace("amount = 15 }\ncap = { amount = 30,", "amount = 20 }\ncap = { amount = 30,");
    let policies = Both(std::sync::Arc::new(Policy::parse(&text).unwrap()));
    let mut story = Story::registered(CASE);
    let id = story.clock("C13").id;
    let clock = |story: &Story| {
        let case = CaseFacts {
            tenant: &story.tenant,
            complaint_id: story.complaint(),
            facts: &story.facts,
            extensions: &[],
            pinned: &story.pinned,
        };
        let clocks = course(&case, &policies, &BuiltinCalendars).unwrap();
        clocks.into_iter().find(|clock| clock.id == id).unwrap()
    };
    assert_eq!((clock(&story).policy_version, clock(&story).limit.amount), (2, 20));
    story.pinned.insert(id, Pin { calendar: None, policy: Some(1) });
    assert_eq!((clock(&story).policy_version, clock(&story).limit.amount), (1, 15));
}
