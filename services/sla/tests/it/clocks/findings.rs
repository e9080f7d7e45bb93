//! Clocks of finding out, of the result and of what is owed on the way.

use redress_proto::convert::to_wire_time;
use redress_proto::notification::v1::{Addressee, NoticeKind, NoticeSent};
use redress_sla::domain::course::Extension;

use super::{CASE, answered, case, check, notice, requested, row};
use crate::story::{Story, at, due, name, state, time, yes};

#[test]
fn a_respondent_s_silence_is_measured_by_the_instant_it_was_told() {
    let open = case().tell("2026-03-09T12:00", "NegotiationOpened", &[("due_at", time("2026-03-11T12:00"))]);
    let by =
        |party: &str| [("proposal_id", name("p")), ("party.role", name(&format!("AWAITED_PARTY_{party}")))];
    let tested = open.clone().tell("2026-03-10T12:00", "TestOrdered", &[("test_id", name("t"))]);
    let reported = tested.clone().tell("2026-03-11T12:00", "TestReported", &[("test_id", name("t"))]);
    let clock = reported.clock("C10");
    assert!(clock.announced && clock.promise.unwrap().until == at("2026-03-11T12:00"));
    check(vec![
        row("open", "C10", open.clone(), "running", "2026-03-11T12:00:00"),
        row(
            "the complainant's own move",
            "C10",
            open.clone().tell("2026-03-10T12:00", "OfferCountered", &by("COMPLAINANT")),
            "running",
            "2026-03-11T12:00:00",
        ),
        row(
            "an answer",
            "C10",
            open.clone().tell("2026-03-10T12:00", "OfferCountered", &by("RESPONDENT")),
            "met",
            "2026-03-11T12:00:00",
        ),
        row("being tested", "C10", tested.clone(), "paused lab", ""),
        row("a day of testing", "C10", reported.clone(), "running", "2026-03-12T12:00:00"),
        row(
            "answered in the day that the test gave",
            "C10",
            reported.clone().tell("2026-03-12T12:00", "OfferDeclined", &by("RESPONDENT")),
            "met",
            "2026-03-12T12:00:00",
        ),
        row(
            "another's file does not move what was told",
            "C10",
            requested(open.clone(), "2026-03-10T12:00", "r", "COMPLAINANT", "2026-03-12T12:00"),
            "running",
            "2026-03-11T12:00:00",
        ),
        row(
            "tested too late",
            "C10",
            open.clone().tell("2026-03-11T12:00", "TestOrdered", &[("test_id", name("t"))]),
            "running",
            "2026-03-11T12:00:00",
        ),
        row(
            "asked in",
            "C10",
            open.clone().tell("2026-03-10T12:00", "PlatformInterventionRequested", &[]),
            "cancelled intervention",
            "2026-03-11T12:00:00",
        ),
        row(
            "the lifecycle did not take it",
            "C10",
            open.tell("2026-03-09T12:00", "FactRefused", &[("fact", name("NegotiationOpened"))]),
            "cancelled refused",
            "2026-03-11T12:00:00",
        ),
    ]);
}

#[test]
fn each_evidence_request_has_its_own_clock() {
    let asked = requested(case(), "2026-03-09T12:00", "r1", "RESPONDENT", "2026-03-11T12:00");
    let extended = asked.clone().tell(
        "2026-03-11T11:00",
        "EvidenceRequestExtended",
        &[("request_id", name("r1")), ("due_at", time("2026-03-13T12:00"))],
    );
    let cancelled = [("request_id", name("r1")), ("request_settled", yes(true)), ("cancelled", yes(true))];
    check(vec![
        row("asked", "C11", asked.clone(), "running", "2026-03-11T12:00:00"),
        row(
            "a part is no answer",
            "C11",
            answered(asked.clone(), "2026-03-10T12:00", "r1", false),
            "running",
            "2026-03-11T12:00:00",
        ),
        row(
            "answered",
            "C11",
            answered(asked.clone(), "2026-03-11T12:00", "r1", true),
            "met",
            "2026-03-11T12:00:00",
        ),
        row(
            "another's answer",
            "C11",
            answered(asked.clone(), "2026-03-10T12:00", "r2", true),
            "running",
            "2026-03-11T12:00:00",
        ),
        row("extended", "C11", extended.clone(), "running", "2026-03-13T12:00:00"),
        row(
            "answered after all",
            "C11",
            answered(extended, "2026-03-13T12:00", "r1", true),
            "met",
            "2026-03-13T12:00:00",
        ),
        row(
            "lapsed",
            "C11",
            asked.clone().tell("2026-03-11T12:01", "EvidenceRequestLapsed", &[("request_id", name("r1"))]),
            "cancelled lapsed",
            "2026-03-11T12:00:00",
        ),
        row(
            "taken back",
            "C11",
            asked.clone().tell("2026-03-10T12:00", "EvidenceSubmitted", &cancelled),
            "cancelled cancelled",
            "2026-03-11T12:00:00",
        ),
    ]);
    let both = requested(asked, "2026-03-09T13:00", "r2", "COMPLAINANT", "2026-03-12T12:00");
    let subjects: Vec<String> = both.runs("C11").into_iter().map(|clock| clock.subject).collect();
    assert_eq!(subjects, ["r1", "r2"]);
}

