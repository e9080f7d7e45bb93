//! Whatever ends the process that started a stack: no process, no folder, no shared memory stays.
//!
//! The process that ends is this test binary once more, running the ignored test below.
#![expect(clippy::unwrap_used, reason = "in tests also outside the test functions")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use redress_devstack::{Endpoints, ServiceProcess, Stack, StackOptions};
use redress_testkit::wait_until;
use rustix::process::{Pid, Signal, kill_process};

const ROLE: &str = "REDRESS_TEST_PARENT";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the parent process of the other tests here, started by them"]
#[allow(clippy::print_stdout, reason = "the endpoints go to the test that reads them")]
async fn parent() {
    let Ok(ending) = std::env::var(ROLE) else { return };
    let stack = Stack::start(StackOptions::default()).await.unwrap();
    // A service with a child of its own.
    let mut command = Command::new("sh");
    command.args(["-c", "sleep 1000 & wait"]);
    let service = ServiceProcess::start("sleeper", &command, &stack.endpoints().dir).unwrap();
    println!("\n{}", serde_json::to_string(stack.endpoints()).unwrap());
    println!("{}", service.pid());
    // Until the test has looked around.
    std::io::stdin().read_line(&mut String::new()).unwrap();
    assert_ne!(ending, "panic", "as the test wishes");
    std::process::exit(0);
}

struct Parent {
    process: Child,
    input: ChildStdin,
    stack: Endpoints,
    service: u32,
    shared_memory: String,
}

impl Drop for Parent {
    /// Shows what is still there when the test fails.
    #[expect(clippy::print_stdout, reason = "what a failure is understood by")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("still there: {:?}", traces(self));
        }
    }
}

fn start(ending: &str) -> Parent {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "parent", "--ignored", "--nocapture"])
        .env(ROLE, ending)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let stack: Endpoints = serde_json::from_str(&lines.find(|line| line.starts_with('{')).unwrap()).unwrap();
    let service = lines.next().unwrap().parse().unwrap();
    let lock = std::fs::read_to_string(stack.dir.join("postgres/postmaster.pid")).unwrap();
    let shared_memory = lock.lines().nth(6).unwrap().split_whitespace().nth(1).unwrap().to_owned();
    let parent = Parent { input: process.stdin.take().unwrap(), process, stack, service, shared_memory };
    // The searches below find what there is to find; else the test could not fail.
    assert!(traces(&parent).len() > 8, "{:?}", traces(&parent));
    parent
}

/// Everything of the stack that still exists.
fn traces(parent: &Parent) -> Vec<String> {
    let mut traces: Vec<String> = processes_in(&parent.stack.dir);
    let pids = parent.stack.pids;
    for pid in [pids.kafka, pids.postgres, pids.redis, Some(parent.service)].into_iter().flatten() {
        if is_running(&pid.to_string()) {
            traces.push(format!("process {pid}"));
        }
    }
    if parent.stack.dir.exists() {
        traces.push(format!("folder {}", parent.stack.dir.display()));
    }
    let segments = std::fs::read_to_string("/proc/sysvipc/shm").unwrap();
    if segments.lines().any(|line| line.split_whitespace().nth(1) == Some(&parent.shared_memory)) {
        traces.push(format!("shared memory {}", parent.shared_memory));
    }
    traces
}

fn is_running(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Processes that name the folder in their arguments, stand in it, or write to a file in it.
fn processes_in(dir: &Path) -> Vec<String> {
    let inside = |link: PathBuf| std::fs::read_link(link).is_ok_and(|target| target.starts_with(dir));
    let name = dir.to_str().unwrap();
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|pid| pid.starts_with(|c: char| c.is_ascii_digit()) && is_running(pid))
        .filter(|pid| {
            let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&arguments).contains(name)
                || inside(format!("/proc/{pid}/cwd").into())
                || inside(format!("/proc/{pid}/fd/1").into())
        })
        .map(|pid| format!("process {pid} in the folder"))
        .collect()
}

async fn assert_nothing_stays(mut parent: Parent) {
    parent.process.wait().unwrap();
    let gone = async || traces(&parent).is_empty().then_some(());
    wait_until("nothing of the stack is left", Duration::from_secs(20), gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_stays_after_the_parent_is_killed() {
    for signal in [Signal::KILL, Signal::INT] {
        let parent = start("signal");
        kill_process(Pid::from_child(&parent.process), signal).unwrap();
        assert_nothing_stays(parent).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_stays_after_the_parent_panics_or_leaves_without_a_stop() {
    for ending in ["panic", "exit"] {
        let mut parent = start(ending);
        std::io::Write::write_all(&mut parent.input, b"\n").unwrap();
        assert_nothing_stays(parent).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_stays_when_parts_are_paused_or_were_killed_before() {
    let stack = Stack::start(StackOptions::default()).await.unwrap();
    let dir = stack.endpoints().dir.clone();
    let lock = std::fs::read_to_string(dir.join("postgres/postmaster.pid")).unwrap();
    let segment = lock.lines().nth(6).unwrap().split_whitespace().nth(1).unwrap().to_owned();
    stack.kill(redress_devstack::Part::Postgres).await;
    stack.pause(redress_devstack::Part::Kafka);
    stack.stop().await;
    assert!(!dir.exists());
    assert_eq!(processes_in(&dir), Vec::<String>::new());
    let segments = std::fs::read_to_string("/proc/sysvipc/shm").unwrap();
    assert!(!segments.lines().any(|line| line.split_whitespace().nth(1) == Some(&segment)));
}
