use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use redress_domain::Clock;

/// A clock that stands still until it is set. Clones show the same time.
#[derive(Debug, Clone)]
pub struct FixedClock {
    now: Arc<Mutex<Timestamp>>,
}

impl FixedClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self { now: Arc::new(Mutex::new(now)) }
    }

    /// Sets the clock, forwards or backwards.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves the clock by `by`, which may be negative.
    ///
    /// # Panics
    /// When the result lies outside the years −9999 to 9999.
    pub fn advance(&self, by: SignedDuration) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_moves_only_when_it_is_moved_and_for_all_clones() {
        let start: Timestamp = "2026-11-25T20:00:00Z".parse().unwrap();
        let clock = FixedClock::at(start);
        let seen_by_a_service: Arc<dyn Clock> = Arc::new(clock.clone());
        assert_eq!(seen_by_a_service.now(), start);
        clock.advance(SignedDuration::from_mins(90));
        assert_eq!(seen_by_a_service.now().to_string(), "2026-11-25T21:30:00Z");
        clock.set(start);
        assert_eq!(seen_by_a_service.now(), start);
    }
}
