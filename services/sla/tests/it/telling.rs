//! What is told of a clock, and what the passing of time alone makes due.

use jiff::{SignedDuration, Timestamp};
use redress_sla::domain::course::Extension;
use redress_sla::domain::telling::{Mark, Told, ToldState, What, compare, fire, vanished};

use crate::story::{Story, at, name, time, yes};

const CASE: &str = "2026-03-09T10:00";

/// What was told before, and what is told of a clock now: names of events, and the clock as it is kept.
fn told(before: Option<&Told>, story: &Story, definition: &str) -> (Told, Vec<String>) {
    let (told, tellings) = compare(before, &story.clock(definition));
    let names = tellings.iter().map(|telling| match &telling.what {
        What::Started { .. } => "started".to_owned(),
        What::Paused { reason } => format!("paused {reason}"),
        What::Resumed { .. } => "resumed".to_owned(),
        What::Met { after_breach: true, .. } => "met after breach".to_owned(),
        What::Met { corrects: true, .. } => "met, corrected".to_owned(),
        What::Met { .. } => "met".to_owned(),
        What::Cancelled { reason, corrects: true } => format!("cancelled {reason}, corrected"),
        What::Cancelled { reason, .. } => format!("cancelled {reason}"),
        What::Recalculated { reason, .. } => format!("recalculated {reason}"),
    });
    (told, names.collect())
}

