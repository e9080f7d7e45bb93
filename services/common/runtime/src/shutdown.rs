//! When and how fast the process leaves.

use std::process;
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// From the first signal to the end by force, whatever is still going on.
const HARD_STOP: Duration = Duration::from_secs(25);

/// A token that is cancelled by the first SIGTERM or SIGINT. The second ends the process at once.
pub(crate) fn on_signal() -> anyhow::Result<CancellationToken> {
    let asked = CancellationToken::new();
    let token = asked.clone();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        let signal = either(&mut terminate, &mut interrupt).await;
        tracing::info!(signal, "asked to leave");
        token.cancel();
        let signal = either(&mut terminate, &mut interrupt).await;
        tracing::warn!(signal, "asked again; leaving at once");
        process::exit(1);
    });
    Ok(asked)
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}

/// Ends the process by force after [`HARD_STOP`]. A plain thread: the runtime may be what hangs.
pub(crate) fn arm_hard_stop() {
    thread::spawn(|| {
        thread::sleep(HARD_STOP);
        tracing::error!("leaving took too long; ended by force");
        process::exit(1);
    });
}
