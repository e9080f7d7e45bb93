//! Who is called, when, and who next; and who may grant more time.

use redress_sla::domain::calendar::known;
use redress_sla::domain::course::{Extension, attributes};
use redress_sla::domain::escalation::{
    Call, Caller, Case, Grade, HIGHEST, Ladder, Line, Refusal as NotUp, Ticket, Trigger, heard, may_take_up,
};
use redress_sla::domain::extension::{Refusal, may_decide, may_have_more, within_cap};
use redress_sla::domain::policy::{Attributes, Role};
use redress_sla::domain::telling::{Told, compare, fire};

use crate::story::{Story, at, name};

const CASE: &str = "2026-03-09T10:00";

fn call(trigger: Trigger, definition: &str, percent: Option<u8>, when: &str) -> Call {
    let clock =
        (!definition.is_empty()).then(|| redress_domain::derived_id("test/clock", &[definition.as_bytes()]));
    Call {
        trigger,
        definition: definition.to_owned(),
        clock,
        percent,
        level: None,
        at: at(when),
        cause: None,
    }
}

fn known_as(severity: &str, urgent: bool) -> Attributes {
    Attributes { severity: format!("SEVERITY_{severity}"), urgent, ..Attributes::default() }
}

fn raise(known: &Attributes, call: &Call) -> Option<Ticket> {
    let story = Story::new();
    let case = Case { tenant: &story.tenant, complaint_id: story.complaint(), known };
    Ladder::builtin().raise(case, call, known_office()).unwrap()
}

fn next(known: &Attributes, before: &Ticket, call: &Call, now: &str) -> Option<Ticket> {
    let story = Story::new();
    let case = Case { tenant: &story.tenant, complaint_id: story.complaint(), known };
    Ladder::builtin().next(case, before, call, at(now), known_office()).unwrap()
}

fn known_office() -> &'static redress_sla::domain::calendar::Calendar {
    known("cn-office").unwrap()
}

#[test]
fn the_ladder_calls_the_levels_that_the_list_of_clocks_names() {
    let general = known_as("GENERAL", false);
    for (trigger, clock, percent, expected) in [
        (Trigger::Percent, "C13", Some(60), Some((2, "supervisor", "clock_warned"))),
        (Trigger::Percent, "C13", Some(80), Some((3, "department_head", "clock_warned"))),
        (Trigger::Breach, "C13", None, Some((4, "senior_management", "clock_breached"))),
        (Trigger::Breach, "C06", None, Some((2, "supervisor", "clock_breached"))),
        (Trigger::Breach, "C05", None, Some((1, "handler_lead", "clock_breached"))),
        (Trigger::Breach, "C32", None, Some((3, "legal_counsel", "clock_breached"))),
        (Trigger::Percent, "C01", Some(80), Some((1, "handler_lead", "clock_warned"))),
        (Trigger::Breach, "C01", None, Some((2, "supervisor", "clock_breached"))),
        (Trigger::Breach, "C03", None, Some((1, "handler_lead", "clock_breached"))),
        (Trigger::Breach, "C33", None, Some((1, "handler_lead", "clock_breached"))),
        (Trigger::Breach, "C17", None, Some((3, "department_head", "clock_breached"))),
        (Trigger::Percent, "C23", Some(80), Some((2, "legal_counsel", "clock_warned"))),
        (Trigger::Breach, "C23", None, Some((3, "legal_counsel", "clock_breached"))),
        (Trigger::Breach, "C24", None, Some((3, "legal_counsel", "clock_breached"))),
        (Trigger::Breach, "C25", None, Some((3, "legal_counsel", "clock_breached"))),
        (Trigger::Breach, "C31", None, Some((2, "supervisor", "clock_breached"))),
        (Trigger::Breach, "C34", None, Some((3, "data_protection_officer", "clock_breached"))),
        (Trigger::Percent, "C35", Some(80), Some((2, "data_protection_officer", "clock_warned"))),
        (Trigger::Breach, "C35", None, Some((3, "data_protection_officer", "clock_breached"))),
        // What silence leads to is nobody's failure.
        (Trigger::Breach, "C09", None, None),
        (Trigger::Breach, "C26", None, None),
        (Trigger::Percent, "C13", Some(50), None),
        (Trigger::RepeatComplaint, "", None, Some((2, "supervisor", "repeat_complaint"))),
        (Trigger::OverTheHead, "", None, Some((2, "independent_reviewer", "over_the_head"))),
        (Trigger::Incident, "", None, Some((2, "supervisor", "cluster"))),
        (Trigger::Urgent, "", None, Some((3, "department_head", "urgent"))),
    ] {
        let ticket = raise(&general, &call(trigger, clock, percent, CASE));
        let told = ticket.as_ref().map(|t| (t.level, t.target_role.as_str(), t.reason.as_str()));
        assert_eq!(told, expected, "{trigger} {clock}");
    }
}

