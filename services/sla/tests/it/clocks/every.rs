//! Every clock of the list, from what starts it to what meets it.

use redress_proto::classification::v1::{AssignmentAccepted, AssignmentOffered};
use redress_proto::convert::to_wire_time;
use redress_proto::sla::v1::MilestoneKind as Kind;
use redress_sla::domain::policy::Policy;

use super::{CASE, answered, case, milestone, notice, requested};
use crate::story::{Story, at, due, name, state, time, yes};

/// In time for all of them.
const SOON: &str = "2026-03-09T10:00:10";
/// Late for all of them.
const LATE: &str = "2026-06-01T12:00";

/// What happens to a clock, named for the place where it stands, so that it is met.
type Meet = Box<dyn Fn(Story, &str) -> Story>;

/// What starts a clock, when it is due then, and what meets it at an instant.
struct Row {
    clock: &'static str,
    started: Story,
    due: &'static str,
    meet: Meet,
}

fn row(
    clock: &'static str,
    started: Story,
    due: &'static str,
    meet: impl Fn(Story, &str) -> Story + 'static,
) -> Row {
    Row { clock, started, due, meet: Box::new(meet) }
}

/// Begun and met by what is recorded of one subject.
fn recorded(clock: &'static str, start: Kind, due: &'static str, stop: Kind) -> Row {
    row(clock, milestone(case(), CASE, start, "s"), due, move |story, when| milestone(story, when, stop, "s"))
}

fn tells(
    event: &'static str,
    fields: &'static [(&'static str, &'static str)],
) -> impl Fn(Story, &str) -> Story {
    move |story, when| {
        let fields: Vec<_> = fields.iter().map(|(field, value)| (*field, name(value))).collect();
        story.tell(when, event, &fields)
    }
}

fn sends(kind: &'static str) -> impl Fn(Story, &str) -> Story {
    move |story, when| notice(story, when, kind)
}

fn result_told(story: Story, when: &str) -> Story {
    story.advanced(when, "EXECUTING", "RESULT_NOTIFIED", "RemedyExecuted")
}

fn intake() -> Vec<Row> {
    let merchant = [("submission.origin", name("ORIGIN_MERCHANT"))];
    vec![
        recorded("C01", Kind::ChatIn, "2026-03-09T10:05:00", Kind::ChatReplied),
        recorded("C02", Kind::MessageIn, "2026-03-09T10:30:00", Kind::MessageReplied),
        recorded("C03", Kind::CallRang, "2026-03-09T10:00:15", Kind::CallAnswered),
        row("C05", case(), "2026-03-09T11:00:00", sends("N01_RECEIPT")),
        row("C06", case(), "2026-03-10T18:00:00", tells("ComplaintAccepted", &[])),
        row("C07", case(), "2026-03-11T18:00:00", tells("InvestigationOpened", &[])),
        row(
            "C08",
            Story::new().tell(CASE, "ComplaintRegistered", &merchant),
            "2026-03-10T10:00:00",
            |story, when| milestone(story, when, Kind::ClassConfirmed, ""),
        ),
        row(
            "C09",
            case().tell(CASE, "CompletionRequested", &[]),
            "2026-03-12T18:00:00",
            tells("CompletionSupplied", &[]),
        ),
    ]
}

fn findings() -> Vec<Row> {
    let offered =
        AssignmentOffered { expires_at: Some(to_wire_time(at("2026-03-09T10:15"))), ..Default::default() };
    let until = ("due_at", time("2026-03-11T10:00"));
    vec![
        row(
            "C10",
            case().tell(CASE, "NegotiationOpened", std::slice::from_ref(&until)),
            "2026-03-11T10:00:00",
            tells("OfferDeclined", &[("party.role", "AWAITED_PARTY_RESPONDENT")]),
        ),
        row(
            "C11",
            requested(case(), CASE, "r", "RESPONDENT", "2026-03-11T10:00"),
            "2026-03-11T10:00:00",
            |story, when| answered(story, when, "r", true),
        ),
        row("C12", case().tell(CASE, "PlanApproved", &[]), "2026-03-12T18:00:00", sends("N12_RESULT")),
        row("C13", case(), "2026-03-30T18:00:00", result_told),
        row("C14", case(), "2026-04-21T18:00:00", result_told),
        row("C15", notice(case(), CASE, "N01_RECEIPT"), "2026-03-12T18:00:00", sends("N08_PROGRESS")),
        row("C16", case().hear(CASE, &offered), "2026-03-09T10:15:00", |story, when| {
            story.hear(when, &AssignmentAccepted::default())
        }),
        row("C17", case().assessed(CASE, "MAJOR", true), "2026-03-09T11:00:00", |story, when| {
            milestone(story, when, Kind::MeasureTaken, "")
        }),
        row(
            "C18",
            case().tell(CASE, "ProposalSent", &[("proposal_id", name("p")), until]),
            "2026-03-11T10:00:00",
            tells("SettlementReached", &[("proposal_id", "p")]),
        ),
        row(
            "C19",
            case().tell(CASE, "RemedyOrdered", &[("remedy_id", name("m"))]),
            "2026-03-17T00:00:00",
            tells("RemedyExecuted", &[("remedy_id", "m")]),
        ),
    ]
}

