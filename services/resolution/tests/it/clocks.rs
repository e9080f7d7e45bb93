//! What silence leads to (C10, C18, C21, C26); an answer that came first has won.

use jiff::SignedDuration;
use redress_domain::{ComplaintId, whole_milliseconds};
use redress_proto::convert::to_wire_time;
use redress_proto::notification::v1 as notification;
use redress_proto::resolution::v1 as wire;
use redress_proto::sla::v1 as sla;
use redress_proto::types::v1::{ComplaintState as State, Severity};
use redress_resolution::app::react::FollowClocks;

use crate::bench::{Bench, complainant, handler, merchant, submission};
use crate::steps::{accept, call, draft, option, refund, report};

/// A clock of a case that ran out now: to the millisecond, as sla tells it.
pub(crate) async fn runs_out(bench: &Bench, id: ComplaintId, definition: &str, subject: Option<&str>) {
    let breached = sla::ClockBreached {
        clock: Some(sla::ClockRef {
            clock_id: format!("{definition}-{id}"),
            definition: definition.into(),
            subject_id: subject.unwrap_or_default().into(),
            window: definition == "C26",
            ..Default::default()
        }),
        due_at: Some(to_wire_time(whole_milliseconds(bench.now()))),
        ..Default::default()
    };
    bench.follow(&FollowClocks(bench.follower.clone()), id, &breached, "sla").await.unwrap();
}

async fn times(bench: &Bench, id: ComplaintId, event: &str) -> usize {
    bench.published(id).await.iter().filter(|name| *name == event).count()
}

#[tokio::test]
async fn a_silent_respondent_brings_the_platform_in() {
    let bench = Bench::new().await;
    let id = bench.register(1, submission()).await;
    bench.accepted(id, Severity::General).await;
    let open = wire::OpenNegotiationRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        ..Default::default()
    };
    bench.act(&handler("h-1"), open).await.unwrap();
    runs_out(&bench, id, "C10", None).await;
    assert_eq!(
        times(&bench, id, "PlatformInterventionRequested").await,
        0,
        "the lifecycle has not moved yet"
    );
    bench.advance(id, State::Accepted, State::DirectNegotiation, "NegotiationOpened").await;
    runs_out(&bench, id, "C10", None).await;
    let told: wire::PlatformInterventionRequested = bench.last(id).await;
    assert_eq!(told.reason, "silent");
}

#[tokio::test]
async fn unanswered_offers_expire_and_a_later_revision_has_its_own_time() {
    let bench = Bench::new().await;
    // Nobody acts on the whole millisecond.
    bench.pass(SignedDuration::from_micros(123_868));
    let (id, proposal) = bench.to_mediating(1).await;
    bench.pass(SignedDuration::from_hours(24));
    let revise = wire::DraftProposalRequest {
        proposal_id: proposal.clone(),
        ..draft(id, vec![option(vec![refund(7_000)])])
    };
    bench.act(&handler("h-1"), revise.clone()).await.unwrap();
    bench.pass(SignedDuration::from_hours(24));
    runs_out(&bench, id, "C18", Some(&proposal)).await;
    let seen = bench.get(&complainant(), id).await;
    assert_eq!(seen.proposals[0].state(), wire::ProposalState::Open, "the first revision's clock");
    bench.pass(SignedDuration::from_hours(24));
    runs_out(&bench, id, "C18", Some(&proposal)).await;
    let seen = bench.get(&complainant(), id).await;
    assert_eq!(seen.proposals[0].state(), wire::ProposalState::Expired);
    assert_eq!(seen.offers.last().unwrap().action(), wire::OfferAction::Expired);
    let again = wire::DraftProposalRequest { request_id: call(), ..revise };
    let seen = bench.act(&handler("h-1"), again).await.unwrap();
    assert_eq!(seen.proposals[0].state(), wire::ProposalState::Open, "the mediator may try again");
}

#[tokio::test]
async fn a_settlement_that_came_first_is_not_undone_by_the_sixtieth_day() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    bench.act(&complainant(), accept(id, &proposal, 1, 1)).await.unwrap();
    bench.act(&merchant(), accept(id, &proposal, 1, 1)).await.unwrap();
    runs_out(&bench, id, "C21", None).await;
    assert_eq!(times(&bench, id, "MediationTerminated").await, 0);

    let (id, _) = bench.to_mediating(2).await;
    runs_out(&bench, id, "C21", None).await;
    let told: wire::MediationTerminated = bench.last(id).await;
    assert_eq!(told.reason(), wire::TerminationReason::SixtyDays);
    let seen = bench.get(&complainant(), id).await;
    assert_eq!(seen.proposals[0].state(), wire::ProposalState::Revoked);
}

#[tokio::test]
async fn silence_is_told_with_what_is_missing_and_again_once_it_has_come() {
    let bench = Bench::new().await;
    let id = bench.to_result(1).await;
    runs_out(&bench, id, "C26", None).await;
    let told: wire::ObjectionWindowEnded = bench.last(id).await;
    assert!(!told.notice_delivered && !told.report_issued);
    assert_eq!((told.outcome.as_str(), told.cause.as_str()), ("settled_no_finding", "live_wording"));
    bench.act(&handler("h-1"), report(id)).await.unwrap();
    let delivered = notification::NoticeDelivered {
        kind: notification::NoticeKind::N12Result.into(),
        ..Default::default()
    };
    bench.notice(id, &delivered).await;
    let told: wire::ObjectionWindowEnded = bench.last(id).await;
    assert!(told.notice_delivered && told.report_issued);
    runs_out(&bench, id, "C26", None).await;
    assert_eq!(times(&bench, id, "ObjectionWindowEnded").await, 3);
}

#[tokio::test]
async fn a_result_sent_over_a_channel_without_receipts_counts_as_delivered() {
    let bench = Bench::new().await;
    let id = bench.to_result(1).await;
    runs_out(&bench, id, "C26", None).await;
    let sent = |receipts_expected| notification::NoticeSent {
        kind: notification::NoticeKind::N12Result.into(),
        receipts_expected,
        ..Default::default()
    };
    bench.notice(id, &sent(true)).await;
    assert_eq!(times(&bench, id, "ObjectionWindowEnded").await, 1, "its receipt is waited for");
    let another =
        notification::NoticeSent { kind: notification::NoticeKind::N13Ruling.into(), ..sent(false) };
    bench.notice(id, &another).await;
    assert_eq!(times(&bench, id, "ObjectionWindowEnded").await, 1);
    bench.notice(id, &sent(false)).await;
    let told: wire::ObjectionWindowEnded = bench.last(id).await;
    assert!(told.notice_delivered);
}

#[tokio::test]
async fn an_answered_result_does_not_end_in_silence() {
    let bench = Bench::new().await;
    let id = bench.to_result(1).await;
    let reject = wire::RespondToResultRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        reason: "不满意".into(),
        ..Default::default()
    };
    bench.act(&complainant(), reject).await.unwrap();
    runs_out(&bench, id, "C26", None).await;
    assert_eq!(times(&bench, id, "ObjectionWindowEnded").await, 0);
}
