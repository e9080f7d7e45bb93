//! Which channels are slow just now.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redress_domain::ContactType;
use tokio::time::Instant;

/// A try that takes longer is slow: several of the second within which a first letter is to reach its channel would not
/// fit into it.
pub(super) const SLOW: Duration = Duration::from_millis(500);
/// How long a channel counts as slow after a slow try.
const FOR: Duration = Duration::from_secs(30);

/// Until when channels count as slow. Shared by all workers of the process.
#[derive(Debug, Clone, Default)]
pub struct Pace(Arc<Mutex<Vec<(ContactType, Instant)>>>);

impl Pace {
    /// What a try through `channel` comes to; the channel is slow from when it takes too long.
    pub(super) async fn watch<T>(&self, channel: ContactType, attempt: impl Future<Output = T>) -> T {
        let mut attempt = std::pin::pin!(attempt);
        tokio::select! {
            biased;
            done = &mut attempt => return done,
            () = tokio::time::sleep(SLOW) => self.slow_since(channel, Instant::now()),
        }
        attempt.await
    }

    fn slow_since(&self, channel: ContactType, now: Instant) {
        let mut slow = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slow.retain(|(other, _)| *other != channel);
        slow.push((channel, now + FOR));
    }

    /// Whether a channel counts as slow.
    pub(super) fn is_slow(&self, channel: ContactType) -> bool {
        self.is_slow_at(channel, Instant::now())
    }

    fn is_slow_at(&self, channel: ContactType, now: Instant) -> bool {
        let slow = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slow.iter().any(|(other, until)| *other == channel && *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_try_makes_its_channel_slow_for_a_while_and_no_other() {
        let pace = Pace::default();
        assert_eq!(pace.watch(ContactType::Email, async { 1 }).await, 1);
        assert!(!pace.is_slow(ContactType::Email));
        let began = Instant::now();
        // A try that ends only once its channel counts as slow.
        pace.watch(ContactType::Email, async {
            while !pace.is_slow(ContactType::Email) {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert!(began.elapsed() >= SLOW);
        assert!(!pace.is_slow(ContactType::InApp));
        assert!(!pace.is_slow_at(ContactType::Email, Instant::now() + FOR));
    }
}
