//! Each clock of the builtin policy, from facts as a case tells them.

use redress_sla::domain::fact::Value;

use crate::story::{Story, at, due, name, state, time, yes};

const CASE: &str = "2026-03-09T10:00";

/// What is told, and what follows for one clock: its state, and when it is due.
struct Row {
    what: &'static str,
    story: Story,
    clock: &'static str,
    state: &'static str,
    due: &'static str,
}

fn check(rows: Vec<Row>) {
    for Row { what, story, clock, state: expected, due: when } in rows {
        let clock = story.clock(clock);
        assert_eq!((state(&clock).as_str(), due(&clock).as_str()), (expected, when), "{what}");
    }
}

fn row(what: &'static str, clock: &'static str, story: Story, state: &'static str, due: &'static str) -> Row {
    Row { what, story, clock, state, due }
}

fn case() -> Story {
    Story::registered(CASE)
}

fn notice(story: Story, when: &str, kind: &str) -> Story {
    let fields = [
        ("kind", name(&format!("NOTICE_KIND_{kind}"))),
        ("addressee.role", name("complainant")),
        ("receipts_expected", yes(true)),
    ];
    story.tell(when, "NoticeSent", &fields)
}

fn requested(story: Story, when: &str, id: &str, party: &str, due: &str) -> Story {
    let party = name(&format!("AWAITED_PARTY_{party}"));
    story.tell(when, "EvidenceRequested", &[("request_id", name(id)), ("party", party), ("due_at", time(due))])
}

fn answered(story: Story, when: &str, id: &str, settled: bool) -> Story {
    let fields = [("request_id", name(id)), ("request_settled", yes(settled)), ("cancelled", yes(false))];
    story.tell(when, "EvidenceSubmitted", &fields)
}

#[test]
fn registration_and_acknowledgement_count_from_the_receipt() {
    let late = Story::new().tell(CASE, "ComplaintRegistered", &[("received_at", time("2026-03-09T09:59:50"))]);
    let quick = Story::new().tell(CASE, "ComplaintRegistered", &[("received_at", time("2026-03-09T09:59:58"))]);
    let promised = Story::new().tell(
        CASE,
        "ComplaintRegistered",
        &[("received_at", time(CASE)), ("acknowledge_by", time("2026-03-09T10:30"))],
    );
    check(vec![
        row("ten seconds", "C04", late.clone(), "met late", "2026-03-09T09:59:55"),
        row("two seconds", "C04", quick, "met", "2026-03-09T10:00:03"),
        row("told when it was received only by its event", "C04", Story::new().tell(CASE, "ComplaintRegistered", &[]), "met", "2026-03-09T10:00:05"),
        row("an hour, day and night", "C05", late, "running", "2026-03-09T10:59:50"),
        row("as announced", "C05", promised.clone(), "running", "2026-03-09T10:30:00"),
        row("sent in time", "C05", notice(promised.clone(), "2026-03-09T10:30", "N01_RECEIPT"), "met", "2026-03-09T10:30:00"),
        row("sent late", "C05", notice(promised.clone(), "2026-03-09T10:31", "N01_RECEIPT"), "met late", "2026-03-09T10:30:00"),
        row("another letter", "C05", notice(promised, "2026-03-09T10:20", "N08_PROGRESS"), "running", "2026-03-09T10:30:00"),
        row("urgent", "C05", case().assessed("2026-03-09T10:01", "GENERAL", true), "running", "2026-03-09T10:15:00"),
    ]);
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
        row("decided", "C06", supplied.clone().tell("2026-03-11T18:00", "ComplaintAccepted", &[]), "met", "2026-03-11T18:00:00"),
        row("refused", "C06", refused, "met", "2026-03-10T18:00:00"),
        row("the plan does not wait unless a tenant says so", "C07", asked.clone(), "running", "2026-03-11T18:00:00"),
        row("three days to supply", "C09", asked.clone(), "running", "2026-03-12T18:00:00"),
        row("supplied", "C09", supplied, "met", "2026-03-12T18:00:00"),
        row("lapsed", "C09", asked.clone().tell("2026-03-12T18:01", "ComplaintLapsed", &[]), "cancelled lapsed", "2026-03-12T18:00:00"),
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
        row("opened", "C07", case().tell("2026-03-11T18:00", "InvestigationOpened", &[]), "met", "2026-03-11T18:00:00"),
        row("late", "C07", case().tell("2026-03-11T18:01", "InvestigationOpened", &[]), "met late", "2026-03-11T18:00:00"),
        row("urgent", "C07", case().assessed("2026-03-09T10:01", "MAJOR", true), "running", "2026-03-10T18:00:00"),
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
        row("reviewed", "C08", told.assessed("2026-03-10T10:00", "GENERAL", false), "met", "2026-03-10T10:00:00"),
    ]);
    assert!(case().runs("C08").is_empty());
}