fn started(story: &Story, definition: &str) -> Told {
    let (told, names) = told(None, story, definition);
    assert_eq!(names, ["started"]);
    told
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

#[test]
fn a_clock_is_told_once_and_again_only_when_it_changes() {
    let story = Story::registered(CASE);
    let first = started(&story, "C13");
    assert_eq!((first.state, first.generation), (ToldState::Running, 0));
    assert_eq!(first.next_at, first.thresholds[0].at);
    assert_eq!(told(Some(&first), &story, "C13"), (first.clone(), vec![]), "a replay tells nothing");

    let paused = story.tell("2026-03-10T10:00", "TestOrdered", &[("test_id", name("t"))]);
    let (second, names) = told(Some(&first), &paused, "C13");
    assert_eq!(names, ["paused lab"]);
    assert_eq!((second.state, second.due_at, second.generation), (ToldState::Paused, None, 1));
    let resumed = paused.tell("2026-03-12T10:00", "TestReported", &[("test_id", name("t"))]);
    let (third, names) = told(Some(&second), &resumed, "C13");
    assert_eq!((names, third.generation), (vec!["resumed".to_owned()], 2));
    assert_eq!(third.due_at, Some(at("2026-04-01T18:00")));

    let met = resumed.clone().advanced("2026-03-20T10:00", "EXECUTING", "RESULT_NOTIFIED", "RemedyExecuted");
    let (fourth, names) = told(Some(&third), &met, "C13");
    assert_eq!((names, fourth.state, fourth.next_at), (vec!["met".to_owned()], ToldState::Met, None));
    assert_eq!(fourth.ended_at, Some(at("2026-03-20T10:00")));
    assert!(fourth.thresholds.iter().all(|threshold| threshold.mark == Mark::Passed));
    assert_eq!(told(Some(&fourth), &met, "C13"), (fourth.clone(), vec![]));
    // What happens later to the case does not concern a clock that is over.
    let closed = met.tell("2026-03-21T10:00", "ComplaintClosed", &[]);
    assert_eq!(told(Some(&fourth), &closed, "C13"), (fourth, vec![]));
}

#[test]
fn what_is_heard_all_at_once_is_told_from_the_start() {
    let paused = Story::registered(CASE).tell("2026-03-10T10:00", "TestOrdered", &[("test_id", name("t"))]);
    assert_eq!(told(None, &paused, "C13").1, ["started", "paused lab"]);
    let closed = paused.tell("2026-03-20T10:00", "ComplaintClosed", &[]);
    assert_eq!(told(None, &closed, "C13").1, ["started", "cancelled closed"]);
    let accepted = Story::registered(CASE).tell("2026-03-09T11:00", "ComplaintAccepted", &[]);
    assert_eq!(told(None, &accepted, "C06").1, ["started", "met"]);
}

#[test]
fn every_telling_has_the_time_and_the_cause_of_what_it_tells() {
    let story = Story::registered(CASE).tell("2026-03-10T10:00", "TestOrdered", &[("test_id", name("t"))]);
    let (_, tellings) = compare(None, &story.clock("C13"));
    let causes: Vec<_> = tellings.iter().map(|telling| (telling.at, telling.cause.clone())).collect();
    let expected: Vec<_> = story.facts.iter().map(|fact| (fact.at, Some(fact.reference()))).collect();
    assert_eq!(causes, expected);
}

#[test]
fn another_deadline_is_told_with_its_reason() {
    let story = Story::registered(CASE);
    let first = started(&story, "C13");
    let urgent = story.clone().assessed("2026-03-09T10:01", "MAJOR", true);
    let (second, names) = told(Some(&first), &urgent, "C13");
    assert_eq!((names, second.generation), (vec!["recalculated assessment".to_owned()], 1));

    let mut longer = story.clone();
    longer.extensions = vec![Extension { clock: first.clock_id, amount: 5 }];
    assert_eq!(told(Some(&first), &longer, "C13").1, ["recalculated extension"]);

    let mut older = first.clone();
    older.calendar.as_mut().unwrap().version = "0".to_owned();
    older.due_at = Some(at("2026-03-27T18:00"));
    assert_eq!(told(Some(&older), &story, "C13").1, ["recalculated calendar"]);

    // A pause that was over when it was heard.
    let both = story.clone().tell("2026-03-10T10:00", "TestOrdered", &[("test_id", name("t"))]).tell(
        "2026-03-12T10:00",
        "TestReported",
        &[("test_id", name("t"))],
    );
    assert_eq!(told(Some(&first), &both, "C13").1, ["recalculated pause"]);

    let asked = story.tell(
        "2026-03-09T12:00",
        "EvidenceRequested",
        &[("request_id", name("r")), ("due_at", time("2026-03-11T12:00"))],
    );
    let first = started(&asked, "C11");
    let extended = asked.tell(
        "2026-03-10T12:00",
        "EvidenceRequestExtended",
        &[("request_id", name("r")), ("due_at", time("2026-03-13T12:00"))],
    );
    assert_eq!(told(Some(&first), &extended, "C11").1, ["recalculated announced"]);
}

#[test]
fn a_clock_that_never_ran_is_taken_back() {
    let told = started(&Story::registered(CASE), "C13");
    let (gone, telling) = vanished(&told, at("2026-03-09T11:00")).unwrap();
    assert_eq!((gone.state, gone.next_at), (ToldState::Cancelled, None));
    assert_eq!(telling.what, What::Cancelled { reason: "superseded".to_owned(), corrects: false });
    assert_eq!(vanished(&gone, at("2026-03-09T11:00")), None);
}

#[test]
fn a_share_is_told_when_it_has_passed_and_of_several_the_highest() {
    let clock = started(&Story::registered(CASE), "C13");
    let [sixty, eighty] = [0, 1].map(|place: usize| clock.thresholds[place].at.unwrap());
    let early = fire(&clock, sixty - SignedDuration::from_millis(1), None);
    assert!(early.warning.is_none() && early.breach.is_none() && !early.waits);
    assert_eq!(early.told, clock);

    let first = fire(&clock, sixty, None);
    let warning = first.warning.unwrap();
    assert_eq!((warning.percent, warning.at, warning.due_at), (60, sixty, clock.due_at));
    assert_eq!(first.told.next_at, Some(eighty));
    assert_eq!(fire(&first.told, sixty, None).warning, None, "once");
    let second = fire(&first.told, eighty, None);
    assert_eq!((second.warning.unwrap().percent, second.told.warned()), (80, vec![60, 80]));

    let both = fire(&clock, eighty, None);
    assert_eq!((both.warning.unwrap().percent, both.told.warned()), (80, vec![80]));
    assert_eq!(both.told.thresholds[0].mark, Mark::Passed);
    assert_eq!(fire(&both.told, eighty, None).warning, None);
}

#[test]
fn a_breach_waits_until_everything_was_read_up_to_its_instant() {
    let clock = started(&Story::registered(CASE), "C13");
    let due = clock.due_at.unwrap();
    let just_before = due - SignedDuration::from_millis(1);
    assert!(fire(&clock, just_before, Some(Timestamp::MAX)).breach.is_none(), "never early");
    for through in [None, Some(just_before)] {
        let waiting = fire(&clock, due + minutes(5), through);
        assert!(waiting.waits && waiting.breach.is_none());
        assert_eq!(waiting.told.breached_at, None);
        assert_eq!(waiting.told.next_at, Some(due), "it is looked at again");
    }
    let fired = fire(&clock, due, Some(due));
    let breach = fired.breach.unwrap();
    assert_eq!((breach.due_at, breach.late, breach.warned), (due, false, vec![80]));
    assert_eq!((fired.told.breached_at, fired.told.next_at), (Some(due), None));
    let again = fire(&fired.told, due + minutes(60), Some(Timestamp::MAX));
    assert!(again.breach.is_none() && again.warning.is_none(), "never twice");
    assert_eq!(again.told, fired.told);
    let late = |passed| fire(&clock, due + passed, Some(Timestamp::MAX)).breach.unwrap().late;
    assert_eq!((late(minutes(1)), late(SignedDuration::from_millis(60_001))), (false, true));
}

#[test]
fn a_clock_without_a_deadline_or_that_is_over_does_not_fire() {
    let paused = Story::registered(CASE).tell("2026-03-10T10:00", "TestOrdered", &[("test_id", name("t"))]);
    let closed = paused.clone().tell("2026-03-11T10:00", "ComplaintClosed", &[]);
    for story in [paused, closed] {
        let (told, _) = told(None, &story, "C13");
        let fired = fire(&told, Timestamp::MAX, Some(Timestamp::MAX));
        assert!(fired.warning.is_none() && fired.breach.is_none() && !fired.waits);
        assert_eq!(fired.told.next_at, None);
    }
}

#[test]
fn what_fired_stays_fired_when_the_deadline_moves() {
    let story = Story::registered(CASE);
    let first = started(&story, "C13");
    let warned = fire(&first, first.thresholds[0].at.unwrap(), None).told;
    let mut longer = story;
    longer.extensions = vec![Extension { clock: first.clock_id, amount: 10 }];
    let (second, _) = told(Some(&warned), &longer, "C13");
    assert_eq!(second.warned(), [60]);
    assert_eq!(second.thresholds[0], warned.thresholds[0]);
    assert!(second.thresholds[1].at > warned.thresholds[1].at);
    assert_eq!(second.next_at, second.thresholds[1].at);
}

#[test]
fn a_stop_in_time_that_is_heard_late_has_met_the_clock() {
    let story = Story::registered(CASE);
    let first = started(&story, "C13");
    let due = first.due_at.unwrap();
    let met = story.advanced("2026-03-30T18:00", "EXECUTING", "RESULT_NOTIFIED", "RemedyExecuted");
    // Heard an hour after it was due; the breach had waited for it.
    let waiting = fire(&first, due + minutes(60), Some(due - minutes(1))).told;
    let (told, names) = told(Some(&waiting), &met, "C13");
    assert_eq!((names, told.breached_at), (vec!["met".to_owned()], None));
    let fired = fire(&told, due + minutes(60), Some(Timestamp::MAX));
    assert!(fired.breach.is_none());
}

#[test]
fn a_breach_that_was_declared_is_followed_by_the_late_end_or_corrected() {
    let story = Story::registered(CASE);
    let first = started(&story, "C13");
    let due = first.due_at.unwrap();
    let breached = fire(&first, due, Some(due)).told;
    let end = |when: &str| story.clone().advanced(when, "EXECUTING", "RESULT_NOTIFIED", "RemedyExecuted");
    let (late, names) = told(Some(&breached), &end("2026-03-31T10:00"), "C13");
    assert_eq!((names, late.breached_at), (vec!["met after breach".to_owned()], Some(due)));
    let (_, names) = told(Some(&breached), &end("2026-03-30T17:00"), "C13");
    assert_eq!(names, ["met, corrected"]);
}

#[test]
fn a_late_end_that_turns_out_to_have_been_in_time_is_told_again() {
    let asked = Story::registered(CASE).tell(
        "2026-03-09T12:00",
        "EvidenceRequested",
        &[("request_id", name("r")), ("due_at", time("2026-03-11T12:00"))],
    );
    let answer = |story: Story, when: &str| {
        story.tell(
            when,
            "EvidenceSubmitted",
            &[("request_id", name("r")), ("request_settled", yes(true)), ("cancelled", yes(false))],
        )
    };
    let late = answer(asked.clone(), "2026-03-11T13:00");
    let (first, names) = told(None, &late, "C11");
    assert_eq!(names, ["started", "met after breach"], "it was met after its due instant");
    let in_time = answer(asked, "2026-03-11T11:00");
    assert_eq!(told(Some(&first), &in_time, "C11").1, ["met, corrected"]);
}

#[test]
fn a_breach_is_the_end_of_a_clock_that_nothing_meets() {
    let asked = Story::registered(CASE).tell(
        "2026-03-09T12:00",
        "EvidenceRequested",
        &[("request_id", name("r")), ("due_at", time("2026-03-11T12:00"))],
    );
    let first = started(&asked, "C11");
    let breached = fire(&first, at("2026-03-11T12:00"), Some(at("2026-03-11T12:00"))).told;
    let lapsed = asked.tell("2026-03-11T12:00", "EvidenceRequestLapsed", &[("request_id", name("r"))]);
    let (over, names) = told(Some(&breached), &lapsed, "C11");
    assert_eq!((names.len(), over.state), (0, ToldState::Cancelled));
    assert_eq!(over.breached_at, first.due_at, "it stays breached");
}

fn asked_for_evidence() -> Story {
    Story::registered(CASE).tell(
        "2026-03-09T12:00",
        "EvidenceRequested",
        &[("request_id", name("r")), ("due_at", time("2026-03-11T12:00"))],
    )
}

/// Told of `first`, and then of all of it; what the second told, and what stands.
fn corrected(first: &Story, whole: &Story, definition: &str) -> (Told, Vec<String>) {
    let before = told(None, first, definition).0;
    let (after, names) = told(Some(&before), whole, definition);
    let fresh = told(None, whole, definition).0;
    let end = |told: &Told| {
        (told.state, told.ended_at, told.end_reason.clone(), told.due_at, told.breached_at, told.to_judge)
    };
    assert_eq!(end(&after), end(&fresh), "the order of topics decides nothing");
    assert_eq!(compare(Some(&after), &whole.clock(definition)), (after.clone(), vec![]), "once");
    (after, names)
}

#[test]
fn an_end_that_happened_first_takes_the_place_of_one_that_was_read_first() {
    let asked = asked_for_evidence();
    let answer = |story: Story, when: &str| {
        story.tell(
            when,
            "EvidenceSubmitted",
            &[("request_id", name("r")), ("request_settled", yes(true)), ("cancelled", yes(false))],
        )
    };
    let closed = asked.clone().tell("2026-03-10T18:00", "ComplaintClosed", &[]);
    let (end, names) = corrected(&closed, &answer(closed.clone(), "2026-03-10T12:00"), "C11");
    assert_eq!((end.state, names), (ToldState::Met, vec!["met, corrected".to_owned()]));

    let answered = answer(asked, "2026-03-10T18:00");
    let whole = answered.clone().tell("2026-03-10T12:00", "ComplaintClosed", &[]);
    let (end, names) = corrected(&answered, &whole, "C11");
    assert_eq!((end.state, names), (ToldState::Cancelled, vec!["cancelled closed, corrected".to_owned()]));
}

#[test]
fn a_clock_that_became_needless_when_it_had_been_missed_is_breached_once_all_is_read() {
    let asked = asked_for_evidence();
    let due = at("2026-03-11T12:00");
    let closed = |when: &str| asked.clone().tell(when, "ComplaintClosed", &[]);
    let (late, names) = told(None, &closed("2026-03-11T12:01"), "C11");
    assert_eq!(names, ["started", "cancelled closed"], "its end is told at once");
    let waits = fire(&late, due + minutes(5), Some(due - minutes(1)));
    assert!(waits.waits && waits.breach.is_none() && waits.warning.is_none());
    let fired = fire(&late, due + minutes(5), Some(due));
    let breach = fired.breach.unwrap();
    assert_eq!((breach.due_at, breach.late, breach.is_over), (due, true, true));
    assert_eq!((fired.told.state, fired.told.breached_at), (ToldState::Cancelled, Some(due)));
    assert!(fire(&fired.told, due + minutes(60), Some(Timestamp::MAX)).breach.is_none(), "once");
    assert_eq!(
        told(Some(&fired.told), &closed("2026-03-11T12:01"), "C11").1,
        [""; 0],
        "a replay tells nothing"
    );

    let (in_time, _) = told(None, &closed("2026-03-11T11:59"), "C11");
    assert!(fire(&in_time, due + minutes(60), Some(Timestamp::MAX)).breach.is_none());
    // Read later: it had been closed before. The breach is taken back.
    let (end, names) = told(Some(&fired.told), &closed("2026-03-11T11:59"), "C11");
    assert_eq!((names, end.breached_at), (vec!["cancelled closed, corrected".to_owned()], None));
}

#[test]
fn a_window_that_passes_unused_lapses_and_nobody_was_late() {
    let ruled = Story::registered(CASE).tell(
        "2026-03-09T12:00",
        "RulingIssued",
        &[("ruling_id", name("u")), ("appeal_until", time("2026-04-08T12:00"))],
    );
    let window = started(&ruled, "C27");
    let due = at("2026-04-08T12:00");
    let breach = fire(&window, due, Some(due)).breach.unwrap();
    assert!(breach.lapsed);
    // Used after all: nobody was late, and nothing is corrected.
    let lapsed = fire(&window, due, Some(due)).told;
    let used = ruled.tell("2026-04-09T12:00", "AppealFiled", &[("appeal_id", name("a"))]);
    assert_eq!(told(Some(&lapsed), &used, "C27").1, ["met"]);
    let owed = started(&asked_for_evidence(), "C11");
    assert!(!fire(&owed, at("2026-03-11T12:00"), Some(at("2026-03-11T12:00"))).breach.unwrap().lapsed);
}

#[test]
fn word_of_a_delay_is_owed_from_80_percent_until_it_is_sent() {
    let story = Story::registered(CASE);
    let clock = started(&story, "C13");
    let [sixty, eighty] = [0, 1].map(|place: usize| clock.thresholds[place].at.unwrap());
    assert_eq!(fire(&clock, sixty, None).told.notice_owed_since(), None);
    let warned = fire(&clock, eighty, None).told;
    assert_eq!(warned.notice_owed_since(), Some(eighty));
    let due = clock.due_at.unwrap();
    assert!(fire(&warned, due, Some(due)).breach.unwrap().unannounced);
    let notice = [
        ("kind", name("NOTICE_KIND_N09_DELAY")),
        ("addressee.role", name("complainant")),
        ("clock", name("C13")),
        ("new_due_at", time("2026-04-21T18:00")),
    ];
    let sent = story.clone().tell("2026-03-25T12:00", "NoticeSent", &notice);
    let (told_of, _) = told(Some(&warned), &sent, "C13");
    assert_eq!(told_of.notice_owed_since(), None);
    assert!(!fire(&told_of, due, Some(due)).breach.unwrap().unannounced);
    // Other clocks owe none.
    let other = started(&story, "C14");
    let fired = fire(&other, other.due_at.unwrap(), Some(Timestamp::MAX));
    assert_eq!((fired.told.notice_owed_since(), fired.breach.unwrap().unannounced), (None, false));
}
