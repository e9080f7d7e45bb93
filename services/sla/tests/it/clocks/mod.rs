//! Each clock of the builtin policy, from facts as a case tells them.

use redress_proto::sla::v1::{MilestoneKind, MilestoneRecorded};

use crate::story::{Story, due, name, state, time, yes};

mod every;
mod findings;
mod intake;
mod offers;
mod rights;

pub(super) const CASE: &str = "2026-03-09T10:00";

/// What is told, and what follows for one clock: its state, and when it is due.
pub(super) struct Row {
    pub(super) what: &'static str,
    pub(super) story: Story,
    pub(super) clock: &'static str,
    pub(super) state: &'static str,
    pub(super) due: &'static str,
}

pub(super) fn check(rows: Vec<Row>) {
    for Row { what, story, clock, state: expected, due: when } in rows {
        let clock = story.clock(clock);
        assert_eq!((state(&clock).as_str(), due(&clock).as_str()), (expected, when), "{what}");
    }
}

pub(super) fn row(
    what: &'static str,
    clock: &'static str,
    story: Story,
    state: &'static str,
    due: &'static str,
) -> Row {
    Row { what, story, clock, state, due }
}

pub(super) fn case() -> Story {
    Story::registered(CASE)
}

pub(super) fn notice(story: Story, when: &str, kind: &str) -> Story {
    let fields = [
        ("kind", name(&format!("NOTICE_KIND_{kind}"))),
        ("addressee.role", name("complainant")),
        ("receipts_expected", yes(true)),
    ];
    story.tell(when, "NoticeSent", &fields)
}

pub(super) fn requested(story: Story, when: &str, id: &str, party: &str, due: &str) -> Story {
    let party = name(&format!("AWAITED_PARTY_{party}"));
    story.tell(
        when,
        "EvidenceRequested",
        &[("request_id", name(id)), ("party", party), ("due_at", time(due))],
    )
}

pub(super) fn answered(story: Story, when: &str, id: &str, settled: bool) -> Story {
    let fields = [("request_id", name(id)), ("request_settled", yes(settled)), ("cancelled", yes(false))];
    story.tell(when, "EvidenceSubmitted", &fields)
}

pub(super) fn milestone(story: Story, when: &str, kind: MilestoneKind, subject: &str) -> Story {
    story.hear(when, &MilestoneRecorded { kind: kind.into(), subject_id: subject.to_owned() })
}
