//! What a provider takes per second.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// Longest wait for a turn, well within a lease; whoever has waited in vain makes room for another.
const PATIENCE: Duration = Duration::from_secs(2);

/// Turns at a provider. Cheap to clone.
#[derive(Clone)]
pub(super) struct Rate(Arc<DefaultDirectRateLimiter>);

impl Rate {
    /// `per_second` turns, evenly, and as many at once after a pause.
    pub(super) fn per_second(per_second: NonZeroU32) -> Self {
        Self(Arc::new(RateLimiter::direct(Quota::per_second(per_second))))
    }

    /// Waits for a turn; false if none came in time.
    pub(super) async fn turn(&self) -> bool {
        tokio::time::timeout(PATIENCE, self.0.until_ready()).await.is_ok()
    }
}