#[test]
fn the_result_is_told_within_three_days_of_the_plan() {
    let planned = case().tell("2026-03-09T12:00", "PlanApproved", &[("proposal_id", name("p"))]);
    check(vec![
        row("planned", "C12", planned.clone(), "running", "2026-03-12T18:00:00"),
        row(
            "told",
            "C12",
            notice(planned.clone(), "2026-03-12T17:00", "N12_RESULT"),
            "met",
            "2026-03-12T18:00:00",
        ),
        row(
            "told late",
            "C12",
            notice(planned.clone(), "2026-03-13T09:00", "N12_RESULT"),
            "met late",
            "2026-03-12T18:00:00",
        ),
    ]);
    assert_eq!(planned.clock("C12").thresholds, [(80, Some(at("2026-03-12T13:12")))]);
}

#[test]
fn completion_stands_still_for_tests_and_suspension_and_ends_with_the_result() {
    let tested = case().tell("2026-03-10T10:00", "TestOrdered", &[("test_id", name("t"))]);
    let reported = tested.clone().tell("2026-03-12T10:00", "TestReported", &[("test_id", name("t"))]);
    let halted = reported.clone().tell("2026-03-16T10:00", "CaseSuspended", &[("reason", name("court"))]);
    let resumed = halted.clone().tell("2026-03-18T10:00", "CaseResumed", &[]);
    let waiting = requested(case(), "2026-03-10T10:00", "r", "COMPLAINANT", "2026-03-20T10:00");
    let told = |story: Story, when| story.advanced(when, "EXECUTING", "RESULT_NOTIFIED", "RemedyExecuted");
    check(vec![
        row("fifteen working days", "C13", case(), "running", "2026-03-30T18:00:00"),
        row("thirty at the most", "C14", case(), "running", "2026-04-21T18:00:00"),
        row("being tested", "C13", tested.clone(), "paused lab", ""),
        row("two days held", "C13", reported.clone(), "running", "2026-04-01T18:00:00"),
        row("the longest time too", "C14", reported, "running", "2026-04-23T18:00:00"),
        row("halted", "C13", halted, "paused suspended", ""),
        row("four days held", "C13", resumed.clone(), "running", "2026-04-03T18:00:00"),
        row(
            "another's test",
            "C13",
            tested.tell("2026-03-12T10:00", "TestReported", &[("test_id", name("u"))]),
            "paused lab",
            "",
        ),
        row("the complainant's time does not hold it", "C13", waiting, "running", "2026-03-30T18:00:00"),
        row("told", "C13", told(resumed.clone(), "2026-04-03T18:00"), "met", "2026-04-03T18:00:00"),
        row("told late", "C13", told(resumed, "2026-04-03T18:01"), "met late", "2026-04-03T18:00:00"),
        row(
            "major",
            "C13",
            case().assessed("2026-03-09T10:01", "MAJOR", false),
            "running",
            "2026-03-30T18:00:00",
        ),
        row(
            "urgent",
            "C13",
            case().assessed("2026-03-09T10:01", "MAJOR", true),
            "running",
            "2026-03-18T18:00:00",
        ),
    ]);
    let urgent = case().assessed("2026-03-09T10:01", "MAJOR", true).clock("C13");
    assert_eq!(urgent.variant, "urgent");
    let shares: Vec<u8> = urgent.thresholds.iter().map(|(percent, _)| *percent).collect();
    assert_eq!(shares, [60, 80], "the whole is the breach");
}

/// A notice of a delay as notification tells that it went out.
fn delay(story: Story, when: &str, (clock, new_due): (&str, &str), role: &str) -> Story {
    let sent = NoticeSent {
        kind: NoticeKind::N09Delay.into(),
        addressee: Some(Addressee { role: role.to_owned(), ..Default::default() }),
        clock: clock.to_owned(),
        new_due_at: Some(to_wire_time(at(new_due))),
        ..Default::default()
    };
    story.hear(when, &sent)
}

