use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use thiserror::Error;

use crate::Missing;

/// How many lines of a log an error quotes.
const QUOTED_LINES: usize = 20;

/// Why a process of the stack could not be started, or did not do what it should.
#[derive(Debug, Error)]
pub enum StackError {
    /// A program is not installed.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The current folder belongs to no cargo workspace, so there is no target folder for the data.
    #[error("there is no Cargo.lock in {0} or above it, and CARGO_TARGET_DIR is not set")]
    NoWorkspace(PathBuf),
    /// The folder that was asked for holds something: it would be deleted with the stack.
    #[error("{0} is not empty, and a stack removes its folder in the end; give it an empty or absent one")]
    FolderInUse(PathBuf),
    /// PostgreSQL runs under another account, which cannot reach the folder.
    #[error("{0} cannot be reached by the account `postgres`: a folder above it is closed to others")]
    FolderClosed(PathBuf),
    /// All ports of the range are taken.
    #[error("no free port between {from} and {to}", from = crate::ports::RANGE.start, to = crate::ports::RANGE.end)]
    NoPort,
    /// Somebody else listens where the server should: on a port that was free when it was chosen.
    #[error(
        "another program has taken port {port}, which was chosen for {name}; run it again, and other ports are chosen"
    )]
    PortTaken {
        /// Which server.
        name: String,
        /// The port.
        port: u16,
    },
    /// The disk is full, or nearly.
    #[error(
        "only {free_mib} MiB are free for {folder}, and a stack needs {needed_mib}; make room, or set CARGO_TARGET_DIR \
         to a folder on another disk"
    )]
    NoRoom {
        /// Where the data would lie.
        folder: PathBuf,
        /// What is free.
        free_mib: u64,
        /// What is needed.
        needed_mib: u64,
    },
    /// The operating system refused something.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The refusal.
        source: io::Error,
    },
    /// The process ended although it should run, or ended with a failure.
    #[error("{name} ended with {status}\n{log}")]
    Ended {
        /// Which process.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },
    /// The process runs but does not answer as it should.
    #[error("{name} is not ready after {within:?}\n{log}")]
    NotReady {
        /// Which process.
        name: String,
        /// How long it was waited for.
        within: Duration,
        /// The end of its log.
        log: String,
    },
    /// The process should have ended and still runs.
    #[error("{name} has not ended within {within:?}\n{log}")]
    StillRunning {
        /// Which process.
        name: String,
        /// How long it was waited for.
        within: Duration,
        /// The end of its log.
        log: String,
    },
}

impl StackError {
    /// For `map_err`: what was being tried when the operating system refused.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// The end of a log file, for an error message.
pub(crate) fn end_of_log(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n")
}
