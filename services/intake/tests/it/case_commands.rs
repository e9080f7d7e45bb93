//! The commands on a case beyond its admissibility, but for merging and splitting: who may, what follows, what is refused.

use jiff::SignedDuration;
use redress_domain::{ComplaintId, ErrorKind, Principal, Role};
use redress_intake::app::commands::Addressed;
use redress_proto::intake::v1 as wire;
use redress_proto::resolution::v1 as resolution;
use redress_proto::types::v1::{Attachment, ComplaintState};

use crate::bench::{Bench, accept, caller, complainant, officer, problem, refuse, supervisor, withdraw};
use crate::facts::{accepted, planned, result_accepted, tell, word};

/// A message that names a complaint and the call.
pub(crate) fn on<C: Addressed>(mut command: C, id: ComplaintId, request_id: &str) -> C {
    *command.request_id_mut() = request_id.into();
    *command.complaint_id_mut() = id.to_string();
    command
}

pub(crate) fn lead() -> Principal {
    caller("tenant-a", "handler-1", &[Role::Handler])
}

pub(crate) fn events(view: &wire::Complaint) -> Vec<&str> {
    view.history.iter().map(|entry| entry.event.as_str()).collect()
}

fn review(id: ComplaintId, request_id: &str) -> wire::RequestRefusalReviewRequest {
    let request = wire::RequestRefusalReviewRequest {
        text: "我有新的证据".into(),
        attachments: vec![Attachment {
            name: Some("新证据.png".into()),
            media_type: "image/png".into(),
            sha256: "0".repeat(64),
            object_key: "k/2".into(),
        }],
        ..Default::default()
    };
    on(request, id, request_id)
}

async fn refused(bench: &Bench, key: &str) -> ComplaintId {
    let id = bench.registered(&complainant("c1"), key).await;
    bench.decide(&officer(), refuse(id, wire::RefusalReason::NoDispute)).await.unwrap();
    id
}

async fn closed(bench: &Bench, key: &str) -> ComplaintId {
    let id = planned(bench, key, true).await;
    let ruling = resolution::RulingIssued { remedy_ordered: false, ..Default::default() };
    tell(bench, word(id, "judge-1", &ruling)).await;
    let seen = tell(bench, word(id, "c1", &result_accepted())).await;
    assert_eq!(seen.state(), ComplaintState::Closed);
    id
}

#[tokio::test]
async fn a_refusal_is_reviewed_when_its_complainant_asks_and_decided_by_somebody_else() {
    let bench = Bench::new().await;
    let id = refused(&bench, "k1").await;
    for stranger in [complainant("c2"), caller("tenant-a", "shop-1", &[Role::Respondent])] {
        let told = problem(bench.run(&stranger, review(id, "v0")).await);
        assert_eq!(told.kind, ErrorKind::NotFound);
    }
    let told = problem(bench.run(&supervisor(), review(id, "v0")).await);
    assert_eq!(told.reason, "ACTOR_NOT_ENTITLED", "nobody asks for somebody else");

    let seen = bench.run(&complainant("c1"), review(id, "v1")).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::AdmissibilityReview);
    let grounds = seen.notes.iter().find(|note| note.kind == "review_grounds").unwrap();
    assert_eq!(grounds.text.as_deref(), Some("我有新的证据"));
    assert_eq!(seen.attachments[0].name.as_deref(), Some("新证据.png"));
    let in_clear = "SELECT count(*) FROM note WHERE position('证据'::bytea in sealed) > 0";
    assert_eq!(bench.count(in_clear).await, 0);

    let told = problem(bench.decide(&officer(), accept(id, "r2")).await);
    assert_eq!(told.reason, "REVIEWER_IS_DECIDER");
    let another = caller("tenant-a", "officer-2", &[Role::IntakeOfficer]);
    let seen = bench.decide(&another, accept(id, "r3")).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::Accepted);
    assert_eq!(
        events(&seen)[2..],
        ["ComplaintRefused", "RefusalReviewRequested", "AssessmentApplied", "ComplaintAccepted"]
    );
}