#[test]
fn a_delay_is_announced_to_the_complainant_for_its_own_clock_and_as_far_as_it_goes() {
    let planned = case().tell("2026-03-24T12:00", "PlanApproved", &[("proposal_id", name("p"))]);
    let notified = |story: &Story, clock: &str| story.clock(clock).notified_at;
    let sent = Some(at("2026-03-26T10:00"));
    // C12 is due 03-27 18:00, C13 03-30 18:00.
    let of = |told, role| delay(planned.clone(), "2026-03-26T10:00", told, role);
    let result = of(("C12", "2026-03-30T18:00"), "complainant");
    assert_eq!((notified(&result, "C12"), notified(&result, "C13")), (sent, None), "another clock's delay");
    let whole = of(("C13", "2026-04-21T18:00"), "complainant");
    assert_eq!((notified(&whole, "C12"), notified(&whole, "C13")), (None, sent));
    let respondent = of(("C13", "2026-04-21T18:00"), "respondent");
    assert_eq!(notified(&respondent, "C13"), None, "the complainant was not told");
    let nameless = of(("", "2026-04-21T18:00"), "complainant");
    assert_eq!(notified(&nameless, "C13"), None, "nobody knows of what");
    let exact = of(("C13", "2026-03-30T18:00"), "complainant");
    assert_eq!(notified(&exact, "C13"), sent, "until the very instant");
}

#[test]
fn the_notice_of_an_earlier_extension_does_not_announce_the_next() {
    let mut story = delay(case(), "2026-03-25T10:00", ("C13", "2026-04-07T18:00"), "complainant");
    let clock = story.clock("C13").id;
    // Five more working days, as the notice said.
    story.extensions.push(Extension { clock, amount: 5 });
    assert_eq!(due(&story.clock("C13")), "2026-04-07T18:00:00");
    assert_eq!(story.clock("C13").notified_at, Some(at("2026-03-25T10:00")));
    story.extensions.push(Extension { clock, amount: 5 });
    assert_eq!(due(&story.clock("C13")), "2026-04-14T18:00:00");
    assert_eq!(story.clock("C13").notified_at, None, "nobody was told of these five");
    let told = delay(story, "2026-04-06T10:00", ("C13", "2026-04-14T18:00"), "complainant");
    assert_eq!(told.clock("C13").notified_at, Some(at("2026-04-06T10:00")));
}

#[test]
fn progress_is_owed_anew_from_each_letter_to_the_complainant() {
    let told = notice(notice(case(), "2026-03-09T10:01", "N01_RECEIPT"), "2026-03-11T10:00", "N08_PROGRESS");
    let closed = notice(
        told.clone().tell("2026-03-12T10:00", "ComplaintClosed", &[]),
        "2026-03-12T10:00",
        "N18_SURVEY",
    );
    let states =
        |story: &Story| story.runs("C15").iter().map(|clock| (state(clock), due(clock))).collect::<Vec<_>>();
    let running = [
        ("met".to_owned(), "2026-03-12T18:00:00".to_owned()),
        ("running".to_owned(), "2026-03-16T18:00:00".to_owned()),
    ];
    assert_eq!(states(&told), running);
    assert_eq!(states(&closed)[1].0, "met", "a letter at the instant of the closing is one");
    assert_eq!(states(&closed).len(), 2, "nothing is owed any more");
}

#[test]
fn an_assignment_is_taken_before_it_expires_or_offered_anew() {
    let offer = |story: Story, when: &str, until: &str| {
        story.tell(when, "AssignmentOffered", &[("expires_at", time(until))])
    };
    let offered = offer(case(), CASE, "2026-03-09T10:15");
    let again = offer(offered.clone(), "2026-03-09T10:20", "2026-03-09T10:35");
    let sooner = offer(offered.clone(), "2026-03-09T10:05", "2026-03-09T10:20");
    check(vec![
        row("offered", "C16", offered.clone(), "running", "2026-03-09T10:15:00"),
        row(
            "taken",
            "C16",
            offered.tell("2026-03-09T10:15", "AssignmentAccepted", &[]),
            "met",
            "2026-03-09T10:15:00",
        ),
        row("to another before it expired", "C16", sooner, "running", "2026-03-09T10:20:00"),
    ]);
    let runs: Vec<_> = again.runs("C16").iter().map(|clock| (state(clock), due(clock))).collect();
    let expected = [("cancelled superseded", "2026-03-09T10:15:00"), ("running", "2026-03-09T10:35:00")];
    assert_eq!(runs, expected.map(|(state, due)| (state.to_owned(), due.to_owned())));
}