#[test]
fn a_respondent_s_silence_is_measured_by_the_instant_it_was_told() {
    let open = case().tell("2026-03-09T12:00", "NegotiationOpened", &[("due_at", time("2026-03-11T12:00"))]);
    let by = |party: &str| [("proposal_id", name("p")), ("party.role", name(&format!("AWAITED_PARTY_{party}")))];
    check(vec![
        row("open", "C10", open.clone(), "running", "2026-03-11T12:00:00"),
        row("the complainant's own move", "C10", open.clone().tell("2026-03-10T12:00", "OfferCountered", &by("COMPLAINANT")), "running", "2026-03-11T12:00:00"),
        row("an answer", "C10", open.clone().tell("2026-03-10T12:00", "OfferCountered", &by("RESPONDENT")), "met", "2026-03-11T12:00:00"),
        row("a test does not move what was told", "C10", open.clone().tell("2026-03-10T12:00", "TestOrdered", &[("test_id", name("t"))]), "running", "2026-03-11T12:00:00"),
        row("asked in", "C10", open.clone().tell("2026-03-10T12:00", "PlatformInterventionRequested", &[]), "cancelled intervention", "2026-03-11T12:00:00"),
        row("the lifecycle did not take it", "C10", open.tell("2026-03-09T12:00", "FactRefused", &[("fact", name("NegotiationOpened"))]), "cancelled refused", "2026-03-11T12:00:00"),
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
        row("a part is no answer", "C11", answered(asked.clone(), "2026-03-10T12:00", "r1", false), "running", "2026-03-11T12:00:00"),
        row("answered", "C11", answered(asked.clone(), "2026-03-11T12:00", "r1", true), "met", "2026-03-11T12:00:00"),
        row("another's answer", "C11", answered(asked.clone(), "2026-03-10T12:00", "r2", true), "running", "2026-03-11T12:00:00"),
        row("extended", "C11", extended.clone(), "running", "2026-03-13T12:00:00"),
        row("answered after all", "C11", answered(extended, "2026-03-13T12:00", "r1", true), "met", "2026-03-13T12:00:00"),
        row("lapsed", "C11", asked.clone().tell("2026-03-11T12:01", "EvidenceRequestLapsed", &[("request_id", name("r1"))]), "cancelled lapsed", "2026-03-11T12:00:00"),
        row("taken back", "C11", asked.clone().tell("2026-03-10T12:00", "EvidenceSubmitted", &cancelled), "cancelled cancelled", "2026-03-11T12:00:00"),
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
        row("told", "C12", notice(planned.clone(), "2026-03-12T17:00", "N12_RESULT"), "met", "2026-03-12T18:00:00"),
        row("told late", "C12", notice(planned.clone(), "2026-03-13T09:00", "N12_RESULT"), "met late", "2026-03-12T18:00:00"),
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
        row("another's test", "C13", tested.tell("2026-03-12T10:00", "TestReported", &[("test_id", name("u"))]), "paused lab", ""),
        row("the complainant's time does not hold it", "C13", waiting, "running", "2026-03-30T18:00:00"),
        row("told", "C13", told(resumed.clone(), "2026-04-03T18:00"), "met", "2026-04-03T18:00:00"),
        row("told late", "C13", told(resumed, "2026-04-03T18:01"), "met late", "2026-04-03T18:00:00"),
        row("major", "C13", case().assessed("2026-03-09T10:01", "MAJOR", false), "running", "2026-03-30T18:00:00"),
        row("urgent", "C13", case().assessed("2026-03-09T10:01", "MAJOR", true), "running", "2026-03-18T18:00:00"),
    ]);
    let urgent = case().assessed("2026-03-09T10:01", "MAJOR", true).clock("C13");
    assert_eq!(urgent.variant, "urgent");
    let shares: Vec<u8> = urgent.thresholds.iter().map(|(percent, _)| *percent).collect();
    assert_eq!(shares, [60, 80], "the whole is the breach");
}

