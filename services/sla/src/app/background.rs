//! Work that goes on in the background: looked for again and again, with a pause in between.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::error::Error;

/// Looks until `stop`. Each look says how long to wait for the next one; after one that failed that is `period`, and the
/// log says what it `failed` to do.
pub(super) async fn repeated<F>(
    stop: CancellationToken,
    period: Duration,
    failed: &'static str,
    mut look: impl FnMut() -> F,
) where
    F: Future<Output = Result<Duration, Error>>,
{
    loop {
        let pause = look().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "{failed}");
            period
        });
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}
