//! A machine that is not ready says so in one sentence, with what to do.

use std::path::Path;
use std::process::Command;

use rustix::process::geteuid;

use crate::called::{Called, root, xtask};

/// What the command says when it refuses: its one line that begins with `error:`.
async fn refusal(command: Command) -> (String, Vec<String>) {
    let (status, said) = Called::begin(command).await.leaves_nothing().await;
    assert!(!status.success());
    let errors: Vec<&String> = said.iter().filter(|line| line.starts_with("error:")).collect();
    let [error] = errors[..] else { panic!("one sentence: {said:#?}") };
    (error.clone(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_tool_is_named_with_the_command_that_installs_it() {
    let empty = tempfile::tempdir().unwrap();
    let mut demo = xtask(&["demo"]);
    demo.env("PATH", empty.path());
    let (error, _) = refusal(demo).await;
    assert!(error.starts_with("error: not installed: "), "{error}");
    assert!(error.contains("redis-server (7 or newer), java (17 or newer), mvn"), "{error}");
    assert!(error.contains("run: sudo apt-get install -y --no-install-recommends "), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_before_anything_is_begun() {
    let disk = tempfile::tempdir().unwrap();
    // A small disk of its own, seen by the command alone.
    let mut demo = Command::new("unshare");
    if !geteuid().is_root() {
        demo.args(["--user", "--map-root-user"]);
    }
    let script = "mount -t tmpfs -o size=8m tmpfs \"$0\" && exec \"$@\"";
    demo.args(["--mount", "sh", "-c", script]).arg(disk.path());
    demo.args([env!("CARGO_BIN_EXE_xtask"), "demo"]).current_dir(root());
    demo.env("CARGO_TARGET_DIR", disk.path());
    let (error, said) = refusal(demo).await;
    assert!(
        error.contains("MiB are free for") && error.contains("make room, or set CARGO_TARGET_DIR"),
        "{error}"
    );
    assert!(!said.iter().any(|line| line.contains("building")), "{said:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_run_left_is_named_with_the_command_that_removes_it_and_is_no_obstacle() {
    let target = tempfile::tempdir().unwrap();
    // A number that no process has: the largest is below it.
    let old = target.path().join("devstack/run-4194305-0");
    std::fs::create_dir_all(old.join("postgres")).unwrap();
    std::fs::write(old.join("postgres/PG_VERSION"), "9").unwrap();
    let empty = tempfile::tempdir().unwrap();
    let mut demo = xtask(&["demo"]);
    demo.env("CARGO_TARGET_DIR", target.path()).env("PATH", empty.path());
    let (error, said) = refusal(demo).await;
    let told = format!(
        "{0} is left of a run that could not clean up; if nothing in it is wanted: rm -rf {0}",
        old.display()
    );
    assert!(said.contains(&told), "{said:#?}");
    assert!(error.contains("not installed"), "it went on to the next thing: {error}");
    assert!(Path::new(&old).join("postgres/PG_VERSION").exists(), "nobody's data are touched");
}