#[test]
fn progress_is_owed_anew_from_each_letter_to_the_complainant() {
    let told = notice(notice(case(), "2026-03-09T10:01", "N01_RECEIPT"), "2026-03-11T10:00", "N08_PROGRESS");
    let closed = notice(told.clone().tell("2026-03-12T10:00", "ComplaintClosed", &[]), "2026-03-12T10:00", "N18_SURVEY");
    let states = |story: &Story| story.runs("C15").iter().map(|clock| (state(clock), due(clock))).collect::<Vec<_>>();
    let running = [
        ("met".to_owned(), "2026-03-12T18:00:00".to_owned()),
        ("running".to_owned(), "2026-03-16T18:00:00".to_owned()),
    ];
    assert_eq!(states(&told), running);
    assert_eq!(states(&closed)[1].0, "cancelled closed");
    assert_eq!(states(&closed).len(), 2, "nothing is owed any more");
}

#[test]
fn an_assignment_is_taken_before_it_expires_or_offered_anew() {
    let offer = |story: Story, when: &str, until: &str| story.tell(when, "AssignmentOffered", &[("expires_at", time(until))]);
    let offered = offer(case(), CASE, "2026-03-09T10:15");
    let again = offer(offered.clone(), "2026-03-09T10:20", "2026-03-09T10:35");
    let sooner = offer(offered.clone(), "2026-03-09T10:05", "2026-03-09T10:20");
    check(vec![
        row("offered", "C16", offered.clone(), "running", "2026-03-09T10:15:00"),
        row("taken", "C16", offered.tell("2026-03-09T10:15", "AssignmentAccepted", &[]), "met", "2026-03-09T10:15:00"),
        row("to another before it expired", "C16", sooner, "running", "2026-03-09T10:20:00"),
    ]);
    let runs: Vec<_> = again.runs("C16").iter().map(|clock| (state(clock), due(clock))).collect();
    let expected = [("cancelled superseded", "2026-03-09T10:15:00"), ("running", "2026-03-09T10:35:00")];
    assert_eq!(runs, expected.map(|(state, due)| (state.to_owned(), due.to_owned())));
}

