use std::time::Duration;

use redress_e2e::client::{Event, Events};
use redress_e2e::rpc;
use redress_e2e::submissions::plain;
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1::ComplaintState;
use reqwest::Method;
use serde_json::json;

use crate::service::{Tenant, tenant};

/// A change is told this soon, with much to spare on a busy machine: it is looked for four times a second.
const SOON: Duration = Duration::from_mins(1);

async fn next(events: &mut Events) -> Option<Event> {
    tokio::time::timeout(SOON, events.next()).await.expect("a change is told soon").unwrap()
}

async fn accept(tenant: &Tenant<'_>, id: &str) {
    let decision =
        json!({"decision": "ADMISSIBILITY_YES", "category": "CATEGORY_CQ01", "handler": "staff-1"});
    let answer = tenant.act(&tenant.officer(), id, "decideAdmissibility", "d-1", &decision).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

async fn withdraw(tenant: &Tenant<'_>, id: &str) {
    let answer = tenant.act(&tenant.complainant(), id, "withdraw", "w-1", &json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn server_sent_events_tell_what_was_what_happens_and_end_with_the_complaint() {
    let tenant = tenant().await;
    let owner = tenant.complainant();
    let id = tenant.registered(&owner, "k-1", &plain("x")).await;
    let mut events = tenant.http.events(&owner, &id, None).await.unwrap();
    let first = next(&mut events).await.unwrap();
    assert_eq!((first.id, first.event.as_str()), (1, "ComplaintRegistered"));
    assert_eq!(first.data["state"], "COMPLAINT_STATE_RECEIVED");

    // While the stream is open.
    accept(&tenant, &id).await;
    let told: Vec<_> =
        [next(&mut events).await.unwrap(), next(&mut events).await.unwrap()].map(|e| (e.id, e.event)).into();
    assert_eq!(told, [(2, "AdmissibilityReviewStarted".to_owned()), (3, "ComplaintAccepted".to_owned())]);
    withdraw(&tenant, &id).await;
    assert_eq!(next(&mut events).await.unwrap().event, "ComplaintWithdrawn");
    assert_eq!(next(&mut events).await, None, "nothing comes after a withdrawal");
}

#[tokio::test]
async fn a_reader_that_reconnects_goes_on_after_the_event_it_saw_last() {
    let tenant = tenant().await;
    let owner = tenant.complainant();
    let id = tenant.registered(&owner, "k-1", &plain("x")).await;
    accept(&tenant, &id).await;
    let mut events = tenant.http.events(&owner, &id, Some(2)).await.unwrap();
    assert_eq!(next(&mut events).await.unwrap().id, 3);
    drop(events);
    withdraw(&tenant, &id).await;
    let mut events = tenant.http.events(&owner, &id, Some(3)).await.unwrap();
    assert_eq!(next(&mut events).await.unwrap().id, 4);
    assert_eq!(next(&mut events).await, None);
}

#[tokio::test]
async fn a_browser_is_told_not_to_connect_again_to_a_complaint_that_is_over() {
    let tenant = tenant().await;
    let owner = tenant.complainant();
    let id = tenant.registered(&owner, "k-1", &plain("x")).await;
    withdraw(&tenant, &id).await;
    let last = tenant.view(&owner, &id).await["stateVersion"].to_string();
    let request = tenant.http.request(Method::GET, &format!("/v1/complaints/{id}/events"));
    let response = request.bearer_auth(&owner).header("last-event-id", &last).send().await.unwrap();
    assert_eq!(response.status(), 204);

    let mut client = rpc::intake(&tenant.grpc, &owner).unwrap();
    let request = wire::WatchComplaintRequest { complaint_id: id, after_version: last.parse().unwrap() };
    let mut changes = client.watch_complaint(request).await.unwrap().into_inner();
    assert_eq!(tokio::time::timeout(SOON, changes.message()).await.expect("it ends").unwrap(), None);
}

#[tokio::test]
async fn a_grpc_stream_tells_the_same() {
    let tenant = tenant().await;
    let owner = tenant.complainant();
    let id = tenant.registered(&owner, "k-1", &plain("x")).await;
    let mut client = rpc::intake(&tenant.grpc, &owner).unwrap();
    let request = wire::WatchComplaintRequest { complaint_id: id.clone(), after_version: 1 };
    let mut changes = client.watch_complaint(request).await.unwrap().into_inner();
    accept(&tenant, &id).await;
    withdraw(&tenant, &id).await;
    let mut told = Vec::new();
    while let Some(change) = tokio::time::timeout(SOON, changes.message()).await.unwrap().unwrap() {
        let entry = change.entry.unwrap();
        told.push((entry.version, entry.state()));
    }
    assert_eq!(
        told,
        [
            (2, ComplaintState::AdmissibilityReview),
            (3, ComplaintState::Accepted),
            (4, ComplaintState::Withdrawn)
        ]
    );
}
