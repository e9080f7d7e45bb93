use std::collections::HashMap;

use jiff::SignedDuration;
use redress_classification::topics::{ASSESSMENTS, INCIDENTS, LIFECYCLE};
use redress_domain::Role;
use redress_messaging::LogReader;
use redress_proto::admin::v1::admin_service_client::AdminServiceClient;
use redress_proto::admin::v1::{ConsumerStatusRequest, ReplayFromRequest};
use redress_proto::classification::v1 as wire;
use redress_proto::classification::v1::classification_service_client::ClassificationServiceClient;
use redress_runtime::http::MAX_BODY_BYTES;
use redress_testkit::{bearing, wait_until};
use serde_json::{Value, json};
use tonic::Code;
use uuid::Uuid;

use crate::bench::{Told, from_room, submission, told};
use crate::world::{PATIENCE, Running, World, just_now};

const LEATHER: &str = "主播在直播间说这个包是头层牛皮,收到一看是人造革,这是虚假宣传,我要退货退款。";

fn crowd(count: u128) -> Vec<Told> {
    let now = just_now();
    (1..=count)
        .map(|n| Told {
            submission: from_room(LEATHER, "room-1", &format!("TEST-{n:05}")),
            after: now + SignedDuration::from_millis(i64::try_from(n).unwrap()),
            ..told(n, "")
        })
        .collect()
}

/// Records on a topic.
async fn on_topic(world: &World, topic: &'static str) -> i64 {
    let reader = LogReader::new(&world.kafka).unwrap();
    let partitions = world.kafka.partitions;
    reader
        .off_the_runtime(move |reader| {
            (0..partitions).map(|p| reader.watermarks(topic, p).map(|(first, end)| end - first)).sum()
        })
        .await
        .unwrap()
}

async fn tables(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for table in ["complaint", "assessment", "incident", "incident_member", "incident_term", "assignment"] {
        let sql = format!("SELECT t::text FROM {table} t ORDER BY 1");
        all.extend(
            sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(sql)).fetch_all(&world.pool).await.unwrap(),
        );
    }
    all
}

#[tokio::test]
async fn a_complaint_on_the_log_is_assessed_explained_and_published_and_a_replay_changes_nothing() {
    let world = World::new().await;
    let running = world.serve().await;
    world.publish(crowd(60)).await;
    let token = world.staff("tenant-a");
    let mut client = ClassificationServiceClient::new(running.grpc.clone());
    wait_until("all are assessed and published", PATIENCE, async || {
        let assessed = world.count("SELECT count(*) FROM complaint").await == 60;
        let published = world.count("SELECT count(*) FROM outbox").await == 0;
        (assessed && published).then_some(())
    })
    .await;
    let request = wire::ExplainAssessmentRequest { complaint_id: Uuid::from_u128(7).to_string() };
    let explained = client.explain_assessment(bearing(&token, request)).await.unwrap().into_inner();
    assert!(!explained.assessments[0].assessment.as_ref().unwrap().reasons.is_empty());
    let listed = client.list_incidents(bearing(&token, wire::ListIncidentsRequest::default())).await;
    let incidents = listed.unwrap().into_inner().incidents;
    assert_eq!((incidents.len(), incidents[0].members), (1, 60));

    let published = (on_topic(&world, ASSESSMENTS).await, on_topic(&world, INCIDENTS).await);
    assert_eq!(published, (60, 61));
    let before = tables(&world).await;
    replayed(&world, &running).await;
    assert_eq!(tables(&world).await, before);
    assert_eq!((on_topic(&world, ASSESSMENTS).await, on_topic(&world, INCIDENTS).await), published);
}

/// Has the process read everything again.
async fn replayed(world: &World, running: &Running) {
    let token = world.token("tenant-a", &[Role::Admin]);
    let mut admin = AdminServiceClient::new(running.grpc.clone());
    let request = ReplayFromRequest {
        topic: LIFECYCLE.into(),
        from_time: Some(redress_proto::convert::to_wire_time("2020-01-01T00:00:00Z".parse().unwrap())),
        reason: "test".into(),
    };
    let positions = admin.replay_from(bearing(&token, request)).await.unwrap().into_inner().positions;
    assert!(positions.iter().any(|position| position.offset == 0), "{positions:?}");
    wait_until("everything was read again", PATIENCE, async || {
        let status = admin.consumer_status(bearing(&token, ConsumerStatusRequest {})).await.ok()?;
        let partitions = status.into_inner().partitions;
        let done = partitions.len() == 6 && partitions.iter().all(|p| p.next_offset == p.end_offset);
        (done && partitions.iter().any(|p| p.end_offset > 0)).then_some(())
    })
    .await;
}

