use prost::Message as _;
use redress_domain::{ComplaintId, ErrorKind, Principal};
use redress_intake::Error;
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1::{Category, ComplaintState};
use redress_vault::{Purpose, WrappedKey};

use crate::bench::{self, Bench, accept, ask, complainant, officer, problem, refuse, supervisor, supply};

fn withdraw(id: ComplaintId, expected_version: u32) -> wire::WithdrawComplaintRequest {
    wire::WithdrawComplaintRequest { expected_version, ..bench::withdraw(id, "withdraw-1") }
}

fn events(view: &wire::Complaint) -> Vec<&str> {
    view.history.iter().map(|entry| entry.event.as_str()).collect()
}

#[tokio::test]
async fn an_officer_takes_a_complaint_up_and_the_history_tells_it() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let view = bench.decide(&officer(), accept(id, "r1")).await.unwrap();
    assert_eq!(view.state(), ComplaintState::Accepted);
    assert_eq!(view.category(), Category::Cq07);
    assert_eq!(events(&view), ["ComplaintRegistered", "AdmissibilityReviewStarted", "ComplaintAccepted"]);
    assert_eq!(view.history.iter().map(|entry| entry.version).collect::<Vec<_>>(), [1, 2, 3]);
    let versions: Vec<i64> = bench.published().await.into_iter().map(|(_, version)| version).collect();
    assert_eq!(versions, [1, 2, 3]);
}

#[tokio::test]
async fn repeating_a_call_changes_nothing_and_other_content_under_its_name_is_refused() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let first = bench.decide(&officer(), accept(id, "r1")).await.unwrap();
    let second = bench.decide(&officer(), accept(id, "r1")).await.unwrap();
    assert_eq!(first.state_version, second.state_version);
    let other = wire::DecideAdmissibilityRequest { handler: "staff-0043".into(), ..accept(id, "r1") };
    let refused = problem(bench.decide(&officer(), other).await);
    assert_eq!((refused.kind, refused.reason), (ErrorKind::AlreadyExists, "IDEMPOTENCY_KEY_REUSED"));
}

#[tokio::test]
async fn two_racing_twins_of_a_call_have_one_effect() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let officer = officer();
    let calls = (0..8).map(|_| bench.decide(&officer, accept(id, "r1")));
    let outcomes = futures::future::join_all(calls).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(bench.count("SELECT state_version::bigint FROM complaint").await, 3);
}

#[tokio::test]
async fn a_decision_on_an_outdated_version_is_aborted() {
    let bench = Bench::new().await;
    let caller = complainant("c1");
    let id = bench.registered(&caller, "k1").await;
    bench.decide(&officer(), accept(id, "r1")).await.unwrap();
    let refused = problem(bench.withdraw(&caller, withdraw(id, 1)).await);
    assert_eq!((refused.kind, refused.reason), (ErrorKind::Aborted, "VERSION_MISMATCH"));
    let view = bench.withdraw(&caller, withdraw(id, 3)).await.unwrap();
    assert_eq!(view.state(), ComplaintState::Withdrawn);
}

#[tokio::test]
async fn abuse_is_for_a_supervisor_to_find_and_the_facts_are_told_to_the_complainant_alone() {
    let bench = Bench::new().await;
    let caller = complainant("c1");
    let id = bench.registered(&caller, "k1").await;
    let abuse = refuse(id, wire::RefusalReason::AbuseOrSpam);
    let refused = problem(bench.decide(&officer(), abuse.clone()).await);
    assert_eq!(refused.reason, "SUPERVISOR_REQUIRED");
    assert_eq!(bench.count("SELECT state_version::bigint FROM complaint").await, 1, "nothing was half done");

    bench.decide(&supervisor(), abuse).await.unwrap();
    let request = wire::GetComplaintRequest { complaint_id: id.to_string(), ..Default::default() };
    let own = bench.queries.get(&caller, request).await.unwrap();
    assert_eq!(own.state(), ComplaintState::NotAccepted);
    assert_eq!(own.notes[0].text.as_deref(), Some("没有争议的事实"));
    let in_clear = bench.count("SELECT count(*) FROM note WHERE position('没有'::bytea in sealed) > 0").await;
    assert_eq!(in_clear, 0);
}

#[tokio::test]
async fn what_is_missing_is_asked_for_and_supplied() {
    let bench = Bench::new().await;
    let caller = complainant("c1");
    let id = bench.registered(&caller, "k1").await;
    let asked = bench.decide(&officer(), ask(id, "ask")).await.unwrap();
    assert_eq!(asked.state(), ComplaintState::AwaitingCompletion);
    assert_eq!(asked.missing, ["order.orderNo"]);
    let supply = supply(id, "supply");
    let stranger = problem(bench.supply(&complainant("c2"), supply.clone()).await);
    assert_eq!(stranger.kind, ErrorKind::NotFound);
    let view = bench.supply(&caller, supply).await.unwrap();
    assert_eq!(view.state(), ComplaintState::Received);
    assert_eq!(view.notes[0].text.as_deref(), Some("订单号是 TEST-0001"));
    assert_eq!(view.attachments[0].name.as_deref(), Some("测试截图.png"));
    // Whoever reads the complaint's own words reads these too, and nobody else.
    let payload: Vec<u8> =
        sqlx::query_scalar("SELECT payload FROM outbox WHERE headers::text LIKE '%.CompletionSupplied%'")
            .fetch_one(bench.db.pool())
            .await
            .unwrap();
    let told = wire::CompletionSupplied::decode(payload.as_slice()).unwrap();
    assert_eq!(told.supplied, ["order.orderNo"]);
    let sealed = told.sealed.unwrap();
    let key = WrappedKey::from_bytes(&sealed.wrapped_key).unwrap();
    let opener = bench.vault.opener(&caller.tenant, id, &key, Purpose::Classification).await.unwrap();
    let [field] = <[_; 1]>::try_from(sealed.fields).unwrap();
    assert_eq!(opener.open(&field.name, &field.value).unwrap().as_slice(), "订单号是 TEST-0001".as_bytes());
    assert!(!String::from_utf8_lossy(&payload).contains("TEST-0001"));
}

#[tokio::test]
async fn one_of_a_withdrawal_and_an_acceptance_at_the_same_instant_is_told_that_it_lost() {
    let bench = Bench::new().await;
    let caller = complainant("c1");
    let id = bench.registered(&caller, "k1").await;
    let (officer, version) = (officer(), 1);
    let decision = wire::DecideAdmissibilityRequest { expected_version: version, ..accept(id, "r1") };
    let (accepted, withdrawn) =
        tokio::join!(bench.decide(&officer, decision), bench.withdraw(&caller, withdraw(id, version)),);
    assert!(accepted.is_ok() != withdrawn.is_ok(), "{accepted:?} {withdrawn:?}");
    let lost = accepted.err().or(withdrawn.err()).unwrap().into_problem();
    assert_eq!(lost.reason, "VERSION_MISMATCH");
}

fn nobody_elses(outcome: Result<wire::Complaint, Error>) {
    let refused = problem(outcome);
    assert_eq!((refused.kind, refused.reason), (ErrorKind::NotFound, "NOT_FOUND"));
}

#[tokio::test]
async fn another_tenants_complaint_does_not_exist() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let stranger = |principal: Principal| Principal { tenant: "tenant-b".parse().unwrap(), ..principal };
    nobody_elses(bench.decide(&stranger(officer()), accept(id, "r1")).await);
    nobody_elses(bench.withdraw(&stranger(complainant("c1")), withdraw(id, 0)).await);
}