#[test]
fn a_proposal_expires_unless_all_answer_or_one_does_not_want_it() {
    let sent = case().tell("2026-03-09T12:00", "ProposalSent", &[("proposal_id", name("p")), ("due_at", time("2026-03-11T12:00"))]);
    let about = [("proposal_id", name("p"))];
    let revised = |within: bool| {
        let mut fields = vec![("proposal_id", name("p")), ("within_bounds", yes(within))];
        if within {
            fields.push(("due_at", time("2026-03-12T12:00")));
        }
        sent.clone().tell("2026-03-10T12:00", "ProposalRevised", &fields)
    };
    check(vec![
        row("sent", "C18", sent.clone(), "running", "2026-03-11T12:00:00"),
        row("one of them", "C18", sent.clone().tell("2026-03-10T12:00", "OfferAccepted", &about), "running", "2026-03-11T12:00:00"),
        row("all of them", "C18", sent.clone().tell("2026-03-10T12:00", "SettlementReached", &about), "met", "2026-03-11T12:00:00"),
        row("declined", "C18", sent.clone().tell("2026-03-10T12:00", "OfferDeclined", &about), "met", "2026-03-11T12:00:00"),
        row("revised", "C18", revised(true), "running", "2026-03-12T12:00:00"),
        row("reviewed again", "C18", revised(false), "cancelled revised", "2026-03-11T12:00:00"),
        row("no more mediation", "C18", sent.clone().tell("2026-03-10T12:00", "MediationTerminated", &[]), "cancelled mediation_ended", "2026-03-11T12:00:00"),
    ]);
    // The mediator tries again after it expired.
    let fields = [("proposal_id", name("p")), ("within_bounds", yes(true)), ("due_at", time("2026-03-15T12:00"))];
    let runs = sent.tell("2026-03-13T12:00", "ProposalRevised", &fields).runs("C18");
    assert_eq!(runs.iter().map(state).collect::<Vec<_>>(), ["cancelled superseded", "running"]);
    assert!(runs[0].id != runs[1].id && due(&runs[1]) == "2026-03-15T12:00:00");
}

#[test]
fn a_remedy_has_the_time_it_was_ordered_with_or_that_of_its_kind() {
    let order = |kind: &str, extra: &[(&str, Value)]| {
        let mut fields = vec![("remedy_id", name("m")), ("type", name(&format!("REMEDY_TYPE_{kind}")))];
        fields.extend(extra.iter().cloned());
        case().tell("2026-03-09T12:00", "RemedyOrdered", &fields)
    };
    let told = order("REFUND_ONLY", &[("due_at", time("2026-03-12T12:00"))]);
    check(vec![
        row("as told", "C19", told.clone(), "running", "2026-03-12T12:00:00"),
        row("a refund", "C19", order("REFUND_ONLY", &[]), "running", "2026-03-17T00:00:00"),
        row("a coupon", "C19", order("COUPON", &[]), "running", "2026-03-10T18:00:00"),
        row("an exchange", "C19", order("EXCHANGE", &[]), "running", "2026-03-12T18:00:00"),
        row("done", "C19", told.clone().tell("2026-03-12T12:00", "RemedyExecuted", &[("remedy_id", name("m"))]), "met", "2026-03-12T12:00:00"),
        row("paid first by the platform", "C19", told.clone().tell("2026-03-12T12:01", "RemedyAdvanced", &[("remedy_id", name("m"))]), "met late", "2026-03-12T12:00:00"),
        row("another one", "C19", told.tell("2026-03-12T12:00", "RemedyExecuted", &[("remedy_id", name("n"))]), "running", "2026-03-12T12:00:00"),
    ]);
}

#[test]
fn a_regulator_s_transfer_is_decided_within_seven_working_days() {
    let by = |field, value| Story::new().tell(CASE, "ComplaintRegistered", &[(field, name(value))]);
    let routed = by("submission.channel", "CHANNEL_REGULATOR");
    check(vec![
        row("by its origin", "C20", by("submission.origin", "ORIGIN_REGULATOR"), "running", "2026-03-18T18:00:00"),
        row("by its channel", "C20", routed.clone(), "running", "2026-03-18T18:00:00"),
        row("taken up", "C20", routed.tell("2026-03-18T18:00", "ComplaintAccepted", &[]), "met", "2026-03-18T18:00:00"),
    ]);
    assert!(case().runs("C20").is_empty());
}

