use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use redress_domain::Role;
use redress_proto::intake::v1::WithdrawComplaintRequest;
use redress_proto::intake::v1::intake_service_client::IntakeServiceClient;
use redress_testkit::bearing;

use crate::complaints::submitted;
use crate::world::{PATIENCE, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_goes_on_where_the_service_left_it() {
    let world = World::start("intake", 1, &[]).await;
    let tenant = world.tenant();
    let token = tenant.token("c-1", Role::Complainant);
    let (id, number) = submitted(&tenant, &token, &["--text", "x"]).await;

    let mut watch =
        tenant.ctl(&token, &["complaint", "watch", &number, "--until", "withdrawn", "-o", "json"]);
    let mut watch = watch.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut told = BufReader::new(watch.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("ComplaintRegistered"));

    world.process.terminate(PATIENCE).await.unwrap();
    assert!(told.next().unwrap().unwrap().contains("watching on from version 1"));
    let _again = world.installation.serve("intake", &world.at, &[]).await.unwrap();
    let mut intake = IntakeServiceClient::connect(format!("http://{}", world.at.grpc)).await.unwrap();
    let withdrawal = WithdrawComplaintRequest {
        request_id: "withdraw-1".into(),
        complaint_id: id,
        ..WithdrawComplaintRequest::default()
    };
    intake.withdraw_complaint(bearing(&token, withdrawal)).await.unwrap();

    let next = tokio::task::spawn_blocking(move || lines.next().unwrap().unwrap());
    let next: serde_json::Value = serde_json::from_str(&next.await.unwrap()).unwrap();
    assert_eq!((&next["version"], &next["state"]), (&2.into(), &"COMPLAINT_STATE_WITHDRAWN".into()));
    drop(told);
    let ended = tokio::task::spawn_blocking(move || watch.wait().unwrap());
    let status = tokio::time::timeout(PATIENCE, ended).await.expect("the watch does not end").unwrap();
    assert!(status.success());
}

#[tokio::test]
async fn a_watch_that_does_not_reach_its_state_in_time_says_so() {
    let tenant = World::shared().await.tenant();
    let token = tenant.token("c-1", Role::Complainant);
    let (_, number) = submitted(&tenant, &token, &["--text", "x"]).await;
    let line = ["complaint", "watch", &number, "--until", "closed", "--for", "1"];
    let ended = tenant.run(&token, &line).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("ComplaintRegistered") && ended.told.contains("not reached"), "{ended:?}");
    let without = tenant.run(&token, &["complaint", "watch", &number, "--for", "1"]).await;
    assert_eq!(without.code, 0, "{without:?}");
}
