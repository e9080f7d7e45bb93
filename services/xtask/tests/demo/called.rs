//! The command as a process, and what could be left of it.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use redress_testkit::wait_until;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

/// What is waited for comes much earlier; a first build comes late.
pub(crate) const SOON: Duration = Duration::from_mins(30);
/// What begins later than this is not an end any more.
const ENDS: Duration = Duration::from_mins(2);
/// The variable that everything inherits that the command starts.
const MARK: &str = "REDRESS_TEST_OF";

/// One at a time: each is an installation.
static TURN: Mutex<()> = Mutex::const_new(());

/// The command, running.
pub(crate) struct Called {
    child: Child,
    said: Receiver<String>,
    heard: Vec<String>,
    mark: String,
    temporary: TempDir,
    _turn: MutexGuard<'static, ()>,
}

/// The command with `arguments`, to be started by [`Called::begin`]. Ctrl-C means to it what it means in a terminal, also
/// where whoever runs the tests ignores it, as shells do for what runs in the background.
pub(crate) fn xtask(arguments: &[&str]) -> Command {
    let mut command = Command::new("/usr/bin/env");
    command.args(["--default-signal=INT", env!("CARGO_BIN_EXE_xtask")]).args(arguments).current_dir(root());
    command
}

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

impl Called {
    pub(crate) async fn begin(mut command: Command) -> Self {
        let turn = TURN.lock().await;
        let (mark, temporary) = (redress_testkit::unique_name("demo"), tempfile::tempdir().unwrap());
        // PostgreSQL's account passes through where the build's folder is closed to it.
        fs::set_permissions(temporary.path(), Permissions::from_mode(0o755)).unwrap();
        let mut child = command
            .env(MARK, &mark)
            .env("TMPDIR", temporary.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (lines, said) = mpsc::channel();
        listen(child.stdout.take().unwrap(), lines.clone());
        listen(child.stderr.take().unwrap(), lines);
        Self { child, said, heard: Vec::new(), mark, temporary, _turn: turn }
    }

    /// Waits until it has said a line with that in it.
    pub(crate) fn says(&mut self, part: &str) -> String {
        let deadline = Instant::now() + SOON;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.said.recv_timeout(left) else {
                panic!("it never says {part:?}, but:\n{}", self.heard.join("\n"))
            };
            self.heard.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
    }

    /// As Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    /// Waits until something runs that it has started, so that the search below can find what there is to find.
    pub(crate) async fn has_started_something(&self) {
        let started = async || (running(&self.mark, self.child.id()).len() > 1).then_some(());
        wait_until("it has started something", ENDS, started).await;
    }

    /// Waits for its end: nothing runs any more, and no file is left. Gives its status and all that it said.
    pub(crate) async fn leaves_nothing(mut self) -> (ExitStatus, Vec<String>) {
        let pid = self.child.id();
        let ended = async || self.child.try_wait().unwrap();
        let status = wait_until("the command ends", ENDS, ended).await;
        self.heard.extend(self.said.try_iter());
        let gone = async || {
            let (running, files) = (running(&self.mark, pid), files(pid, self.temporary.path()));
            (running.is_empty() && files.is_empty()).then_some(()).ok_or((running, files))
        };
        let mut left = None;
        let nothing = async || gone().await.map_err(|found| left = Some(found)).ok();
        let in_time = tokio::time::timeout(ENDS, wait_until("nothing is left", ENDS * 2, nothing)).await;
        assert!(in_time.is_ok(), "left: {left:?}\n{}", self.heard.join("\n"));
        (status, std::mem::take(&mut self.heard))
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        // A test that failed leaves it to the guards to end the rest.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(from: impl Read + Send + 'static, lines: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let _ = lines.send(line);
        }
    });
}

/// Processes that inherited the mark, or that name a folder of the command's or stand in it: PostgreSQL's write their
/// title over what they inherited.
fn running(mark: &str, pid: u32) -> Vec<String> {
    let (mark, folder) = (format!("{MARK}={mark}"), format!("run-{pid}-"));
    let has = |file: PathBuf, text: &str| {
        let bytes = fs::read(file).unwrap_or_default();
        String::from_utf8_lossy(&bytes).contains(text)
    };
    let stands =
        |link: PathBuf| fs::read_link(link).is_ok_and(|target| target.to_string_lossy().contains(&folder));
    let ours = |process: &PathBuf| {
        has(process.join("environ"), &mark)
            || has(process.join("cmdline"), &folder)
            || stands(process.join("cwd"))
            || stands(process.join("fd/1"))
    };
    let alive = |process: &PathBuf| {
        let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    };
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    processes.filter(alive).filter(ours).map(|process| process.display().to_string()).collect()
}

/// Folders of its stack, and whatever it put where temporary files go. Files of a compiler that was interrupted are the
/// compiler's.
fn files(pid: u32, temporary: &Path) -> Vec<String> {
    let names = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect::<Vec<_>>()
    };
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let of_stack = names(&root().join(target).join("devstack"));
    let of_stack = of_stack.into_iter().filter(|name| name.starts_with(&format!("run-{pid}-")));
    of_stack.chain(names(temporary).into_iter().filter(|name| !name.starts_with("rustc"))).collect()
}
