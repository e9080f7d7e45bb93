use std::time::Duration;

use redress_testkit::{bearing, wait_until};
use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::time::Instant;
use tonic::Request;
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::process::{Greeter, PATIENCE, command, plain};

async fn health(url: &str, service: &str) -> i32 {
    let mut client = HealthClient::with_origin(plain(), url.parse().unwrap());
    let request = HealthCheckRequest { service: service.to_owned() };
    client.check(Request::new(request)).await.unwrap().into_inner().status
}

#[tokio::test]
async fn a_ready_process_says_so_on_every_port() {
    let greeter = Greeter::start().await;
    assert_eq!(reqwest::get(format!("{}/livez", greeter.admin)).await.unwrap().status(), StatusCode::OK);
    let mistyped = reqwest::get(format!("{}/alive", greeter.admin)).await.unwrap().status();
    assert_eq!(mistyped, StatusCode::NOT_FOUND, "a probe with a wrong path finds nobody well");
    let ready = reqwest::get(format!("{}/readyz", greeter.admin)).await.unwrap();
    assert_eq!(ready.status(), StatusCode::OK);
    assert_eq!(ready.json::<Value>().await.unwrap(), json!({"ready": true, "failing": []}));
    let addresses: Value =
        serde_json::from_str(&std::fs::read_to_string(greeter.ready_file()).unwrap()).unwrap();
    for port in ["grpc", "admin"] {
        let url = format!("http://{}", addresses[port].as_str().unwrap());
        for service in ["", "redress.greeter.v1.GreeterService"] {
            assert_eq!(health(&url, service).await, ServingStatus::Serving as i32, "{port} {service}");
        }
    }
    let check = command()
        .env("REDRESS__RUNTIME__AUTH__ISSUER", "https://issuer.example")
        .env("REDRESS__RUNTIME__AUTH__JWKS", "/keys.json")
        .env("REDRESS__RUNTIME__ADMIN__LISTEN", "127.0.0.1:0")
        .env("REDRESS__RUNTIME__ADMIN__READY_FILE", greeter.ready_file())
        .arg("healthcheck")
        .status()
        .unwrap();
    assert!(check.success());
}

#[tokio::test]
async fn leaving_waits_for_the_calls_in_flight_and_refuses_readiness_meanwhile() {
    let mut greeter = Greeter::start().await;
    let token = greeter.issuer.token(&["handler"]);
    let mut request = bearing(&token, String::new());
    request.metadata_mut().insert("grpc-timeout", "1S".parse().unwrap());
    let in_flight = greeter.send("Hold", request);
    let leaving = async {
        greeter.until_held(1).await;
        greeter.signal(Signal::TERM);
        let not_ready = async || {
            let ready = reqwest::get(format!("{}/readyz", greeter.admin)).await.unwrap();
            (ready.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(ready)
        };
        wait_until("it is ready no more", PATIENCE, not_ready).await.json::<Value>().await.unwrap()
    };
    let (held, ready) = futures::future::join(in_flight, leaving).await;
    assert_eq!(ready["failing"], json!(["leaving"]));
    // It was answered, by its own deadline, and not cut off.
    let problem = redress_runtime::grpc::problem_of(&held.unwrap_err()).expect("an answer of the service");
    assert_eq!(problem.reason, "DEADLINE_EXCEEDED");
    assert!(greeter.ended().await.success(), "{}", greeter.log());
    assert!(greeter.log().contains("farewell"), "{}", greeter.log());
}

#[tokio::test]
async fn a_call_that_never_ends_does_not_hold_the_process_beyond_its_time() {
    let mut greeter = Greeter::start_with(&[("REDRESS__RUNTIME__SHUTDOWN__DRAIN_MS", "200")]).await;
    let token = greeter.issuer.token(&["handler"]);
    let left = async {
        greeter.until_held(1).await;
        greeter.signal(Signal::TERM);
        Instant::now()
    };
    let began = tokio::select! {
        _ = greeter.call("Hold", Some(&token), "") => unreachable!("it never ends"),
        began = left => began,
    };
    assert!(greeter.ended().await.success());
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let mut greeter = Greeter::start().await;
    let token = greeter.issuer.token(&["handler"]);
    {
        let hold = greeter.call("Hold", Some(&token), "");
        let signals = async {
            greeter.until_held(1).await;
            greeter.signal(Signal::INT);
            greeter.until("asked", || greeter.log().contains("asked to leave")).await;
            greeter.signal(Signal::INT);
            greeter.until("asked twice", || greeter.log().contains("asked again")).await;
        };
        futures::future::join(hold, signals).await.0.unwrap_err();
    }
    assert_eq!(greeter.ended().await.code(), Some(1));
}

#[tokio::test]
async fn a_task_that_ends_in_any_way_takes_the_process_with_it() {
    for (way, line) in
        [("end", "crashing task ended by itself"), ("error", "asked to fail"), ("panic", "panicked")]
    {
        let mut greeter = Greeter::start().await;
        let token = greeter.issuer.token(&["admin"]);
        greeter.call("Crash", Some(&token), way).await.unwrap();
        assert_eq!(greeter.ended().await.code(), Some(1), "{way}");
        let log = greeter.log();
        assert!(
            log.lines().any(|entry| entry.contains("crashing task") && entry.contains(line)),
            "{way}:\n{log}"
        );
    }
}
