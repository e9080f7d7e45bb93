//! What the people see who run the service.

use redress_domain::Role;
use redress_e2e::rpc;
use redress_e2e::submissions::plain;
use redress_proto::admin::v1 as admin;
use redress_testkit::wait_until;
use serde_json::Value;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use crate::service::{PATIENCE, SERVICES, service, tenant};

#[tokio::test]
async fn probes_tell_that_the_process_lives_and_is_ready() {
    let service = service().await;
    assert_eq!(service.probe("/livez").await.0, 200);
    let (status, text) = service.probe("/readyz").await;
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &told["ready"]), (200, &Value::Bool(true)), "{text}");
}

#[tokio::test]
async fn grpc_health_tells_each_service_as_serving() {
    let tenant = tenant().await;
    let mut health = HealthClient::new(tenant.grpc.clone());
    for name in SERVICES {
        let request = HealthCheckRequest { service: name.to_owned() };
        let answer = health.check(request).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{name}");
    }
    assert!(health.check(HealthCheckRequest { service: "nobody".into() }).await.is_err());
}

#[tokio::test]
async fn reflection_names_the_services_and_gives_their_files() {
    let tenant = tenant().await;
    let ask = async |request: MessageRequest| -> ServerReflectionResponse {
        let request = ServerReflectionRequest { host: String::new(), message_request: Some(request) };
        let mut client = ServerReflectionClient::new(tenant.grpc.clone());
        let stream = client.server_reflection_info(futures::stream::iter([request])).await;
        stream.unwrap().into_inner().message().await.unwrap().unwrap()
    };
    let listed = ask(MessageRequest::ListServices(String::new())).await.message_response;
    let Some(MessageResponse::ListServicesResponse(listed)) = listed else { panic!("{listed:?}") };
    for name in SERVICES {
        assert!(listed.service.iter().any(|service| service.name == name), "{name} in {listed:?}");
    }
    let symbol = MessageRequest::FileContainingSymbol(format!("{}.SubmitComplaint", SERVICES[0]));
    let file = ask(symbol).await.message_response;
    let Some(MessageResponse::FileDescriptorResponse(file)) = file else { panic!("{file:?}") };
    assert!(!file.file_descriptor_proto.is_empty());
}

#[tokio::test]
async fn metrics_tell_of_calls_and_messages() {
    let tenant = tenant().await;
    let owner = tenant.complainant();
    tenant.registered(&owner, "k-1", &plain("x")).await;
    let mut client = rpc::intake(&tenant.grpc, &owner).unwrap();
    client.list_complaints(redress_proto::intake::v1::ListComplaintsRequest::default()).await.unwrap();
    let series = [
        (
            "rpc_server_call_duration_seconds_count{",
            r#"rpc_method="redress.intake.v1.IntakeService/ListComplaints""#,
        ),
        ("http_server_request_duration_seconds_count{", r#"http_route="/v1/complaints""#),
        ("messaging_client_sent_messages_total{", "redress.intake.submissions.v1"),
        ("messaging_client_consumed_messages_total{", "redress.intake.submissions.v1"),
        ("messaging_process_duration_seconds_count{", "redress.intake.submissions.v1"),
        // Alerts count by this bound, and by what is there from the beginning.
        ("redress_consumer_delay_seconds_bucket{", r#"le="60""#),
        ("redress_consumer_parked_waiting{", "redress.intake.submissions.v1"),
        ("redress_consumer_gaps_total{", "redress.intake.submissions.v1"),
        ("redress_outbox_published_total", ""),
        ("db_client_operation_duration_seconds_count{", r#"db_system_name="redis""#),
    ];
    for (name, label) in series {
        let told = async || {
            let (_, text) = tenant.service.probe("/metrics").await;
            text.lines().any(|line| line.starts_with(name) && line.contains(label)).then_some(())
        };
        wait_until(&format!("a series {name} {label}"), PATIENCE, told).await;
    }
    // Nothing that grows with the number of customers or complaints becomes a label.
    let (_, text) = tenant.service.probe("/metrics").await;
    assert!(!text.contains(tenant.id.as_str()));
}

#[tokio::test]
async fn the_openapi_document_describes_every_operation_with_a_problem_beside_its_answer() {
    let tenant = tenant().await;
    let document = tenant.http.contract().document();
    let paths = document["paths"].as_object().unwrap();
    let mut operations: Vec<_> = paths
        .values()
        .flat_map(|path| path.as_object().unwrap().values())
        .inspect(|operation| {
            for refused in ["4XX", "5XX"] {
                assert!(operation["responses"][refused].is_object(), "{operation}");
            }
        })
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    operations.sort_unstable();
    let expected = [
        "decideAdmissibility",
        "escalateComplaint",
        "getComplaint",
        "listComplaints",
        "mergeComplaints",
        "recordReferralOutcome",
        "referExternally",
        "reopenComplaint",
        "requestRefusalReview",
        "resumeCase",
        "splitMatter",
        "submitComplaint",
        "supplyCompletion",
        "suspendCase",
        "transferComplaint",
        "unmergeComplaint",
        "watchComplaint",
        "withdrawComplaint",
    ];
    assert_eq!(operations, expected);
    // Every reference leads somewhere.
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        match value {
            Value::Object(members) => open.extend(members.values()),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
}

#[tokio::test]
async fn an_operator_sees_how_far_the_log_was_read_and_that_nothing_waits() {
    let tenant = tenant().await;
    tenant.registered(&tenant.complainant(), "k-1", &plain("x")).await;
    let operator = tenant.token("operator-1", &[Role::Admin]);
    let mut client = rpc::admin(&tenant.grpc, &operator).unwrap();
    let partitions =
        client.consumer_status(admin::ConsumerStatusRequest {}).await.unwrap().into_inner().partitions;
    assert_eq!(partitions.len(), 6);
    assert!(partitions.iter().all(|p| p.topic == "redress.intake.submissions.v1" && !p.paused));
    assert!(partitions.iter().map(|p| p.next_offset).sum::<i64>() >= 1);
    let outbox = client.outbox_status(admin::OutboxStatusRequest {}).await.unwrap().into_inner();
    assert_eq!(outbox.buckets_held, outbox.buckets, "one process holds all buckets");
    let waiting = async || {
        let mut client = client.clone();
        let status = client.outbox_status(admin::OutboxStatusRequest {}).await.unwrap().into_inner();
        (status.waiting == 0).then_some(())
    };
    wait_until("the outbox is empty", PATIENCE, waiting).await;
}
