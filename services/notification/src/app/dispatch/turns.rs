//! When the workers of a lane look for work while there is none.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How often they look, all together.
pub(super) const PERIOD: Duration = Duration::from_millis(50);

/// The turns of a lane's workers; clones share them. Whoever finds nothing takes the next: so somebody looks each period,
/// however many of them are at work just now, and no two look at once. Each with a pause of its own, they would fall into step
/// after every crowd of letters.
#[derive(Debug, Clone, Default)]
pub struct Turns(Arc<Mutex<Option<Instant>>>);

impl Turns {
    /// When a worker that found nothing at `now` looks again.
    pub(super) fn next(&self, now: Instant) -> Instant {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = last.map_or(now, |last| last.max(now)) + PERIOD;
        *last = Some(next);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_take_turns_and_one_that_is_alone_waits_for_nobody() {
        let (turns, now) = (Turns::default(), Instant::now());
        let of_three: Vec<_> = (0..3).map(|_| turns.clone().next(now)).collect();
        assert_eq!(of_three, [now + PERIOD, now + 2 * PERIOD, now + 3 * PERIOD]);
        assert_eq!(turns.next(now + PERIOD), now + 4 * PERIOD);
        // The others were at work for long.
        let later = now + 100 * PERIOD;
        assert_eq!(turns.next(later), later + PERIOD);
    }
}