#[test]
fn nobody_is_called_at_night_unless_the_case_is_urgent() {
    let night = call(Trigger::Breach, "C06", None, "2026-03-09T23:00");
    let calm = raise(&known_as("GENERAL", false), &night).unwrap();
    assert_eq!((calm.raised_at, calm.not_before), (at("2026-03-09T23:00"), at("2026-03-10T09:00")));
    assert_eq!(calm.acknowledge_by, Some(at("2026-03-10T18:00")), "eight hours of the office");
    let major = raise(&known_as("MAJOR", false), &night).unwrap();
    assert_eq!(major.acknowledge_by, Some(at("2026-03-10T14:00")));
    let urgent = raise(&known_as("MAJOR", true), &night).unwrap();
    assert_eq!(
        (urgent.not_before, urgent.acknowledge_by),
        (at("2026-03-09T23:00"), Some(at("2026-03-09T23:15")))
    );
    let holiday =
        raise(&known_as("GENERAL", false), &call(Trigger::Breach, "C06", None, "2026-10-01T10:00")).unwrap();
    assert_eq!(holiday.not_before, at("2026-10-08T09:00"));
    let lunch =
        raise(&known_as("GENERAL", false), &call(Trigger::Breach, "C06", None, "2026-03-09T12:30")).unwrap();
    assert_eq!(lunch.not_before, at("2026-03-09T13:00"));
    let opened =
        raise(&known_as("GENERAL", false), &call(Trigger::Breach, "C06", None, "2026-03-09T11:59")).unwrap();
    assert_eq!(opened.not_before, at("2026-03-09T11:59"));
}

#[test]
fn who_does_not_take_it_up_in_time_is_followed_by_the_next_level_and_the_highest_by_none() {
    let known = known_as("MAJOR", false);
    let call = call(Trigger::Breach, "C05", None, CASE);
    let first = raise(&known, &call).unwrap();
    assert_eq!((first.level, first.acknowledge_by), (1, Some(at("2026-03-09T15:00"))));
    assert_eq!(next(&known, &first, &call, "2026-03-09T14:59"), None, "not before the time is over");
    let mut ticket = first.clone();
    for (level, now) in [(2, "2026-03-09T15:00"), (3, "2026-03-10T10:00"), (4, "2026-03-10T15:00")] {
        ticket = next(&known, &ticket, &call, now).unwrap();
        assert_eq!(ticket.level, level);
    }
    assert_eq!((ticket.target_role.as_str(), ticket.acknowledge_by), ("senior_management", None));
    assert_eq!(next(&known, &ticket, &call, "2026-04-10T15:00"), None);
    assert_ne!(ticket.id, first.id);
    assert_eq!(raise(&known, &call).unwrap().id, first.id, "the same cause calls once");
}

#[test]
fn a_complaint_over_the_head_never_comes_back_into_the_line_that_it_passes_over() {
    let known = known_as("MAJOR", false);
    let call = call(Trigger::OverTheHead, "", None, CASE);
    let mut ticket = raise(&known, &call).unwrap();
    for level in 3..=HIGHEST {
        ticket = next(&known, &ticket, &call, "2026-03-20T18:00").unwrap();
        assert_eq!((ticket.level, ticket.target_role.as_str()), (level, "independent_reviewer"));
    }
    // Counsel's calls go on to the heads, who decide on what counsel did not.
    let (call, known) = (self::call(Trigger::Percent, "C20", Some(80), CASE), known);
    let ticket = next(&known, &raise(&known, &call).unwrap(), &call, "2026-03-20T18:00").unwrap();
    assert_eq!(ticket.target_role, "department_head");
}

