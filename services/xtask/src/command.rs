//! Calling other programs.

use std::process::Stdio;

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// `cargo` with `arguments`, words separated by spaces: the very cargo that runs this, with the committed lock file.
pub(crate) fn cargo(arguments: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split_whitespace());
    command
}

/// Runs a program to its end; it writes where we write, on the error output. An error says what failed.
///
/// The program and all that it starts form a process group, which ends when this future is dropped: `cargo` itself would
/// leave its compilers and tests running.
pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    let line = line(&command);
    run_named(command, &line).await
}

/// The same for a program whose arguments are too many to be told.
pub(crate) async fn run_named(mut command: Command, line: &str) -> anyhow::Result<()> {
    // Standard output belongs to the command's result (`up --json`), and progress is none.
    command.stdin(Stdio::null()).stdout(std::io::stderr()).process_group(0);
    let mut child = command.spawn().with_context(|| format!("cannot run `{line}`"))?;
    let group = Group::of(&child);
    let status = child.wait().await.with_context(|| format!("cannot wait for `{line}`"))?;
    group.ended();
    ensure!(status.success(), "`{line}` failed ({status})");
    Ok(())
}

/// Runs a program to its end and returns what it wrote on the standard output; an error has what it said of its failure,
/// which some programs write on the standard output too.
pub(crate) async fn output(mut command: Command) -> anyhow::Result<String> {
    let line = line(&command);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.with_context(|| format!("cannot run `{line}`"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{line}` failed ({})\n{}\n{}", output.status, said.trim(), text.trim());
    }
    Ok(text.into_owned())
}

fn line(command: &Command) -> String {
    let command = command.as_std();
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// A process group that is asked to end when this is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(leader: &Child) -> Self {
        let pid = leader.id().and_then(|pid| i32::try_from(pid).ok());
        Self(pid.and_then(Pid::from_raw))
    }

    /// Its leader has been waited for: the number may soon be another's.
    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // Fails only if the group is gone already.
            let _ = kill_process_group(pid, Signal::TERM);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_testkit::wait_until;
    use std::time::Duration;

    #[tokio::test]
    async fn a_failure_is_told_with_the_line_that_failed() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "exit 3"]);
        assert_eq!(run(command).await.unwrap_err().to_string(), "`sh -c exit 3` failed (exit status: 3)");
    }

    #[tokio::test]
    async fn what_a_program_writes_is_returned_or_told_with_its_failure() {
        let shell = |script: &str| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]);
            output(command)
        };
        assert_eq!(shell("echo out; echo aside >&2").await.unwrap(), "out\n");
        let told = shell("echo out; echo reason >&2; exit 4").await.unwrap_err().to_string();
        assert!(told.contains("exit status: 4") && told.contains("reason") && told.contains("out"), "{told}");
    }

    #[tokio::test]
    async fn what_a_program_started_ends_with_the_future_that_waits_for_it() {
        let folder = std::env::temp_dir().join(redress_testkit::unique_name("xtask"));
        let note = folder.display().to_string();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & echo $! > \"$0.partial\"; mv \"$0.partial\" \"$0\"; wait", &note]);
        let waiting = tokio::spawn(run(command));
        let started = async || std::fs::read_to_string(&folder).ok()?.trim().parse::<i32>().ok();
        let grandchild = wait_until("the grandchild runs", Duration::from_secs(20), started).await;
        waiting.abort();
        let running = || std::fs::read_to_string(format!("/proc/{grandchild}/stat"));
        // Nobody may be there to reap it, so a zombie counts as gone.
        let gone = async || running().map_or(true, |stat| stat.contains(") Z ")).then_some(());
        wait_until("the grandchild is gone", Duration::from_secs(20), gone).await;
        std::fs::remove_file(&folder).unwrap();
    }
}
