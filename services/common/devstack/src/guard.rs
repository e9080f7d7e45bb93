//! Ends processes and removes a folder when the process that started them is gone, in whatever way.
//!
//! A guard is a `sh` that blocks on a pipe whose other end only our process holds. The kernel closes that end when our
//! process ends: by return, by a panic, by Ctrl-C, by `kill -9`. Then the guard kills what it watches. It has a process
//! group of its own, so a Ctrl-C in the terminal reaches our process and not the guard.
//!
//! Every child starts behind a gate ([`gated`]): it waits for one line before it becomes the program, and the line is
//! sent after the guard knows the child. If our process dies in between, the child reads the end of its input and
//! leaves. So there is no moment at which a child is known to nobody.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::StackError;

const SCRIPT: &str = include_str!("guard.sh");
const GATE: &str = r#"read -r _ || exit 1; exec "$@" </dev/null"#;

/// A command for `program` that begins when one line arrives on its input. Further arguments are the program's.
pub(crate) fn gated(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(GATE).arg("sh").arg(program);
    command
}

/// The guard's process. Dropping it ends everything it watches and removes the folder, before `drop` returns.
#[derive(Debug)]
pub(crate) struct Guard {
    process: Mutex<Child>,
}

impl Guard {
    /// A guard that removes `folder` in the end. The folder must belong to the caller alone.
    pub(crate) fn start(folder: Option<&Path>) -> Result<Self, StackError> {
        let process = Command::new("sh")
            .arg("-c")
            .arg(SCRIPT)
            .arg("redress-guard")
            .args(folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(StackError::io("start the guard process"))?;
        Ok(Self { process: Mutex::new(process) })
    }

    /// Ends the process group `pid` and the children of `pid` when the guard ends.
    pub(crate) fn watch(&self, pid: u32) -> io::Result<()> {
        self.tell(&format!("watch {pid}\n"))
    }

    /// The process `pid` has been ended and is about to be reaped: its number may soon be another's.
    pub(crate) fn forget(&self, pid: u32) -> io::Result<()> {
        self.tell(&format!("forget {pid}\n"))
    }

    fn tell(&self, line: &str) -> io::Result<()> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write_all(line.as_bytes())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let process = self.process.get_mut().unwrap_or_else(PoisonError::into_inner);
        // `wait` closes the pipe first.
        if let Err(error) = process.wait() {
            tracing::warn!(%error, "the guard process cannot be waited for");
        }
    }
}