#[tokio::test]
async fn a_review_is_asked_for_within_its_window_and_where_there_is_a_refusal() {
    let bench = Bench::new().await;
    let id = refused(&bench, "k1").await;
    bench.clock.advance(SignedDuration::from_hours(24 * 32));
    let told = problem(bench.run(&complainant("c1"), review(id, "v1")).await);
    assert_eq!((told.kind, told.reason), (ErrorKind::FailedPrecondition, "REVIEW_WINDOW_OVER"));
    let open = bench.registered(&complainant("c1"), "k2").await;
    let told = problem(bench.run(&complainant("c1"), review(open, "v1")).await);
    assert_eq!(told.reason, "INVALID_TRANSITION");
}

#[tokio::test]
async fn whoever_brought_a_complaint_in_for_somebody_asks_for_its_review_too() {
    let bench = Bench::new().await;
    let platform = caller("tenant-a", "order-service", &[Role::Service]);
    let id = bench.registered(&platform, "k1").await;
    bench.decide(&officer(), refuse(id, wire::RefusalReason::NoDispute)).await.unwrap();
    let seen = bench.run(&platform, review(id, "v1")).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::AdmissibilityReview);
}

fn refer(id: ComplaintId, consent_to_share: bool) -> wire::ReferExternallyRequest {
    let request =
        wire::ReferExternallyRequest { body: "12315".into(), consent_to_share, ..Default::default() };
    on(request, id, if consent_to_share { "refer-1" } else { "refer-0" })
}

fn outcome(
    id: ComplaintId,
    outcome: wire::ReferralOutcome,
    cause: &str,
) -> wire::RecordReferralOutcomeRequest {
    let request = wire::RecordReferralOutcomeRequest {
        outcome: outcome.into(),
        cause: cause.into(),
        ..Default::default()
    };
    on(request, id, "outcome-1")
}

#[tokio::test]
async fn a_case_goes_to_an_outside_body_with_consent_and_ends_with_what_that_made_of_it() {
    let bench = Bench::new().await;
    let id = accepted(&bench, "k1").await;
    let told = problem(bench.run(&lead(), refer(id, false)).await);
    assert_eq!(told.reason, "SHARE_CONSENT_MISSING");
    let seen = bench.run(&lead(), refer(id, true)).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::Referred);
    let request = outcome(id, wire::ReferralOutcome::PartlyUpheld, "live_wording");
    let seen = bench.run(&lead(), request).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::Closed);
    assert_eq!(events(&seen)[seen.history.len() - 2..], ["ReferralConcluded", "ComplaintClosed"]);
}

#[tokio::test]
async fn a_case_that_mediation_handed_over_comes_back_to_be_carried_out() {
    let bench = Bench::new().await;
    let id = planned(&bench, "k1", false).await;
    let terminated = resolution::MediationTerminated {
        reason: resolution::TerminationReason::NoAgreement.into(),
        referred_to: "12315".into(),
    };
    let seen = tell(&bench, word(id, "staff-3", &terminated)).await;
    assert_eq!(seen.state(), ComplaintState::Referred);
    let request = outcome(id, wire::ReferralOutcome::Remedy, "");
    let seen = bench.run(&lead(), request).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::Executing);
}

fn suspend(id: ComplaintId, second: &str) -> wire::SuspendCaseRequest {
    let request = wire::SuspendCaseRequest {
        reason: wire::SuspensionReason::Court.into(),
        second: second.into(),
        review_on: "2026-12-24".into(),
        ..Default::default()
    };
    on(request, id, &format!("suspend-{second}"))
}

