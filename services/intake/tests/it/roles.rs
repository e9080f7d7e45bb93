//! What a token's roles open on a complaint, alone and together, and what they leave closed.

use redress_domain::{ComplaintId, ErrorKind, Principal, Role};
use redress_proto::intake::v1::RefusalReason;
use redress_proto::types::v1::ComplaintState;

use crate::bench::{
    Bench, accept, ask, caller, complainant, officer, problem, refuse, submission, supply, withdraw,
};

#[tokio::test]
async fn a_further_role_lets_nobody_act_as_the_complainant_of_somebody_elses_complaint() {
    let bench = Bench::new().await;
    let owner = complainant("c1");
    let id = bench.registered(&owner, "k1").await;
    bench.decide(&officer(), ask(id, "ask")).await.unwrap();
    for role in [Role::Handler, Role::Supervisor, Role::IntakeOfficer, Role::Auditor, Role::Service] {
        let insider = caller("tenant-a", "insider-1", &[Role::Complainant, role]);
        let outcomes = [
            problem(bench.withdraw(&insider, withdraw(id, "w")).await),
            problem(bench.supply(&insider, supply(id, "s")).await),
        ];
        for refused in outcomes {
            let (kind, reason) = match role {
                Role::Service => (ErrorKind::NotFound, "NOT_FOUND"),
                _ => (ErrorKind::PermissionDenied, "ACTOR_NOT_ENTITLED"),
            };
            assert_eq!((refused.kind, refused.reason), (kind, reason), "{}", role.code());
        }
    }
    assert_eq!(bench.view(id).await.state_version, 2, "nothing has moved");

    let insider = caller("tenant-a", "insider-1", &[Role::Complainant, Role::Handler]);
    let own = bench.registered(&insider, "k1").await;
    let seen = bench.withdraw(&insider, withdraw(own, "w-own")).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::Withdrawn);
}

#[tokio::test]
async fn whoever_may_more_by_one_role_may_not_less_by_another() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let roles = [Role::Supervisor, Role::IntakeOfficer, Role::Handler];
    let supervisor = caller("tenant-a", "supervisor-1", &roles);
    let seen = bench.decide(&supervisor, refuse(id, RefusalReason::AbuseOrSpam)).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::NotAccepted);
}

fn service(subject: &str) -> Principal {
    caller("tenant-a", subject, &[Role::Service])
}

/// A complaint that `by` brought in for somebody who is known to the platform as `complainant`.
async fn brought_in(bench: &Bench, by: &Principal, complainant: &str) -> ComplaintId {
    let mut submission = submission("收到的货与直播间里说的不一样");
    submission.complainant.as_mut().unwrap().external_ref = Some(complainant.into());
    let attempt = bench.attempt(by, "k1", submission).await;
    let id = ComplaintId::from_uuid(attempt.meta.subject);
    bench.apply(&[attempt]).await.unwrap();
    id
}

#[tokio::test]
async fn the_service_that_brought_a_complaint_in_brings_in_its_completion_and_does_not_withdraw_it() {
    let bench = Bench::new().await;
    let app = service("app-1");
    let id = brought_in(&bench, &app, "c1").await;
    bench.decide(&officer(), ask(id, "ask")).await.unwrap();
    let stranger = problem(bench.supply(&service("app-2"), supply(id, "s")).await);
    assert_eq!(stranger.reason, "NOT_FOUND");
    let seen = bench.supply(&app, supply(id, "s")).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::Received);
    let refused = problem(bench.withdraw(&app, withdraw(id, "w")).await);
    assert_eq!(refused.reason, "ACTOR_NOT_ENTITLED");
}

#[tokio::test]
async fn nobody_takes_up_their_own_complaint_whoever_brought_it_in() {
    let bench = Bench::new().await;
    let through_a_service = brought_in(&bench, &service("app-1"), "officer-1").await;
    let refused = problem(bench.decide(&officer(), accept(through_a_service, "r1")).await);
    assert_eq!(refused.reason, "CONFLICT_OF_INTEREST");

    let both = caller("tenant-a", "officer-2", &[Role::Complainant, Role::IntakeOfficer]);
    let by_oneself = bench.registered(&both, "k1").await;
    let refused = problem(bench.decide(&both, accept(by_oneself, "r1")).await);
    assert_eq!(refused.reason, "CONFLICT_OF_INTEREST");
}

#[tokio::test]
async fn an_officer_takes_up_what_she_typed_in_for_a_caller() {
    let bench = Bench::new().await;
    let id = brought_in(&bench, &officer(), "c1").await;
    let seen = bench.decide(&officer(), accept(id, "r1")).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::Accepted);
}
