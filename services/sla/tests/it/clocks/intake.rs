//! Clocks from the receipt of a complaint to its plan.

use jiff::SignedDuration;
use redress_proto::classification::v1::AssessmentOverridden;
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1::{AdmissibilityReviewStarted, ComplaintAccepted, ComplaintRegistered};
use redress_sla::domain::course::State;
use redress_sla::domain::fact::Value;

use super::{CASE, case, check, notice, row};
use crate::story::{Story, at, due, name, time};

/// As intake tells it: it happened when it was received, however long it waited for the register.
fn registered_after(seconds: i64) -> Story {
    let at = |seconds| Some(to_wire_time(at(CASE) + SignedDuration::from_secs(seconds)));
    let event = ComplaintRegistered { received_at: at(0), registered_at: at(seconds), ..Default::default() };
    Story::new().hear(CASE, &event)
}

#[test]
fn a_registration_that_waited_is_late() {
    check(vec![
        row("five seconds", "C04", registered_after(5), "met", "2026-03-09T10:00:05"),
        row("ten minutes of backlog", "C04", registered_after(600), "met late", "2026-03-09T10:00:05"),
        row(
            "told only that it was received",
            "C04",
            Story::new().tell(CASE, "ComplaintRegistered", &[]),
            "met",
            "2026-03-09T10:00:05",
        ),
    ]);
    let told = registered_after(600).clock("C04");
    assert_eq!(told.state, State::Met { at: at("2026-03-09T10:10") }, "when the register took it up");
    assert_eq!(told.changed_at, at("2026-03-09T10:10"));
}

#[test]
fn the_acknowledgement_counts_from_the_receipt() {
    let late =
        Story::new().tell(CASE, "ComplaintRegistered", &[("received_at", time("2026-03-09T09:59:50"))]);
    let promised = Story::new().tell(
        CASE,
        "ComplaintRegistered",
        &[("received_at", time(CASE)), ("acknowledge_by", time("2026-03-09T10:30"))],
    );
    check(vec![
        row("an hour, day and night", "C05", late, "running", "2026-03-09T10:59:50"),
        row("as announced", "C05", promised.clone(), "running", "2026-03-09T10:30:00"),
        row(
            "sent in time",
            "C05",
            notice(promised.clone(), "2026-03-09T10:30", "N01_RECEIPT"),
            "met",
            "2026-03-09T10:30:00",
        ),
        row(
            "sent late",
            "C05",
            notice(promised.clone(), "2026-03-09T10:31", "N01_RECEIPT"),
            "met late",
            "2026-03-09T10:30:00",
        ),
        row(
            "another letter",
            "C05",
            notice(promised, "2026-03-09T10:20", "N08_PROGRESS"),
            "running",
            "2026-03-09T10:30:00",
        ),
        row(
            "urgent",
            "C05",
            case().assessed("2026-03-09T10:01", "GENERAL", true),
            "running",
            "2026-03-09T10:15:00",
        ),
    ]);
}

#[test]
fn what_is_urgent_is_acknowledged_before_what_was_announced() {
    let until = |instant: &str| {
        let at = |text| Some(to_wire_time(at(text)));
        let event =
            ComplaintRegistered { received_at: at(CASE), acknowledge_by: at(instant), ..Default::default() };
        Story::new().hear(CASE, &event)
    };
    let hour = until("2026-03-09T11:00");
    let urgent = hour.clone().assessed("2026-03-09T10:01", "GENERAL", true);
    check(vec![
        row("as announced", "C05", hour.clone(), "running", "2026-03-09T11:00:00"),
        row("urgent", "C05", urgent.clone(), "running", "2026-03-09T10:15:00"),
        row(
            "after the quarter",
            "C05",
            notice(urgent.clone(), "2026-03-09T10:16", "N01_RECEIPT"),
            "met late",
            "2026-03-09T10:15:00",
        ),
        row(
            "announced for earlier than that",
            "C05",
            until("2026-03-09T10:10").assessed("2026-03-09T10:01", "GENERAL", true),
            "running",
            "2026-03-09T10:10:00",
        ),
        row(
            "not urgent after all",
            "C05",
            urgent.clone().assessed("2026-03-09T10:05", "GENERAL", false),
            "running",
            "2026-03-09T11:00:00",
        ),
        row(
            "found urgent when the quarter was over",
            "C05",
            hour.assessed("2026-03-09T10:20", "GENERAL", true),
            "running",
            "2026-03-09T11:00:00",
        ),
    ]);
    let urgent = urgent.clock("C05");
    assert!(!urgent.announced, "it is computed");
    assert_eq!(urgent.promise.unwrap().until, at("2026-03-09T11:00"));
    assert_eq!(urgent.thresholds, [(80, Some(at("2026-03-09T10:12")))]);
}

#[test]
fn the_decision_on_acceptance_stands_still_while_a_completion_is_waited_for() {
    let asked = case().tell("2026-03-09T11:00", "CompletionRequested", &[]);
    let supplied = asked.clone().tell("2026-03-11T11:00", "CompletionSupplied", &[]);
    let refused = case().tell("2026-03-10T11:00", "ComplaintRefused", &[]);
    check(vec![
        row("a working day", "C06", case(), "running", "2026-03-10T18:00:00"),
        row("waiting", "C06", asked.clone(), "paused awaiting_completion", ""),
        row("two days held", "C06", supplied.clone(), "running", "2026-03-11T18:00:00"),
        row(
            "decided",
            "C06",
            supplied.clone().tell("2026-03-11T18:00", "ComplaintAccepted", &[]),
            "met",
            "2026-03-11T18:00:00",
        ),
        row("refused", "C06", refused, "met", "2026-03-10T18:00:00"),
        row(
            "the plan does not wait unless a tenant says so",
            "C07",
            asked.clone(),
            "running",
            "2026-03-11T18:00:00",
        ),
        row("three days to supply", "C09", asked.clone(), "running", "2026-03-12T18:00:00"),
        row("supplied", "C09", supplied, "met", "2026-03-12T18:00:00"),
        row(
            "lapsed",
            "C09",
            asked.clone().tell("2026-03-12T18:01", "ComplaintLapsed", &[]),
            "cancelled lapsed",
            "2026-03-12T18:00:00",
        ),
    ]);
    let half: Vec<_> = asked.clock("C09").thresholds;
    assert_eq!(half, [(50, Some(at("2026-03-11T14:00")))], "half of three working days");
}

