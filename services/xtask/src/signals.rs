//! Ctrl-C and its like.

use anyhow::bail;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

/// Keeps one request to end until somebody waits for it.
static ASKED: Notify = Notify::const_new();

/// Listens for the rest of the process. From here on a signal ends nothing by itself, and none is missed, also one that
/// comes while nobody waits: a listener that each wait makes anew would not hear what comes between two of them.
pub(crate) fn listen() -> anyhow::Result<()> {
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let mut signals = signal(kind)?;
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                ASKED.notify_one();
            }
        });
    }
    Ok(())
}

/// Waits until the command is asked to end: Ctrl-C, `kill`, or its terminal closed. One request ends one wait.
pub(crate) async fn interrupted() {
    ASKED.notified().await;
}

/// Runs `work`, which is dropped when the command is asked to end. Everything started here ends when it is dropped:
/// servers, services, and what was called by [`command::run`](crate::command::run).
pub(crate) async fn unless_interrupted<T>(
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::select! {
        outcome = work => outcome,
        () = interrupted() => bail!("interrupted; everything that was started has ended"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Signal, getpid, kill_process};
    use std::future::pending;
    use std::time::Duration;
    use tokio::time::timeout;

    const SOON: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn what_comes_between_two_waits_is_heard_by_the_second_and_ends_no_third() {
        listen().unwrap();
        unless_interrupted(async { Ok(()) }).await.unwrap();
        let mut arrives = signal(SignalKind::hangup()).unwrap();
        kill_process(getpid(), Signal::HUP).unwrap();
        // Nobody else waits when it arrives.
        timeout(SOON, arrives.recv()).await.unwrap();
        let told = timeout(SOON, unless_interrupted(pending::<anyhow::Result<()>>())).await.unwrap();
        assert!(told.unwrap_err().to_string().starts_with("interrupted"));
        assert!(timeout(Duration::ZERO, interrupted()).await.is_err(), "one request ends one wait");
    }
}
