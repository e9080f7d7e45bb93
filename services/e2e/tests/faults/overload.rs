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

/// How many refusals of `POST` the process has counted.
async fn refusals(at: &Addresses) -> String {
    let text = reqwest::get(format!("http://{}/metrics", at.admin)).await.unwrap().text().await.unwrap();
    let name = "http_server_request_duration_seconds_count{";
    let labels = ["http_request_method=\"POST\"", "http_response_status_code=\"429\""];
    let series =
        text.lines().find(|line| line.starts_with(name) && labels.iter().all(|label| line.contains(label)));
    series.and_then(|line| line.rsplit(' ').next()).unwrap().to_owned()
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
    for refused in &refused {
        assert_eq!(refused.trouble, ["429 Too Many Requests: OVERLOADED"]);
    }
    // By the process's own count: each was told by the limit, not by a connection that broke.
    assert_eq!(refusals(&at).await, refused.len().to_string());
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