#[test]
fn each_level_is_taken_up_by_somebody_above_those_who_had_to_do_with_the_case() {
    let line = Line {
        handlers: vec!["handler".into(), "was-promoted".into()],
        took_up: vec![("first".into(), 1), ("second".into(), 2)],
        decided: vec!["granted".into()],
    };
    let take = |trigger, level, subject, is_supervisor| {
        may_take_up(trigger, level, Caller { subject, is_supervisor }, &line).err()
    };
    for level in 1..=HIGHEST {
        assert_eq!(take(Trigger::Breach, level, "colleague", false), Some(NotUp::NeedsSupervisor));
        assert_eq!(take(Trigger::Breach, level, "was-promoted", true), Some(NotUp::OwnCase));
        assert_eq!(take(Trigger::Breach, level, "nobody", true), None);
        for subject in ["first", "second", "granted"] {
            assert_eq!(take(Trigger::OverTheHead, level, subject, true), Some(NotUp::OwnLine), "{subject}");
        }
        assert_eq!(take(Trigger::OverTheHead, level, "nobody", true), None);
    }
    let refused_from =
        |subject| (1..=HIGHEST).find(|level| take(Trigger::Breach, *level, subject, true).is_some());
    assert_eq!(["first", "second", "granted"].map(refused_from), [Some(2), Some(3), Some(3)]);
}

#[test]
fn the_hours_of_a_level_are_those_that_the_ladder_names() {
    let ladder = Ladder::builtin();
    assert!((1..=HIGHEST).all(|level| ladder.calendar(level) == Role::Office));
    let text = include_str!("../../data/escalation/cn.toml");
    let changed = text.replacen("level = 3\n", "level = 3\ncalendar = \"always\"\n", 1);
    let changed = Ladder::parse(&changed).unwrap();
    assert_eq!([2, 3, 4].map(|level| changed.calendar(level)), [Role::Office, Role::Always, Role::Office]);
}

#[test]
fn facts_call_once_each() {
    let story = Story::registered(CASE)
        .assessed("2026-03-09T10:01", "MAJOR", true)
        .tell("2026-03-09T10:02", "AssessmentApplied", &[("urgent", crate::story::yes(true))])
        .tell(
            "2026-03-09T11:00",
            "ComplaintEscalated",
            &[("reason", name("over_the_head")), ("level", redress_sla::domain::fact::Value::Int(3))],
        )
        .tell("2026-03-09T11:30", "ComplaintEscalated", &[("reason", name("clock_breached"))])
        .tell("2026-03-09T12:00", "RemedyFailed", &[("remedy_id", name("m"))])
        .tell("2026-03-09T13:00", "RemedyFailed", &[("remedy_id", name("n"))])
        .tell("2026-03-09T14:00", "RemedyFailed", &[("remedy_id", name("m"))])
        .tell(
            "2026-03-09T14:30",
            "AssignmentStranded",
            &[("rounds", redress_sla::domain::fact::Value::Int(3))],
        )
        .tell("2026-03-09T15:00", "InvestigationOpened", &[("incident_id", name("i"))])
        .tell("2026-03-09T16:00", "InvestigationOpened", &[("incident_id", name("i"))]);
    let facts: Vec<_> = story.facts.iter().collect();
    let calls = heard(&facts);
    let triggers: Vec<_> = calls.iter().map(|call| call.trigger).collect();
    assert_eq!(
        triggers,
        [
            Trigger::Urgent,
            Trigger::OverTheHead,
            Trigger::RemedyFailedTwice,
            Trigger::Stranded,
            Trigger::Incident
        ]
    );
    let known = attributes(facts);
    assert_eq!(Grade::of(&known), Grade::Urgent);
    assert_eq!(raise(&known, &calls[3]).unwrap().target_role, "supervisor");
    // The level that the lifecycle reached is not fallen short of.
    assert_eq!(raise(&known, &calls[1]).unwrap().level, 3);
}

#[test]
fn a_clock_that_fires_calls() {
    let story = Story::registered(CASE);
    let (told, _) = compare(None, &story.clock("C13"));
    let fired = fire(&told, told.thresholds[1].at.unwrap(), None);
    let warned = Call::warned(&fired.told, &fired.warning.unwrap());
    assert_eq!(raise(&known_as("GENERAL", false), &warned).unwrap().level, 3);
    let due = told.due_at.unwrap();
    let fired = fire(&told, due, Some(due));
    let breached = Call::breached(&fired.told, &fired.breach.unwrap());
    assert_eq!(
        (breached.at, raise(&known_as("GENERAL", false), &breached).unwrap().clock),
        (due, Some(told.clock_id))
    );
}