#[test]
fn mediation_ends_after_sixty_days_that_roll_over_holidays() {
    let accepted = Story::registered("2026-08-03T09:00").tell("2026-08-03T10:00", "ComplaintAccepted", &[]);
    let recused = accepted.clone().tell("2026-08-10T10:00", "CaseSuspended", &[("reason", name("recusal"))]);
    let halted = accepted.clone().tell("2026-08-10T10:00", "CaseSuspended", &[("reason", name("court"))]);
    check(vec![
        row("over the holidays", "C21", accepted.clone(), "running", "2026-10-09T00:00:00"),
        row("recused", "C21", recused, "paused recusal", ""),
        row("halted by a court", "C21", halted, "running", "2026-10-09T00:00:00"),
        row("settled", "C21", accepted.clone().tell("2026-09-01T10:00", "SettlementReached", &[]), "met", "2026-10-09T00:00:00"),
        row("ruled", "C21", accepted.clone().tell("2026-09-01T10:00", "RulingIssued", &[]), "cancelled ruled", "2026-10-09T00:00:00"),
        row("told of its end", "C22", accepted.tell("2026-08-10T10:00", "MediationTerminated", &[]), "running", "2026-08-19T18:00:00"),
    ]);
}

#[test]
fn rights_live_on_when_the_case_has_ended() {
    let result = |receipts| {
        let fields = [("kind", name("NOTICE_KIND_N12_RESULT")), ("addressee.role", name("complainant")), ("receipts_expected", yes(receipts))];
        case().tell("2026-03-09T12:00", "NoticeSent", &fields)
    };
    let delivered = [("kind", name("NOTICE_KIND_N12_RESULT")), ("addressee.role", name("complainant"))];
    let ruled = case().tell("2026-03-09T12:00", "RulingIssued", &[("ruling_id", name("u")), ("appeal_until", time("2026-04-08T12:00"))]);
    let appealed = |story: Story, by: &str| {
        let fields = [("appeal_id", name("a")), ("appellant.role", name(&format!("AWAITED_PARTY_{by}")))];
        story.tell("2026-03-16T12:00", "AppealFiled", &fields)
    };
    let closed = result(false).tell("2026-03-10T12:00", "ComplaintClosed", &[]);
    check(vec![
        row("no receipts: from the sending", "C26", result(false), "running", "2026-03-17T00:00:00"),
        row("from the receipt", "C26", result(true).tell("2026-03-11T12:00", "NoticeDelivered", &delivered), "running", "2026-03-19T00:00:00"),
        row("closed meanwhile", "C26", closed.clone(), "running", "2026-03-17T00:00:00"),
        row("accepted", "C26", result(false).tell("2026-03-16T12:00", "ResultAccepted", &[]), "met", "2026-03-17T00:00:00"),
        row("as told in the ruling", "C27", ruled.clone(), "running", "2026-04-08T12:00:00"),
        row("used", "C27", appealed(ruled, "COMPLAINANT"), "met", "2026-04-08T12:00:00"),
        row("an appeal while the case is closed", "C28", appealed(closed.clone(), "COMPLAINANT"), "running", "2026-03-30T18:00:00"),
        row("waiting for the appellant", "C28", requested(appealed(closed.clone(), "COMPLAINANT"), "2026-03-17T10:00", "r", "COMPLAINANT", "2026-03-19T10:00"), "paused waiting_complainant", ""),
        row("waiting for the other side", "C28", requested(appealed(closed.clone(), "RESPONDENT"), "2026-03-17T10:00", "r", "COMPLAINANT", "2026-03-19T10:00"), "running", "2026-03-30T18:00:00"),
        row("decided", "C28", appealed(closed, "RESPONDENT").tell("2026-03-20T10:00", "AppealDecided", &[("appeal_id", name("a"))]), "met", "2026-03-30T18:00:00"),
    ]);
    assert!(result(true).runs("C26").is_empty(), "receipts are expected and none has come");
}

#[test]
fn a_consumer_is_not_kept_waiting_for_more_than_fifteen_days() {
    check(vec![
        row("fifteen days", "C32", case(), "running", "2026-03-25T00:00:00"),
        row("an offer is an answer", "C32", notice(case(), "2026-03-24T12:00", "N10_PROPOSAL"), "met", "2026-03-25T00:00:00"),
        row("that it takes longer is none", "C32", notice(case(), "2026-03-24T12:00", "N08_PROGRESS"), "running", "2026-03-25T00:00:00"),
    ]);
}
