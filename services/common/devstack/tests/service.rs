//! Services as child processes; shell scripts stand in for them.
#![expect(clippy::unwrap_used, reason = "in tests also outside the test functions")]

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use redress_devstack::{ServiceProcess, StackError, free_port};
use tokio::io::AsyncWriteExt;

const LONG: Duration = Duration::from_mins(1);

fn script(text: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", text]);
    command
}

fn start(text: &str, dir: &Path) -> ServiceProcess {
    ServiceProcess::start("service", &script(text), dir).unwrap()
}

async fn wait_for_log(service: &ServiceProcess, line: &str) {
    let logged = async || std::fs::read_to_string(service.log()).unwrap().lines().any(|l| l == line);
    service.wait_ready(LONG, logged).await.unwrap();
}

#[tokio::test]
async fn variables_and_folder_arrive_and_a_restart_appends_to_the_log() {
    let dir = tempfile::tempdir().unwrap();
    for round in ["first", "second"] {
        let mut command = script(r#"echo "$ROUND in $(pwd), input ends: $(cat)." >&2"#);
        command.env("ROUND", round).current_dir("/usr");
        let service = ServiceProcess::start("service", &command, dir.path()).unwrap();
        assert!(service.wait_end(LONG).await.unwrap().success());
    }
    let log = std::fs::read_to_string(dir.path().join("service.log")).unwrap();
    assert_eq!(log, "first in /usr, input ends: .\nsecond in /usr, input ends: .\n");
}

#[tokio::test]
async fn a_service_that_dies_before_it_is_ready_is_told_at_once_with_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let service = start("echo no such topic; exit 3", dir.path());
    let error = service.wait_ready(LONG, async || false).await.unwrap_err();
    assert!(matches!(&error, StackError::Ended { status, .. } if status.code() == Some(3)), "{error}");
    assert!(error.to_string().ends_with("no such topic"), "{error}");
    assert!(!service.is_alive());
}

#[tokio::test]
async fn a_service_that_never_gets_ready_is_told_after_the_deadline() {
    let dir = tempfile::tempdir().unwrap();
    let service = start("sleep 1000", dir.path());
    let error = service.wait_ready(Duration::from_millis(100), async || false).await.unwrap_err();
    assert!(matches!(error, StackError::NotReady { .. }), "{error}");
    assert!(service.is_alive());
}

#[tokio::test]
async fn terminate_lets_a_service_end_in_order_and_kill_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let text = "trap 'echo goodbye; exit 0' TERM; echo ready; while :; do sleep 0.02; done";
    let service = start(text, dir.path());
    wait_for_log(&service, "ready").await;
    assert!(service.terminate(LONG).await.unwrap().success());
    assert!(std::fs::read_to_string(service.log()).unwrap().ends_with("goodbye\n"));

    let dir = tempfile::tempdir().unwrap();
    let service = start(text, dir.path());
    wait_for_log(&service, "ready").await;
    service.kill9().await;
    assert!(!service.is_alive());
    assert_eq!(service.wait_end(LONG).await.unwrap().signal(), Some(9));
    assert_eq!(std::fs::read_to_string(service.log()).unwrap(), "ready\n");
}

#[tokio::test]
async fn a_service_that_ignores_the_request_to_end_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let service = start("trap '' TERM; echo ready; while :; do sleep 0.02; done", dir.path());
    wait_for_log(&service, "ready").await;
    let error = service.terminate(Duration::from_millis(100)).await.unwrap_err();
    assert!(matches!(error, StackError::StillRunning { .. }), "{error}");
    assert!(service.is_alive());
}

#[tokio::test]
async fn a_dropped_service_takes_its_children_along() {
    let dir = tempfile::tempdir().unwrap();
    let service = start("sleep 1000 & echo $!; wait", dir.path());
    let child = async || !std::fs::read_to_string(service.log()).unwrap().is_empty();
    service.wait_ready(LONG, child).await.unwrap();
    let child = std::fs::read_to_string(service.log()).unwrap().trim().to_owned();
    let pid = service.pid();
    drop(service);
    for pid in [child, pid.to_string()] {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "{state}");
    }
}

#[tokio::test]
async fn readiness_by_http_wants_status_200() {
    let dir = tempfile::tempdir().unwrap();
    let service = start("sleep 1000", dir.path());
    let address = format!("127.0.0.1:{}", free_port());
    let listener = tokio::net::TcpListener::bind(&address).await.unwrap();
    let server = tokio::spawn(async move {
        for status in ["503 Service Unavailable", "200 OK"] {
            let (mut caller, _) = listener.accept().await.unwrap();
            caller.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await.unwrap();
        }
    });
    service.wait_http(&address, "/readyz", LONG).await.unwrap();
    server.await.unwrap();
}