#[test]
fn a_ladder_is_refused_with_every_fault() {
    let text = include_str!("../../data/escalation/cn.toml");
    for (replace, with, fault) in [
        ("version = 2", "version = 0", "version OUT_OF_RANGE"),
        ("level = 4\n", "level = 4\ncalendar = \"cn-office\"\n", "level[3].calendar UNKNOWN_ENUM_VALUE"),
        ("role = \"independent_reviewer\"\n", "", ".keeps_role CONFLICT"),
        (
            "level = 4\nrole = \"senior_management\"",
            "level = 5\nrole = \"senior_management\"",
            "level[3].level OUT_OF_RANGE",
        ),
        (
            "level = 4\nrole = \"senior_management\"",
            "level = 3\nrole = \"senior_management\"",
            "level[3].level DUPLICATE",
        ),
        ("[acknowledge.urgent]", "[acknowledge.nobody]", "acknowledge.nobody UNKNOWN_FIELD"),
        ("amounts = [4, 4, 4, 4]", "amounts = [4, 4]", "acknowledge.major.amounts OUT_OF_RANGE"),
        ("amounts = [4, 4, 4, 4]", "amounts = [4, 0, 4, 4]", "acknowledge.major.amounts[1] OUT_OF_RANGE"),
        (
            "unit = \"DEADLINE_UNIT_ELAPSED_MINUTES\"",
            "unit = \"DEADLINE_UNIT_WORKING_DAYS\"",
            "acknowledge.urgent.unit UNKNOWN_ENUM_VALUE",
        ),
        ("on = \"percent\"", "on = \"moonrise\"", "rule[0].on UNKNOWN_ENUM_VALUE"),
        ("percent = 60", "percent = 100", "rule[0].percent OUT_OF_RANGE"),
        ("percent = 60\nlevel = 2", "percent = 60\nlevel = 5", "rule[0].level OUT_OF_RANGE"),
        ("percent = 80\nlevel = 3", "percent = 60\nlevel = 3", "rule[1] TIE"),
        ("on = \"incident\"", "on = \"incident\"\nclocks = [\"C13\"]", ".clocks CONFLICT"),
        ("on = \"incident\"", "on = \"incident\"\ncolour = 1", ".colour UNKNOWN_FIELD"),
    ] {
        assert!(text.contains(replace), "{replace}");
        let found = Ladder::parse(&text.replacen(replace, with, 1)).unwrap_err();
        let told: Vec<String> = found.iter().map(|v| format!("{} {}", v.field, v.reason)).collect();
        assert!(told.iter().any(|told| told.ends_with(fault)), "{with}: {told:?}");
    }
}

fn told(story: &Story, definition: &str) -> Told {
    compare(None, &story.clock(definition)).0
}

#[test]
fn more_time_is_for_running_clocks_whose_rule_grants_it_before_they_are_due() {
    let story = Story::registered(CASE);
    let policy = &story.policy;
    let ask = |told: &Told, now: &str| {
        may_have_more(told, policy.clock(&told.definition).map(std::ops::Deref::deref), at(now))
    };
    let running = told(&story, "C13");
    assert_eq!(ask(&running, "2026-03-30T17:59"), Ok(()));
    assert_eq!(ask(&running, "2026-03-30T18:00"), Err(Refusal::AfterDue));
    assert_eq!(ask(&told(&story, "C14"), CASE), Err(Refusal::NotAllowed), "it is the cap itself");
    assert_eq!(ask(&told(&story, "C06"), CASE), Err(Refusal::NotAllowed));
    let due = running.due_at.unwrap();
    let breached = fire(&running, due, Some(due)).told;
    assert_eq!(ask(&breached, CASE), Err(Refusal::AfterDue));
    let closed = story.clone().tell("2026-03-10T10:00", "ComplaintClosed", &[]);
    assert_eq!(ask(&told(&closed, "C13"), "2026-03-11T10:00"), Err(Refusal::ClockIsOver));
    let paused = story.clone().tell("2026-03-10T10:00", "TestOrdered", &[("test_id", name("t"))]);
    assert_eq!(ask(&told(&paused, "C13"), "2026-06-10T10:00"), Ok(()), "it is not due while it stands still");
}

#[test]
fn no_role_passes_the_cap_and_nobody_decides_on_their_own_request() {
    let mut story = Story::registered(CASE);
    let clock = story.clock("C13").id;
    for (amount, expected) in [(15, Ok(())), (16, Err(Refusal::PastCap)), (36_000, Err(Refusal::PastCap))] {
        story.extensions = vec![Extension { clock, amount }];
        assert_eq!(within_cap(&story.clock("C13")), expected, "{amount}");
    }
    assert_eq!(may_decide(false, "h-1", "s-1"), Ok(()));
    assert_eq!(may_decide(false, "h-1", "h-1"), Err(Refusal::BySamePerson));
    assert_eq!(may_decide(true, "h-1", "s-1"), Err(Refusal::Decided));
    assert!(Refusal::ALL.iter().all(|refusal| !refusal.message().is_empty()));
}
