//! Clocks of offers, remedies and procedures that others set.

use redress_sla::domain::fact::Value;

use super::{CASE, answered, case, check, requested, row};
use crate::story::{Story, due, name, state, time, yes};

#[test]
fn a_proposal_expires_unless_all_answer_or_one_does_not_want_it() {
    let sent = case().tell(
        "2026-03-09T12:00",
        "ProposalSent",
        &[("proposal_id", name("p")), ("due_at", time("2026-03-11T12:00"))],
    );
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
        row(
            "one of them",
            "C18",
            sent.clone().tell("2026-03-10T12:00", "OfferAccepted", &about),
            "running",
            "2026-03-11T12:00:00",
        ),
        row(
            "all of them",
            "C18",
            sent.clone().tell("2026-03-10T12:00", "SettlementReached", &about),
            "met",
            "2026-03-11T12:00:00",
        ),
        row(
            "declined",
            "C18",
            sent.clone().tell("2026-03-10T12:00", "OfferDeclined", &about),
            "met",
            "2026-03-11T12:00:00",
        ),
        row("revised", "C18", revised(true), "running", "2026-03-12T12:00:00"),
        row("reviewed again", "C18", revised(false), "cancelled revised", "2026-03-11T12:00:00"),
        row(
            "no more mediation",
            "C18",
            sent.clone().tell("2026-03-10T12:00", "MediationTerminated", &[]),
            "cancelled mediation_ended",
            "2026-03-11T12:00:00",
        ),
    ]);
    // The mediator tries again after it expired.
    let fields =
        [("proposal_id", name("p")), ("within_bounds", yes(true)), ("due_at", time("2026-03-15T12:00"))];
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
        row(
            "done",
            "C19",
            told.clone().tell("2026-03-12T12:00", "RemedyExecuted", &[("remedy_id", name("m"))]),
            "met",
            "2026-03-12T12:00:00",
        ),
        row(
            "paid first by the platform",
            "C19",
            told.clone().tell("2026-03-12T12:01", "RemedyAdvanced", &[("remedy_id", name("m"))]),
            "met late",
            "2026-03-12T12:00:00",
        ),
        row(
            "the carrier's time",
            "C19",
            answered(
                requested(told.clone(), "2026-03-10T12:00", "r", "CARRIER", "2026-03-12T12:00"),
                "2026-03-10T18:00",
                "r",
                true,
            ),
            "running",
            "2026-03-12T18:00:00",
        ),
        row(
            "another one",
            "C19",
            told.tell("2026-03-12T12:00", "RemedyExecuted", &[("remedy_id", name("n"))]),
            "running",
            "2026-03-12T12:00:00",
        ),
    ]);
}

#[test]
fn a_regulator_s_transfer_is_decided_within_seven_working_days() {
    let by = |field, value| Story::new().tell(CASE, "ComplaintRegistered", &[(field, name(value))]);
    let routed = by("submission.channel", "CHANNEL_REGULATOR");
    check(vec![
        row(
            "by its origin",
            "C20",
            by("submission.origin", "ORIGIN_REGULATOR"),
            "running",
            "2026-03-18T18:00:00",
        ),
        row("by its channel", "C20", routed.clone(), "running", "2026-03-18T18:00:00"),
        row(
            "taken up",
            "C20",
            routed.tell("2026-03-18T18:00", "ComplaintAccepted", &[]),
            "met",
            "2026-03-18T18:00:00",
        ),
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
        row(
            "settled",
            "C21",
            accepted.clone().tell("2026-09-01T10:00", "SettlementReached", &[]),
            "met",
            "2026-10-09T00:00:00",
        ),
        row(
            "ruled",
            "C21",
            accepted.clone().tell("2026-09-01T10:00", "RulingIssued", &[]),
            "cancelled ruled",
            "2026-10-09T00:00:00",
        ),
        row(
            "told of its end",
            "C22",
            accepted.tell("2026-08-10T10:00", "MediationTerminated", &[]),
            "running",
            "2026-08-19T18:00:00",
        ),
    ]);
}