async fn preview(running: &Running, token: Option<&str>, body: &str) -> (u16, Value) {
    let mut request = reqwest::Client::new()
        .post(format!("{}/v1/assessments:preview", running.http))
        .header("content-type", "application/json")
        .body(body.to_owned());
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap())
}

fn violations(problem: &Value) -> Vec<(&str, &str)> {
    problem["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| (v["field"].as_str().unwrap(), v["reason"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn the_http_edge_previews_with_the_names_of_the_contract_and_tells_all_problems_at_once() {
    let world = World::new().await;
    let running = world.serve().await;
    let token = world.token("tenant-a", &[Role::Complainant]);
    let body = json!({
        "channel": "CHANNEL_LIVE_COMMENT",
        "text": LEATHER,
        "complainant": {"kind": "PARTY_KIND_CONSUMER"},
        "respondents": [{"kind": "PARTY_KIND_ANCHOR", "externalRef": "anchor-1"}],
        "order": {"orderNo": "TEST-0001", "paid": {"currency": "CNY", "amountMinor": "29900"}},
        "live": {"roomId": "room-1"},
        "demand": {"remedies": ["return_and_refund"]},
    });
    let (status, said) = preview(&running, Some(&token), &body.to_string()).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(said["category"], "CATEGORY_CQ07");
    assert_eq!(said["severity"], "SEVERITY_GENERAL");
    assert_eq!(said["liveAttribution"], "PARTY_KIND_ANCHOR");
    assert!(said["respondent"].as_str().unwrap().starts_with("PARTY_KIND_"));
    assert!(said["matter"].as_str().unwrap().starts_with("MATTER_"));
    assert!(said["admissibility"].as_str().unwrap().starts_with("ADMISSIBILITY_"));
    assert_eq!((&said["urgent"], &said["language"]), (&json!(false), &json!("zh-Hans")));
    for list in ["secondary", "missing", "reasons"] {
        assert!(said[list].is_array(), "{list} in {said}");
    }
    assert!(said["confidence"].as_f64().unwrap() > 0.0 && said["needsHuman"].is_boolean());
    assert!(said["reasons"][0]["ruleId"].is_string() && said["subCategory"].is_string());

    let unfit = r#"{"channel": "CHANNEL_SMOKE", "colour": "red", "text": 7, "order": {"paid": []}}"#;
    let (status, problem) = preview(&running, Some(&token), unfit).await;
    assert_eq!(status, 400);
    let mut found = violations(&problem);
    found.sort_unstable();
    let expected = [
        ("channel", "UNKNOWN_ENUM_VALUE"),
        ("colour", "UNKNOWN_FIELD"),
        ("order.paid", "WRONG_TYPE"),
        ("text", "WRONG_TYPE"),
    ];
    assert_eq!(found, expected);
    let long = json!({"text": "诉".repeat(20_001), "colour": "red"}).to_string();
    let (_, problem) = preview(&running, Some(&token), &long).await;
    assert_eq!(violations(&problem), [("colour", "UNKNOWN_FIELD"), ("text", "TOO_LONG")]);
    assert_eq!(preview(&running, Some(&token), "{").await.0, 400);
    assert_eq!(preview(&running, None, &body.to_string()).await.0, 401);
    let operator = world.token("tenant-a", &[Role::Admin]);
    assert_eq!(preview(&running, Some(&operator), &body.to_string()).await.0, 403);
    assert_eq!(world.count("SELECT count(*) FROM complaint").await, 0, "nothing is kept");

    let document: Value =
        reqwest::get(format!("{}/openapi.json", running.http)).await.unwrap().json().await.unwrap();
    assert!(document["paths"]["/v1/assessments:preview"]["post"].is_object());
}

#[tokio::test]
async fn only_a_call_that_brings_a_rule_set_may_be_larger_than_others() {
    let world = World::new().await;
    let running = world.serve().await;
    let token = world.staff("tenant-a");
    let mut client = ClassificationServiceClient::new(running.grpc.clone());
    let long = "x".repeat(MAX_BODY_BYTES);
    let request = wire::AssessRequest { submission: Some(submission(&long)) };
    let refused = client.assess(bearing(&token, request)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("larger than this call takes"), "{refused:?}");
    let files = HashMap::from([("rules/remark.yaml".to_owned(), format!("# {long}\n[]\n"))]);
    let tested = client.test_rule_set(bearing(&token, wire::TestRuleSetRequest { files })).await.unwrap();
    assert!(tested.into_inner().passed);
}
