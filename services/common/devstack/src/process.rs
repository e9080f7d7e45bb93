//! One child process: started behind the gate, watched by a guard, ended with all that it started.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::time::Instant;

use crate::StackError;
use crate::error::end_of_log;
use crate::guard::Guard;
use crate::procfs;

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(10);
/// How long one answer may take before it is asked for again.
const PROBE_WITHIN: Duration = Duration::from_secs(2);

/// A child process and its descendants. Dropping it kills them and waits until they are gone.
///
/// The child is reaped only in [`end`](Self::end): until then its number cannot become another process's, so a signal
/// never reaches a stranger.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    pid: Pid,
    child: Mutex<Child>,
    ended: OnceLock<Option<ExitStatus>>,
    log: PathBuf,
    guard: Arc<Guard>,
}

impl Process {
    /// Starts a command made by [`gated`](crate::guard::gated); its output is appended to `log`.
    pub(crate) fn spawn(
        guard: &Arc<Guard>,
        name: &str,
        mut command: Command,
        log: &Path,
    ) -> Result<Self, StackError> {
        let cannot_log = || StackError::io(format!("write to {}", log.display()));
        let output = File::options().append(true).create(true).open(log).map_err(cannot_log())?;
        let errors = output.try_clone().map_err(cannot_log())?;
        command.process_group(0).stdin(Stdio::piped()).stdout(output).stderr(errors);
        let mut child = command.spawn().map_err(StackError::io(format!("start {name}")))?;
        let gate = child.stdin.take();
        let process = Self {
            name: name.to_owned(),
            pid: Pid::from_child(&child),
            child: Mutex::new(child),
            ended: OnceLock::new(),
            log: log.to_owned(),
            guard: Arc::clone(guard),
        };
        guard
            .watch(process.pid())
            .and_then(|()| gate.map_or(Ok(()), |mut gate| gate.write_all(b"\n")))
            .map_err(StackError::io(format!("start {name}")))?;
        Ok(process)
    }

    /// Runs a command that ends by itself; a failure carries the end of its output.
    pub(crate) async fn run(
        guard: &Arc<Guard>,
        name: &str,
        command: Command,
        log: &Path,
    ) -> Result<(), StackError> {
        let process = Self::spawn(guard, name, command, log)?;
        while process.is_running() {
            tokio::time::sleep(POLL).await;
        }
        match process.end() {
            Some(status) if status.success() => Ok(()),
            status => Err(process.ended(status.unwrap_or_default())),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    pub(crate) fn is_running(&self) -> bool {
        self.ended.get().is_none() && procfs::is_running(self.pid)
    }

    /// Waits until `probe` answers yes. Ends early when the process does.
    pub(crate) async fn ready(
        &self,
        within: Duration,
        probe: impl AsyncFn() -> bool,
    ) -> Result<(), StackError> {
        let deadline = Instant::now() + within;
        loop {
            if !self.is_running() {
                return Err(self.ended(self.end().unwrap_or_default()));
            }
            // A probe may hang on a stranger that has taken the port, while the process has ended.
            if tokio::time::timeout(PROBE_WITHIN, probe()).await.unwrap_or(false) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(StackError::NotReady {
                    name: self.name.clone(),
                    within,
                    log: end_of_log(&self.log),
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until the process ends by itself.
    pub(crate) async fn wait(&self, within: Duration) -> Result<ExitStatus, StackError> {
        let deadline = Instant::now() + within;
        while self.is_running() {
            if Instant::now() >= deadline {
                let (name, log) = (self.name.clone(), end_of_log(&self.log));
                return Err(StackError::StillRunning { name, within, log });
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(self.end().unwrap_or_default())
    }

    /// Asks the process to end by `SIGTERM` and waits until it has.
    pub(crate) async fn terminate(&self, within: Duration) -> Result<ExitStatus, StackError> {
        if self.is_running() {
            self.signal_one(self.pid, Signal::TERM);
        }
        self.wait(within).await
    }

    /// [`end`](Self::end) without blocking the caller's thread.
    pub(crate) async fn kill(self: Arc<Self>) {
        if let Err(error) = tokio::task::spawn_blocking(move || self.end()).await {
            tracing::error!(%error, "a process could not be killed in order; its guard ends it");
        }
    }

    /// Stops the process and its children where they stand.
    pub(crate) fn pause(&self) {
        if self.is_running() {
            // The parent first: it starts no child that would be missed.
            self.signal_one(self.pid, Signal::STOP);
            self.signal_tree(Signal::STOP);
        }
    }

    /// Lets a paused process go on.
    pub(crate) fn resume(&self) {
        if self.is_running() {
            self.signal_tree(Signal::CONT);
        }
    }

    /// Kills the process and all that it started, and waits until they are gone. Blocks for some milliseconds.
    ///
    /// Answers how it ended, by itself or by this; `None` only if the operating system refuses to say.
    pub(crate) fn end(&self) -> Option<ExitStatus> {
        *self.ended.get_or_init(|| {
            self.signal_one(self.pid, Signal::STOP);
            let children = procfs::children(self.pid);
            self.signal_tree(Signal::KILL);
            if let Err(error) = self.guard.forget(self.pid()) {
                tracing::warn!(%error, name = self.name, "the guard process does not listen");
            }
            let status = self.child.lock().unwrap_or_else(PoisonError::into_inner).wait().ok();
            // Killed children still hold ports and shared memory until they are really gone.
            while children.iter().any(|&child| procfs::is_running(child)) {
                std::thread::sleep(Duration::from_millis(1));
            }
            status
        })
    }

    fn signal_tree(&self, signal: Signal) {
        let children = procfs::children(self.pid);
        if let Err(error) = kill_process_group(self.pid, signal) {
            tracing::debug!(%error, name = self.name, "no process of the group was reached");
        }
        for child in children {
            self.signal_one(child, signal);
        }
    }

    fn signal_one(&self, pid: Pid, signal: Signal) {
        if let Err(error) = kill_process(pid, signal) {
            tracing::debug!(%error, name = self.name, "a process was gone before the signal");
        }
    }

    fn ended(&self, status: ExitStatus) -> StackError {
        StackError::Ended { name: self.name.clone(), status, log: end_of_log(&self.log) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}
