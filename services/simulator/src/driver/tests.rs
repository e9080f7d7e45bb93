use super::*;
use crate::story::{Services, Tokens};
use crate::texts;
use axum::Router;
use axum::routing::post;
use serde_json::json;

/// An edge that takes nothing.
async fn refuses_everything() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let refusal = || async { (StatusCode::BAD_REQUEST, axum::Json(json!({"reason": "INVALID"}))) };
    let edge = Router::new().route("/v1/complaints", post(refusal));
    tokio::spawn(async move { axum::serve(listener, edge).await });
    address
}

#[tokio::test]
async fn those_of_the_live_room_do_not_wait_for_one_whose_complaint_was_not_accepted() {
    let address = refuses_everything().await;
    let shape = plan::Shape { complaints: 60, rate: 10_000, spike: 10_000, seed: 1 };
    let mut plan = Plan::of(&texts::all().unwrap(), shape, "2026-11-25T02:00:00Z".parse().unwrap());
    plan.planned.retain(|planned| planned.script == plan::Script::Spike);
    let nobody = || address.clone();
    let services = Services {
        intake: nobody(),
        classification: nobody(),
        investigation: nobody(),
        resolution: nobody(),
        sla: nobody(),
    };
    let ledger = Arc::new(Ledger::default());
    let tokens: Tokens = Arc::new(|_, _, _| Ok("token".to_owned()));
    let stage = Stage::new(&services, &[], tokens, plan.in_spike(), Arc::clone(&ledger), PATIENCE).unwrap();
    let stage = Arc::new(stage);
    assert!(stage.room_waits());
    let gateway = Gateway { tenant: "tenant-a".to_owned(), token: "token".to_owned() };
    let driver = Driver::new(&address, vec![gateway], Arc::clone(&ledger), Arc::clone(&stage)).unwrap();
    let members = plan.in_spike();
    Arc::new(driver).drive(plan, Instant::now()).await.unwrap();
    assert_eq!(ledger.close().wrong.len(), members);
    assert!(!stage.room_waits(), "nobody comes any more");
}
