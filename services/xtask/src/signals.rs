//! Ctrl-C and its like.

use anyhow::bail;
use tokio::signal::unix::{SignalKind, signal};

/// Waits until the command is asked to end: Ctrl-C, `kill`, or its terminal closed.
pub(crate) async fn interrupted() -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}

/// Runs `work`, which is dropped when the command is asked to end. Everything started here ends when it is dropped:
/// servers, services, and what was called by [`command::run`](crate::command::run).
pub(crate) async fn unless_interrupted<T>(
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::select! {
        outcome = work => outcome,
        asked = interrupted() => {
            asked?;
            bail!("interrupted; everything that was started has ended")
        }
    }
}
