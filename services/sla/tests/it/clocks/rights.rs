//! Windows in which somebody may do something, and what is owed to a consumer.

use super::{case, check, notice, requested, row};
use crate::story::{Story, name, time, yes};

#[test]
fn rights_live_on_when_the_case_has_ended() {
    let result = |receipts| {
        let fields = [
            ("kind", name("NOTICE_KIND_N12_RESULT")),
            ("addressee.role", name("complainant")),
            ("receipts_expected", yes(receipts)),
        ];
        case().tell("2026-03-09T12:00", "NoticeSent", &fields)
    };
    let delivered = [("kind", name("NOTICE_KIND_N12_RESULT")), ("addressee.role", name("complainant"))];
    let ruled = case().tell(
        "2026-03-09T12:00",
        "RulingIssued",
        &[("ruling_id", name("u")), ("appeal_until", time("2026-04-08T12:00"))],
    );
    let appealed = |story: Story, by: &str| {
        let fields = [("appeal_id", name("a")), ("appellant.role", name(&format!("AWAITED_PARTY_{by}")))];
        story.tell("2026-03-16T12:00", "AppealFiled", &fields)
    };
    let closed = result(false).tell("2026-03-10T12:00", "ComplaintClosed", &[]);
    check(vec![
        row("no receipts: from the sending", "C26", result(false), "running", "2026-03-17T00:00:00"),
        row(
            "from the receipt",
            "C26",
            result(true).tell("2026-03-11T12:00", "NoticeDelivered", &delivered),
            "running",
            "2026-03-19T00:00:00",
        ),
        row("closed meanwhile", "C26", closed.clone(), "running", "2026-03-17T00:00:00"),
        row(
            "accepted",
            "C26",
            result(false).tell("2026-03-16T12:00", "ResultAccepted", &[]),
            "met",
            "2026-03-17T00:00:00",
        ),
        row("as told in the ruling", "C27", ruled.clone(), "running", "2026-04-08T12:00:00"),
        row(
            "it reached a party later",
            "C27",
            ruled.clone().tell(
                "2026-03-11T12:00",
                "AppealWindowMoved",
                &[("ruling_id", name("u")), ("appeal_until", time("2026-04-11T00:00"))],
            ),
            "running",
            "2026-04-11T00:00:00",
        ),
        row("used", "C27", appealed(ruled, "COMPLAINANT"), "met", "2026-04-08T12:00:00"),
        row(
            "an appeal while the case is closed",
            "C28",
            appealed(closed.clone(), "COMPLAINANT"),
            "running",
            "2026-03-30T18:00:00",
        ),
        row(
            "waiting for the appellant",
            "C28",
            requested(
                appealed(closed.clone(), "COMPLAINANT"),
                "2026-03-17T10:00",
                "r",
                "COMPLAINANT",
                "2026-03-19T10:00",
            ),
            "paused waiting_complainant",
            "",
        ),
        row(
            "waiting for the other side",
            "C28",
            requested(
                appealed(closed.clone(), "RESPONDENT"),
                "2026-03-17T10:00",
                "r",
                "COMPLAINANT",
                "2026-03-19T10:00",
            ),
            "running",
            "2026-03-30T18:00:00",
        ),
        row(
            "decided",
            "C28",
            appealed(closed, "RESPONDENT").tell(
                "2026-03-20T10:00",
                "AppealDecided",
                &[("appeal_id", name("a"))],
            ),
            "met",
            "2026-03-30T18:00:00",
        ),
    ]);
    assert!(result(true).runs("C26").is_empty(), "receipts are expected and none has come");
}

#[test]
fn a_consumer_is_not_kept_waiting_for_more_than_fifteen_days() {
    check(vec![
        row("fifteen days", "C32", case(), "running", "2026-03-25T00:00:00"),
        row(
            "an offer is an answer",
            "C32",
            notice(case(), "2026-03-24T12:00", "N10_PROPOSAL"),
            "met",
            "2026-03-25T00:00:00",
        ),
        row(
            "that it takes longer is none",
            "C32",
            notice(case(), "2026-03-24T12:00", "N08_PROGRESS"),
            "running",
            "2026-03-25T00:00:00",
        ),
    ]);
}
