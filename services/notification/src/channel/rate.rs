//! What a provider takes per second.

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// Turns at a provider. Cheap to clone.
#[derive(Clone)]
pub(super) struct Rate(Arc<DefaultDirectRateLimiter>);

impl Rate {
    /// `per_second` turns, evenly, and as many at once after a pause.
    pub(super) fn per_second(per_second: NonZeroU32) -> Self {
        Self(Arc::new(RateLimiter::direct(Quota::per_second(per_second))))
    }

    /// Waits for a turn, however long; the caller knows how long it may.
    pub(super) async fn turn(&self) {
        self.0.until_ready().await;
    }
}