fn procedures() -> Vec<Row> {
    let regulator = [("submission.origin", name("ORIGIN_REGULATOR"))];
    vec![
        row(
            "C20",
            Story::new().tell(CASE, "ComplaintRegistered", &regulator),
            "2026-03-18T18:00:00",
            tells("ComplaintAccepted", &[]),
        ),
        row(
            "C21",
            case().tell(CASE, "ComplaintAccepted", &[]),
            "2026-05-09T00:00:00",
            tells("SettlementReached", &[]),
        ),
        row(
            "C22",
            case().tell(CASE, "MediationTerminated", &[]),
            "2026-03-18T18:00:00",
            sends("N14_TERMINATION"),
        ),
        row(
            "C23",
            case().tell(CASE, "ViolationLeadSpunOff", &[("lead_id", name("s"))]),
            "2026-03-30T18:00:00",
            |story, when| milestone(story, when, Kind::LeadChecked, "s"),
        ),
        recorded("C24", Kind::AuthorityNoticeIn, "2026-03-16T18:00:00", Kind::ContactReminderSent),
        recorded("C25", Kind::SanctionDecided, "2026-03-10T18:00:00", Kind::SanctionPublished),
    ]
}

fn rights() -> Vec<Row> {
    let result = [("kind", name("NOTICE_KIND_N12_RESULT")), ("addressee.role", name("complainant"))];
    let ruled = [("ruling_id", name("u")), ("appeal_until", time("2026-04-08T10:00"))];
    let appealed = [("appeal_id", name("a"))];
    vec![
        row(
            "C26",
            case().tell(CASE, "NoticeDelivered", &result),
            "2026-03-17T00:00:00",
            tells("ResultAccepted", &[]),
        ),
        row(
            "C27",
            case().tell(CASE, "RulingIssued", &ruled),
            "2026-04-08T10:00:00",
            tells("AppealFiled", &[]),
        ),
        row(
            "C28",
            case().tell(CASE, "AppealFiled", &appealed),
            "2026-03-23T18:00:00",
            tells("AppealDecided", &[("appeal_id", "a")]),
        ),
        row("C29", case().tell(CASE, "ComplaintClosed", &[]), "2026-03-17T00:00:00", |story, when| {
            milestone(story, when, Kind::RevisitDone, "")
        }),
        recorded("C30", Kind::GoodsSignedFor, "2026-03-17T00:00:00", Kind::ReturnAsked),
        recorded("C31", Kind::GoodsReturned, "2026-03-17T00:00:00", Kind::Refunded),
        row("C32", case(), "2026-03-25T00:00:00", sends("N10_PROPOSAL")),
        recorded("C33", Kind::CallbackAsked, "2026-03-09T14:00:00", Kind::CallbackDone),
        row("C34", leaked(), "2026-03-09T11:00:00", |story, when| {
            milestone(story, when, Kind::DpoInformed, "")
        }),
        recorded("C35", Kind::RequestReceived, "2026-03-30T18:00:00", Kind::RequestAnswered),
    ]
}

/// Assessed as a leak of personal data.
fn leaked() -> Story {
    let leak = [("category", name("CATEGORY_CQ08")), ("urgent", yes(false))];
    case().tell(CASE, "AdmissibilityReviewStarted", &leak)
}

#[test]
fn every_clock_is_started_due_and_met() {
    let rows: Vec<Row> = [intake(), findings(), procedures(), rights()].into_iter().flatten().collect();
    let mut seen: Vec<&str> = rows.iter().map(|row| row.clock).collect();
    // Met by what starts it; see there.
    seen.push("C04");
    seen.sort_unstable();
    let policy = Policy::builtin();
    let all: Vec<&str> = policy.clocks().iter().map(|clock| clock.id.as_str()).collect();
    assert_eq!(seen, all);
    for Row { clock, started, due: until, meet } in rows {
        let first = |story: &Story| story.runs(clock).first().map(|clock| (state(clock), due(clock)));
        let is = |state: &str| Some((state.to_owned(), until.to_owned()));
        assert_eq!(first(&started), is("running"), "{clock}");
        assert_eq!(first(&meet(started.clone(), SOON)), is("met"), "{clock}");
        let late = if policy.clock(clock).unwrap().window { "met" } else { "met late" };
        assert_eq!(first(&meet(started, LATE)), is(late), "{clock}");
    }
}

