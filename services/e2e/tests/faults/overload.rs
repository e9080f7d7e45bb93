use std::time::Duration;

use redress_domain::Role;
use redress_e2e::ledger::Told;
use redress_e2e::{rpc, submissions};
use redress_proto::intake::v1::SubmitComplaintRequest;
use redress_testkit::Addresses;
use tokio::task::JoinSet;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::world::World;

/// Room for four calls, and for four that wait.
const NARROW: &[(&str, &str)] =
    &[("REDRESS__RUNTIME__OVERLOAD__MAX_IN_FLIGHT", "4"), ("REDRESS__RUNTIME__OVERLOAD__QUEUE_LENGTH", "4")];

/// How many refusals of `POST` the process has measured.
async fn refusals(at: &Addresses, part: &str, label: &str) -> f64 {
    let text = reqwest::get(format!("http://{}/metrics", at.admin)).await.unwrap().text().await.unwrap();
    let name = format!("http_server_request_duration_seconds_{part}{{");
    let labels = ["http_request_method=\"POST\"", "http_response_status_code=\"429\"", label];
    let series =
        text.lines().find(|line| line.starts_with(&name) && labels.iter().all(|label| line.contains(label)));
    series.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_its_room_intake_refuses_at_once_keeps_nothing_of_it_and_all_that_it_accepted() {
    let world = World::shared().await;
    let at = Addresses::claim();
    let _intake = world.intake("one", &at, NARROW).await;
    let mut load = world.load(&[&at], 1);
    load.patience = Duration::ZERO;
    let sent = load.burst(300).await.unwrap();

    let refused: Vec<_> = sent.iter().filter(|sent| sent.told == Told::Refused).collect();
    let accepted = sent.iter().filter(|sent| sent.told == Told::Accepted).count();
    assert!(!refused.is_empty() && accepted > 0, "{accepted} of {} accepted", sent.len());
    assert_eq!(refused.len() + accepted, sent.len(), "each is told clearly: {sent:#?}");
    for refused in refused {
        assert_eq!(refused.trouble, ["429 Too Many Requests: OVERLOADED"]);
    }
    // By the process's own measure: three hundred callers at once on the same machine wait for each other.
    let within = refusals(&at, "bucket", "le=\"0.05\"").await;
    let all = refusals(&at, "count", "").await;
    assert!(within * 2.0 >= all, "most are refused within 50 ms: {within} of {all}");
    let verdict = world.judge(&sent).await;
    assert!(verdict.is_clean(), "{verdict}");

    // When the rush is over, there is room for those who come again.
    let again = world.load(&[&at], 1).burst(20).await.unwrap();
    world
        .all_is_well(
            &[sent, again].concat().into_iter().filter(|s| s.told == Told::Accepted).collect::<Vec<_>>(),
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_its_room_intake_tells_grpc_callers_when_to_come_again() {
    let world = World::shared().await;
    let at = Addresses::claim();
    let _intake = world.intake("one", &at, NARROW).await;
    let client = rpc::intake(&rpc::channel(&at.grpc).unwrap(), &world.token(Role::Complainant)).unwrap();
    let calls: JoinSet<_> = (0..200)
        .map(|n| {
            let mut client = client.clone();
            let submission = Some(submissions::plain("主播说全场包邮，实际没有。"));
            let request = SubmitComplaintRequest { request_id: format!("rush-{n}"), submission };
            async move { client.submit_complaint(request).await }
        })
        .collect();
    let refusals: Vec<_> = calls.join_all().await.into_iter().filter_map(Result::err).collect();
    assert!(!refusals.is_empty());
    for refusal in refusals {
        assert_eq!(refusal.code(), Code::ResourceExhausted, "{refusal:?}");
        assert!(refusal.get_details_retry_info().is_some(), "{refusal:?}");
    }
}