#[tokio::test]
async fn two_people_let_a_case_stand_still_and_go_on_where_it_stood() {
    let bench = Bench::new().await;
    let id = planned(&bench, "k1", false).await;
    let told = problem(bench.run(&supervisor(), suspend(id, "supervisor-1")).await);
    assert_eq!(told.reason, "SECOND_PERSON_REQUIRED");
    let told = problem(bench.run(&lead(), suspend(id, "supervisor-2")).await);
    assert_eq!(told.reason, "ACTOR_NOT_ENTITLED");
    let past = wire::SuspendCaseRequest { review_on: "2026-11-25".into(), ..suspend(id, "legal-1") };
    let told = problem(bench.run(&supervisor(), on(past, id, "suspend-past")).await);
    assert_eq!(told.reason, "REVIEW_DATE_NOT_AHEAD");

    let seen = bench.run(&supervisor(), suspend(id, "legal-1")).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::Suspended);
    let told = problem(bench.run(&supervisor(), suspend(id, "legal-2")).await);
    assert_eq!(told.reason, "INVALID_TRANSITION", "it stands still already");
    let settled = tell(&bench, word(id, "shop-7", &resolution::SettlementReached::default())).await;
    assert_eq!(settled.state(), ComplaintState::Suspended);
    assert_eq!(settled.history.last().unwrap().event, "FactRefused");

    let resume = wire::ResumeCaseRequest { second: "legal-1".into(), ..Default::default() };
    let seen = bench.run(&supervisor(), on(resume, id, "resume-1")).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::Mediating);
}

#[tokio::test]
async fn a_closed_complaint_comes_back_as_long_as_its_file_is_kept() {
    let bench = Bench::new().await;
    let reopen = |id, request_id: &str| {
        let ground = wire::ReopenGround::NewEvidence.into();
        on(wire::ReopenComplaintRequest { ground, ..Default::default() }, id, request_id)
    };
    let id = closed(&bench, "k1").await;
    let told = problem(bench.run(&lead(), reopen(id, "o0")).await);
    assert_eq!(told.reason, "ACTOR_NOT_ENTITLED");
    let seen = bench.run(&supervisor(), reopen(id, "o1")).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::Investigating);

    let old = closed(&bench, "k2").await;
    bench.clock.advance(SignedDuration::from_hours(24 * 1_098));
    let told = problem(bench.run(&supervisor(), reopen(old, "o2")).await);
    assert_eq!(told.reason, "RETENTION_OVER");
}

#[tokio::test]
async fn a_complaint_is_handed_over_when_the_unit_has_it_and_the_complainant_knows() {
    let bench = Bench::new().await;
    let id = accepted(&bench, "k1").await;
    let transfer = |acknowledged, complainant_told, request_id: &str| {
        let request = wire::TransferComplaintRequest {
            unit: "unit-7".into(),
            acknowledged,
            complainant_told,
            ..Default::default()
        };
        on(request, id, request_id)
    };
    let told = problem(bench.run(&lead(), transfer(false, true, "t0")).await);
    assert_eq!(told.reason, "TRANSFER_NOT_ACKNOWLEDGED");
    let told = problem(bench.run(&lead(), transfer(true, false, "t1")).await);
    assert_eq!(told.reason, "COMPLAINANT_NOT_TOLD");
    let seen = bench.run(&lead(), transfer(true, true, "t2")).await.unwrap();
    assert_eq!(
        (seen.state(), events(&seen).last()),
        (ComplaintState::Accepted, Some(&"ComplaintTransferred"))
    );
}

fn escalate(
    id: ComplaintId,
    reason: wire::EscalationReason,
    request_id: &str,
) -> wire::EscalateComplaintRequest {
    on(wire::EscalateComplaintRequest { reason: reason.into(), ..Default::default() }, id, request_id)
}