#[test]
fn clocks_of_several_subjects_run_side_by_side() {
    let first = milestone(case(), CASE, Kind::ChatIn, "a");
    let both = milestone(first, "2026-03-09T10:02", Kind::ChatIn, "b");
    let replied = milestone(both, "2026-03-09T10:06", Kind::ChatReplied, "b");
    let runs = replied.runs("C01");
    let states: Vec<_> = runs.iter().map(|clock| (clock.subject.as_str(), state(clock))).collect();
    assert_eq!(states, [("a", "running".to_owned()), ("b", "met".to_owned())]);
    // More of the same conversation begins nothing while the first message waits.
    let more = milestone(replied, "2026-03-09T10:07", Kind::ChatIn, "a");
    assert_eq!(more.runs("C01").len(), 2);
}

#[test]
fn what_was_recorded_late_stands_where_it_happened() {
    let refunded = milestone(case(), "2026-03-10T12:00", Kind::Refunded, "s");
    assert_eq!(refunded.runs("C31"), [], "nothing came back");
    let story = milestone(refunded, "2026-03-10T10:00", Kind::GoodsReturned, "s");
    assert_eq!(state(&story.clock("C31")), "met", "the later record tells of what was before");
}

#[test]
fn what_is_urgent_is_contained_once_until_it_is_urgent_anew() {
    let states = |story: &Story| story.runs("C17").iter().map(state).collect::<Vec<_>>();
    let applied = |story: Story, when: &str, urgent| {
        story.tell(
            when,
            "AssessmentApplied",
            &[("severity", name("SEVERITY_MAJOR")), ("urgent", yes(urgent))],
        )
    };
    assert!(case().assessed(CASE, "MAJOR", false).runs("C17").is_empty());
    let urgent = case().assessed(CASE, "MAJOR", true);
    let taken = milestone(urgent.clone(), "2026-03-09T10:30", Kind::MeasureTaken, "");
    let refined = applied(taken, "2026-03-09T10:40", true);
    assert_eq!(states(&refined), ["met"], "it stays what it was");
    let calm = applied(urgent, "2026-03-09T10:30", false);
    assert_eq!(states(&calm), ["cancelled not_urgent"]);
    let again = applied(applied(refined, "2026-03-09T11:00", false), "2026-03-09T12:00", true);
    assert_eq!(states(&again), ["met", "running"]);
    assert_eq!(due(&again.runs("C17")[1]), "2026-03-09T13:00:00");
}

#[test]
fn a_leak_is_one_as_long_as_it_is_found_to_be() {
    let other = |category: &str| {
        let fields = [("category", name(category)), ("urgent", yes(false))];
        leaked().tell("2026-03-09T10:30", "AssessmentApplied", &fields)
    };
    assert_eq!(state(&other("CATEGORY_CQ01").clock("C34")), "cancelled reassessed");
    assert_eq!(state(&other("CATEGORY_CQ08").clock("C34")), "running");
}

#[test]
fn a_request_stands_still_while_it_is_checked_who_asks() {
    let asked = milestone(case(), CASE, Kind::RequestReceived, "s");
    let checked = milestone(asked, "2026-03-10T10:00", Kind::IdentityAsked, "s");
    assert_eq!(state(&checked.clock("C35")), "paused identity_check");
    let proven = milestone(checked.clone(), "2026-03-12T10:00", Kind::IdentityProven, "s");
    assert_eq!(due(&proven.clock("C35")), "2026-04-01T18:00:00", "two days held");
    let closed = checked.tell("2026-03-11T10:00", "ComplaintClosed", &[]);
    assert_eq!(state(&closed.clock("C35")), "paused identity_check", "a right lives on");
}

#[test]
fn a_lead_may_have_fifteen_days_more_and_settling_the_case_does_not_end_it() {
    let mut story = case().tell(CASE, "ViolationLeadSpunOff", &[("lead_id", name("s"))]);
    story
        .extensions
        .push(redress_sla::domain::course::Extension { clock: story.clock("C23").id, amount: 15 });
    assert_eq!(due(&story.clock("C23")), "2026-04-21T18:00:00");
    let settled = story.tell("2026-03-20T10:00", "SettlementReached", &[]);
    let closed = settled.tell("2026-03-21T10:00", "ComplaintClosed", &[]);
    assert_eq!(state(&closed.clock("C23")), "running");
}

#[test]
fn a_case_that_is_taken_up_again_is_not_revisited_before_its_next_end() {
    let closed =
        case().advanced(CASE, "UNDER_APPEAL", "CLOSED", "AppealDecided").tell(CASE, "ComplaintClosed", &[]);
    assert_eq!(state(&closed.clock("C29")), "running", "one end, whoever tells of it");
    let reopened = closed.tell("2026-03-10T10:00", "ComplaintReopened", &[]);
    assert_eq!(state(&reopened.clock("C29")), "cancelled reopened");
    let again = reopened.tell("2026-03-20T10:00", "ComplaintClosed", &[]).runs("C29");
    assert_eq!((again.len(), due(&again[1])), (2, "2026-03-28T00:00:00".to_owned()));
}