#[test]
fn a_tenant_may_opt_into_a_pause_that_ends_after_its_days() {
    let replace = r#"opt_in = [{ reason = "awaiting_completion", on = false, most_days = 5 }]"#;
    let with = r#"opt_in = [{ reason = "awaiting_completion", on = true, most_days = 2 }]"#;
    let asked = case().tell("2026-03-09T11:00", "CompletionRequested", &[]).under(replace, with);
    let supplied = asked.clone().tell("2026-03-11T11:00", "CompletionSupplied", &[]);
    let much_later = asked.clone().tell("2026-03-30T11:00", "CompletionSupplied", &[]);
    check(vec![
        // 03-10 and 03-11 are held at the most: then it counts, answer or not.
        row("waiting for as long as it takes", "C07", asked, "running", "2026-03-13T18:00:00"),
        row("03-10 was held", "C07", supplied, "running", "2026-03-12T18:00:00"),
        row("answered much later", "C07", much_later, "running", "2026-03-13T18:00:00"),
    ]);
}

#[test]
fn the_plan_is_due_two_working_days_after_registration_whatever_the_calendar() {
    // law.md, section 6.
    let vectors = [
        ("01-01", "01-05", "01-22", "02-12"),
        ("02-12", "02-14", "03-11", "04-01"),
        ("02-13", "02-24", "03-12", "04-02"),
        ("04-30", "05-07", "05-25", "06-15"),
        ("09-18", "09-21", "10-15", "11-05"),
        ("09-24", "09-29", "10-22", "11-12"),
        ("10-08", "10-10", "10-28", "11-18"),
        ("11-11", "11-13", "12-02", "12-23"),
    ];
    for (registered, plan, completion, longest) in vectors {
        let story = Story::registered(&format!("2026-{registered}T10:00"));
        for (clock, day) in [("C07", plan), ("C13", completion), ("C14", longest)] {
            assert_eq!(due(&story.clock(clock)), format!("2026-{day}T18:00:00"), "{clock} of {registered}");
        }
    }
}

#[test]
fn the_plan_is_made_when_facts_begin_to_be_found_and_not_while_the_parties_talk() {
    let talk = case().tell("2026-03-10T10:00", "NegotiationOpened", &[("due_at", time("2026-03-12T10:00"))]);
    check(vec![
        row(
            "opened",
            "C07",
            case().tell("2026-03-11T18:00", "InvestigationOpened", &[]),
            "met",
            "2026-03-11T18:00:00",
        ),
        row(
            "late",
            "C07",
            case().tell("2026-03-11T18:01", "InvestigationOpened", &[]),
            "met late",
            "2026-03-11T18:00:00",
        ),
        row(
            "urgent",
            "C07",
            case().assessed("2026-03-09T10:01", "MAJOR", true),
            "running",
            "2026-03-10T18:00:00",
        ),
        row("talking", "C07", talk.clone(), "cancelled negotiation", "2026-03-11T18:00:00"),
    ]);
    let asked = talk.tell("2026-03-12T10:00", "PlatformInterventionRequested", &[]).runs("C07");
    assert_eq!((asked.len(), due(&asked[1])), (2, "2026-03-16T18:00:00".to_owned()));
}

#[test]
fn a_merchant_s_complaint_is_looked_at_within_a_day() {
    let of = |fields: &[(&str, Value)]| Story::new().tell(CASE, "ComplaintRegistered", fields);
    let told = of(&[("submission.origin", name("ORIGIN_MERCHANT"))]);
    let by_kind = of(&[("submission.complainant.kind", name("PARTY_KIND_ANCHOR"))]);
    check(vec![
        row("told", "C08", told.clone(), "running", "2026-03-10T10:00:00"),
        row("an anchor is no consumer", "C08", by_kind, "running", "2026-03-10T10:00:00"),
    ]);
    let by = |who| {
        let started = AdmissibilityReviewStarted::default();
        told.clone().hear_by("2026-03-09T10:01", &started, Some(who))
    };
    let machine = by("rule");
    let accepted =
        |who| machine.clone().hear_by("2026-03-10T10:00", &ComplaintAccepted::default(), Some(who));
    check(vec![
        row("a machine's look is none", "C08", machine.clone(), "running", "2026-03-10T10:00:00"),
        row("nor is its acceptance", "C08", accepted("rule"), "running", "2026-03-10T10:00:00"),
        row("a person's review", "C08", by("human"), "met", "2026-03-10T10:00:00"),
        row("a person's acceptance", "C08", accepted("human"), "met", "2026-03-10T10:00:00"),
        row(
            "a person's other finding",
            "C08",
            machine.hear("2026-03-10T10:01", &AssessmentOverridden::default()),
            "met late",
            "2026-03-10T10:00:00",
        ),
    ]);
    assert!(case().runs("C08").is_empty());
}
