use std::collections::HashMap;

use redress_proto::classification::v1 as wire;
use redress_proto::classification::v1::classification_service_client::ClassificationServiceClient;
use redress_testkit::{bearing, wait_until};

use crate::bench::submission;
use crate::world::{PATIENCE, Running, World};

async fn rule_set(running: &Running, token: &str) -> String {
    let request = wire::AssessRequest { submission: Some(submission("一直没发货")) };
    let mut client = ClassificationServiceClient::new(running.grpc.clone());
    let answer = client.assess(bearing(token, request)).await.unwrap();
    answer.into_inner().assessment.unwrap().rule_set
}

#[tokio::test]
async fn every_replica_takes_a_published_rule_set_by_itself() {
    let world = World::new().await;
    let (one, other) = tokio::join!(world.serve(), world.serve());
    let (token, stranger) = (world.staff("tenant-a"), world.staff("tenant-b"));
    assert!(rule_set(&other, &token).await.starts_with("builtin@"));
    let files = HashMap::from([("rules/zz.yaml".to_owned(), "# a remark\n[]\n".to_owned())]);
    let request = wire::PublishRuleSetRequest { request_id: "r1".into(), files };
    let mut client = ClassificationServiceClient::new(one.grpc.clone());
    let published = client.publish_rule_set(bearing(&token, request)).await.unwrap().into_inner().rule_set;
    assert_eq!(rule_set(&one, &token).await, published, "the one that published it at once");
    wait_until("the other replica takes it", PATIENCE, async || {
        (rule_set(&other, &token).await == published).then_some(())
    })
    .await;
    assert!(rule_set(&other, &stranger).await.starts_with("builtin@"), "another tenant's rules stay");

    // A replica that starts later begins with it.
    let third = world.serve().await;
    wait_until("the third replica takes it", PATIENCE, async || {
        (rule_set(&third, &token).await == published).then_some(())
    })
    .await;
}