#[tokio::test]
async fn a_complainant_goes_over_the_handlers_head_and_a_repeated_call_climbs_one_level() {
    use wire::EscalationReason as Reason;
    let bench = Bench::new().await;
    let id = accepted(&bench, "k1").await;
    let owner = complainant("c1");
    let told = problem(bench.run(&owner, escalate(id, Reason::PublicSpread, "e0")).await);
    assert_eq!(told.reason, "REASON_NOT_FOR_ROLE");
    let first = bench.run(&owner, escalate(id, Reason::OverTheHead, "e1")).await.unwrap();
    let again = bench.run(&owner, escalate(id, Reason::OverTheHead, "e1")).await.unwrap();
    assert_eq!(first.state_version, again.state_version);
    assert_eq!(first.escalation_level, 0, "how high it stands is for staff to see");
    let other = escalate(id, Reason::Cluster, "e2");
    let seen = bench.run(&lead(), other.clone()).await.unwrap();
    assert_eq!(seen.escalation_level, 2);
    let changed = wire::EscalateComplaintRequest { reason: Reason::HandlerRequest.into(), ..other };
    let told = problem(bench.run(&lead(), changed).await);
    assert_eq!(told.reason, "IDEMPOTENCY_KEY_REUSED");
    let outdated =
        wire::EscalateComplaintRequest { expected_version: 1, ..escalate(id, Reason::Cluster, "e3") };
    let told = problem(bench.run(&lead(), outdated).await);
    assert_eq!((told.kind, told.reason), (ErrorKind::Aborted, "VERSION_MISMATCH"));
}

#[tokio::test]
async fn a_withdrawn_complaint_takes_none_of_them() {
    let bench = Bench::new().await;
    let id = accepted(&bench, "k1").await;
    bench.withdraw(&complainant("c1"), withdraw(id, "w1")).await.unwrap();
    let refusals = [
        problem(bench.run(&lead(), refer(id, true)).await),
        problem(bench.run(&lead(), outcome(id, wire::ReferralOutcome::Remedy, "")).await),
        problem(bench.run(&supervisor(), suspend(id, "legal-1")).await),
        problem(bench.run(&complainant("c1"), review(id, "v1")).await),
        problem(bench.run(&lead(), escalate(id, wire::EscalationReason::Cluster, "e1")).await),
    ];
    for told in refusals {
        assert_eq!(told.reason, "INVALID_TRANSITION");
        assert_eq!(told.metadata, [("state", "withdrawn".to_owned())]);
    }
    let versions: Vec<i64> = bench.published().await.into_iter().map(|(_, version)| version).collect();
    assert_eq!(versions, (1..=i64::try_from(versions.len()).unwrap()).collect::<Vec<_>>());
}

#[tokio::test]
async fn all_that_is_wrong_with_a_command_is_told_at_once_with_its_field() {
    fn fields<T: std::fmt::Debug>(outcome: Result<T, redress_intake::Error>) -> Vec<(String, &'static str)> {
        problem(outcome).violations.iter().map(|v| (v.field.clone(), v.reason)).collect()
    }
    let bench = Bench::new().await;
    let told = fields(bench.run(&supervisor(), wire::SuspendCaseRequest::default()).await);
    let required =
        |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), "REQUIRED")).collect::<Vec<_>>();
    assert_eq!(told[0], ("requestId".to_owned(), "MALFORMED"));
    assert_eq!(told[1..], required(&["reason", "second", "reviewOn"]));
    let odd = wire::SuspendCaseRequest {
        reason: wire::SuspensionReason::Police.into(),
        second: "王小样 13800000000".into(),
        review_on: "soon".into(),
        ..Default::default()
    };
    let told =
        fields(bench.run(&supervisor(), on(odd, ComplaintId::from_uuid(uuid::Uuid::nil()), "s1")).await);
    assert_eq!(told, [("second".to_owned(), "MALFORMED"), ("reviewOn".to_owned(), "MALFORMED")]);
    let id = ComplaintId::from_uuid(uuid::Uuid::nil());
    let told = fields(bench.run(&lead(), on(wire::MergeComplaintsRequest::default(), id, "m1")).await);
    assert_eq!(told, required(&["intoComplaintId"]));
    let told = fields(bench.run(&lead(), outcome(id, wire::ReferralOutcome::Upheld, "")).await);
    assert_eq!(told, required(&["cause"]));
    let told = fields(bench.run(&officer(), on(wire::SplitMatterRequest::default(), id, "p1")).await);
    assert_eq!(told, required(&["newComplaintId", "matter", "label"]));
}
