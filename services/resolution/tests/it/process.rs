//! The process: what comes over Kafka and what goes out, over gRPC and HTTP; a replay gives the same tables.

use redress_domain::Role;
use redress_proto::admin::v1 as admin;
use redress_proto::admin::v1::admin_service_client::AdminServiceClient;
use redress_proto::intake::v1 as intake;
use redress_proto::investigation::v1 as investigation;
use redress_proto::resolution::v1 as wire;
use redress_proto::resolution::v1::resolution_service_client::ResolutionServiceClient;
use redress_proto::types::v1::ComplaintState as State;
use redress_resolution::topics::{INVESTIGATION, LIFECYCLE};
use redress_testkit::{bearing, wait_until};
use uuid::Uuid;

use crate::bench::submission;
use crate::steps::{draft, liability, option, refund, review};
use crate::world::{PATIENCE, World};

async fn advanced(
    world: &World,
    id: redress_domain::ComplaintId,
    version: i64,
    (from, to): (State, State),
    fact: &str,
) {
    let event = intake::ComplaintAdvanced { from: from.into(), to: to.into(), fact: fact.into() };
    world.tell(LIFECYCLE, *id.as_uuid(), version, "intake", &event).await;
}

#[tokio::test]
async fn a_case_goes_from_kafka_over_calls_to_a_settlement_and_a_replay_changes_nothing() {
    let world = World::new().await;
    let running = world.serve(&[]).await;
    let id = world.register(1, submission()).await;
    world
        .tell(LIFECYCLE, *id.as_uuid(), 2, "intake", &intake::ComplaintAccepted { handler: "h-1".into() })
        .await;
    advanced(&world, id, 3, (State::Accepted, State::Investigating), "InvestigationOpened").await;
    let concluded = investigation::InvestigationConcluded {
        investigation_id: Uuid::from_u128(5).to_string(),
        investigators: vec!["i-1".into()],
        ..Default::default()
    };
    world.tell(INVESTIGATION, *id.as_uuid(), 1, "i-1", &concluded).await;
    advanced(&world, id, 4, (State::Investigating, State::PlanReview), "InvestigationConcluded").await;
    world.stands(id, "plan_review").await;
    wait_until("who found the facts is known", PATIENCE, async || {
        let known = "SELECT count(*) FROM case_file WHERE course ->> 'investigation' IS NOT NULL";
        (world.count(known).await == 1).then_some(())
    })
    .await;

    let mut client = ResolutionServiceClient::new(running.grpc.clone());
    let (author, reviewer) = (world.staff("tenant-a", "h-1"), world.staff("tenant-a", "s-1"));
    let rule = wire::RuleVersion {
        rule_id: "refund.quality".into(),
        version: 1,
        title: "消法 24".into(),
        text: "退货。".into(),
        published_at: Some(pbjson_types::Timestamp { seconds: 1_382_659_200, nanos: 0 }),
        effective_at: Some(pbjson_types::Timestamp { seconds: 1_394_841_600, nanos: 0 }),
        law: true,
        ..Default::default()
    };
    let publish = wire::PublishRuleRequest { request_id: "rule-1".into(), rule: Some(rule) };
    for one_of_two in [&author, &reviewer] {
        client.publish_rule(bearing(one_of_two, publish.clone())).await.unwrap();
    }
    client.determine_liability(bearing(&author, liability(id))).await.unwrap();
    let drafted = client.draft_proposal(bearing(&author, draft(id, vec![option(vec![refund(5_000)])]))).await;
    let proposal = drafted.unwrap().into_inner().resolution.unwrap().proposals[0].proposal_id.clone();
    let own = client.review_plan(bearing(&author, review(id, &proposal, 1))).await.unwrap_err();
    assert_eq!(own.code(), tonic::Code::FailedPrecondition);
    client.review_plan(bearing(&reviewer, review(id, &proposal, 1))).await.unwrap();
    advanced(&world, id, 5, (State::PlanReview, State::Mediating), "PlanApproved").await;
    world.stands(id, "mediating").await;
    let send = wire::SendProposalRequest {
        request_id: "send-1".into(),
        complaint_id: id.to_string(),
        proposal_id: proposal.clone(),
        ..Default::default()
    };
    client.send_proposal(bearing(&author, send)).await.unwrap();

    let http = reqwest::Client::new();
    for (subject, role) in [("person-1", Role::Complainant), ("m-1", Role::Respondent)] {
        let token = world.token("tenant-a", subject, &[role]);
        let body = serde_json::json!({
            "proposalId": proposal, "revision": 1, "option": 1, "action": "OFFER_ACTION_ACCEPTED",
        });
        let url = format!("{}/v1/resolutions/{id}:respondToOffer", running.http);
        let answer = http
            .post(url)
            .bearer_auth(&token)
            .header("idempotency-key", format!("{subject}-accepts"))
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{text}");
    }
    advanced(&world, id, 6, (State::Mediating, State::Executing), "SettlementReached").await;
    world.stands(id, "executing").await;
    wait_until("everything is published", PATIENCE, async || {
        (world.count("SELECT count(*) FROM outbox").await == 0).then_some(())
    })
    .await;

    let before = tables(&world).await;
    let mut operator = AdminServiceClient::new(running.grpc.clone());
    let token = world.token("tenant-a", "op-1", &[Role::Admin]);
    let positions = operator
        .consumer_status(bearing(&token, admin::ConsumerStatusRequest::default()))
        .await
        .unwrap()
        .into_inner();
    assert!(!format!("{positions:?}").is_empty());
    sqlx::query("UPDATE progress SET next_offset = 0").execute(&world.pool).await.unwrap();
    running.process.kill9().await;
    let _again = world.serve(&[]).await;
    wait_until("everything is read again", PATIENCE, async || {
        let read = "SELECT count(*) FROM progress WHERE next_offset > 0";
        (world.count(read).await >= 2).then_some(())
    })
    .await;
    assert_eq!(tables(&world).await, before);
}

async fn tables(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for table in ["case_file", "case_record", "offer_link", "sealed_text", "moment", "subject_key"] {
        let sql = format!("SELECT t::text FROM {table} t ORDER BY 1");
        let rows: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&world.pool).await.unwrap();
        assert!(!rows.is_empty(), "{table} has something");
        all.extend(rows);
    }
    all
}
