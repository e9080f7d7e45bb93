use redress_runtime::grpc::problem_of;
use redress_runtime::http::MAX_BODY_BYTES;
use redress_testkit::bearing;
use reqwest::StatusCode;
use serde_json::Value;
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use crate::process::{Greeter, plain};

async fn post(
    greeter: &Greeter,
    path: &str,
    token: Option<&str>,
    body: Vec<u8>,
) -> (StatusCode, String, String) {
    let mut request = reqwest::Client::new().post(format!("{}{path}", greeter.http)).body(body);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.unwrap();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    (response.status(), kind.unwrap_or_default(), response.text().await.unwrap())
}

#[tokio::test]
async fn a_panic_fails_its_call_and_nothing_else() {
    let greeter = Greeter::start().await;
    let token = greeter.issuer.token(&[]);
    let status = greeter.call("Greet", Some(&token), "panic").await.unwrap_err();
    assert_eq!((status.code(), problem_of(&status).unwrap().reason.as_str()), (Code::Internal, "INTERNAL"));
    assert_eq!(greeter.greet("").await["greeting"], "hello");
    assert!(greeter.log().contains("a panic") && !greeter.log().contains("asked to\""), "{}", greeter.log());
}

#[tokio::test]
async fn http_calls_pass_the_same_gate_and_fail_as_problem_json() {
    let greeter = Greeter::start().await;
    let token = greeter.issuer.token(&[]);
    let good = post(&greeter, "/v1/greetings", Some(&token), vec![0; MAX_BODY_BYTES]).await;
    assert_eq!((good.0, good.2.as_str()), (StatusCode::OK, "262144 bytes of subject-1"));
    for (path, token, body, code, reason) in [
        ("/v1/greetings", None, Vec::new(), 401, "TOKEN_MISSING"),
        ("/v1/greetings", Some(&token), vec![0; MAX_BODY_BYTES + 1], 413, "BODY_TOO_LARGE"),
        // A handler that asks for its caller on a route that nobody put under a policy.
        ("/v1/bare", Some(&token), Vec::new(), 401, "TOKEN_MISSING"),
        ("/v1/nowhere", Some(&token), Vec::new(), 404, "NOT_FOUND"),
    ] {
        let (status, kind, text) = post(&greeter, path, token.map(String::as_str), body).await;
        assert_eq!((status.as_u16(), kind.as_str()), (code, "application/problem+json"), "{path}: {text}");
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&problem["reason"], &problem["status"]), (&Value::from(reason), &Value::from(code)));
    }
    let wrong = reqwest::get(format!("{}/v1/greetings", greeter.http)).await.unwrap();
    assert_eq!(wrong.status(), 405);
    assert_eq!(wrong.json::<Value>().await.unwrap()["reason"], "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn what_a_token_opened_is_kept_by_no_cache() {
    let greeter = Greeter::start().await;
    let request = reqwest::Client::new().post(format!("{}/v1/greetings", greeter.http));
    let response = request.bearer_auth(greeter.issuer.token(&[])).send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn a_message_that_does_not_decode_or_is_too_large_is_the_callers_mistake_and_says_so() {
    let greeter = Greeter::start().await;
    let send = async |bytes: Vec<u8>| {
        let request = bearing(&greeter.issuer.token(&[]), bytes);
        greeter.send("Greet", request).await.unwrap_err()
    };
    for (bytes, reason) in
        [(b"\xff\xfe".to_vec(), "MALFORMED_MESSAGE"), (vec![b'x'; 4 * 1024 * 1024 + 1], "BODY_TOO_LARGE")]
    {
        let status = send(bytes).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert_eq!(problem_of(&status).unwrap().reason, reason);
    }
    let labels = ["rpc_method=\"redress.greeter.v1.GreeterService/Greet\"", "error_type"];
    let faults = greeter.metric("rpc_server_call_duration_seconds_count", &labels).await;
    assert!(faults.abs() < 0.5, "no fault of the service: {}", greeter.metrics().await);
}

#[tokio::test]
async fn calls_are_measured_under_the_names_of_the_conventions() {
    let greeter = Greeter::start().await;
    greeter.greet("").await;
    greeter.call("No-such-method-13800000000", None, "").await.unwrap_err();
    post(&greeter, "/v1/greetings", None, Vec::new()).await;
    let count = "rpc_server_call_duration_seconds_count";
    let method = "rpc_method=\"redress.greeter.v1.GreeterService/Greet\"";
    assert!(greeter.metric(count, &[method, "rpc_response_status_code=\"OK\""]).await >= 1.0);
    assert!(greeter.metric(count, &["rpc_method=\"_OTHER\""]).await >= 1.0);
    let labels = ["http_route=\"/v1/greetings\"", "http_response_status_code=\"401\""];
    assert!(greeter.metric("http_server_request_duration_seconds_count", &labels).await >= 1.0);
    let metrics = greeter.metrics().await;
    assert!(metrics.contains("le=\"0.075\"") && !metrics.contains("13800000000"), "{metrics}");
}

#[tokio::test]
async fn reflection_lists_the_services_and_can_be_switched_off() {
    for (switch, offered) in [("true", true), ("false", false)] {
        let greeter = Greeter::start_with(&[("REDRESS__RUNTIME__GRPC__REFLECTION", switch)]).await;
        let mut client = ServerReflectionClient::with_origin(plain(), greeter.grpc.clone());
        let message_request = Some(MessageRequest::ListServices(String::new()));
        let request = ServerReflectionRequest { host: String::new(), message_request };
        match client.server_reflection_info(tokio_stream::once(request)).await {
            Ok(answer) => {
                assert!(offered);
                let answer: ServerReflectionResponse = answer.into_inner().next().await.unwrap().unwrap();
                let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
                    panic!("no list")
                };
                let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
                assert!(names.contains(&"redress.greeter.v1.GreeterService"), "{names:?}");
            }
            Err(status) => assert!(!offered && status.code() == Code::Unimplemented, "{status:?}"),
        }
    }
}
