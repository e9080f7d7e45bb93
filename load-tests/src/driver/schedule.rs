//! When requests are due. Open loop: the schedule is fixed before the first request and waits for nobody.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

const NANOS: u128 = 1_000_000_000;

/// Requests at a constant rate, the first one at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    /// Per second; at least 1.
    rate: u32,
    count: u64,
}

impl Schedule {
    pub(crate) fn new(rate: u32, lasting: Duration) -> Self {
        let rate = rate.max(1);
        let count = lasting.as_nanos() * u128::from(rate) / NANOS;
        Self { rate, count: u64::try_from(count).unwrap_or(u64::MAX) }
    }

    /// How many requests there are.
    pub(crate) fn count(self) -> u64 {
        self.count
    }

    /// When request `number` is due, from the start.
    fn intended(self, number: u64) -> Duration {
        // From the number each time: adding up an interval would add up its rounding.
        let nanos = u128::from(number) * NANOS / u128::from(self.rate);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many requests are due after `elapsed`.
    fn due(self, elapsed: Duration) -> u64 {
        let passed = elapsed.as_nanos() * u128::from(self.rate) / NANOS;
        u64::try_from(passed).unwrap_or(u64::MAX).saturating_add(1).min(self.count)
    }

    /// Calls `dispatch` for each request with its intended start. It must not wait: a late driver catches up at once,
    /// and the delay counts as latency.
    pub(crate) async fn run(self, mut dispatch: impl FnMut(Instant)) {
        let start = Instant::now();
        let mut sent = 0;
        while sent < self.count {
            sleep_until(start + self.intended(sent)).await;
            // At least one: a timer may fire a moment early by the clock that it is compared with.
            let due = self.due(start.elapsed()).max(sent + 1);
            for number in sent..due {
                dispatch(start + self.intended(number));
            }
            sent = due;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_at_equal_distances_without_drift() {
        let schedule = Schedule::new(3, Duration::from_secs(1_000_000));
        assert_eq!(schedule.count(), 3_000_000);
        assert_eq!(schedule.intended(3), Duration::from_secs(1));
        assert_eq!(schedule.intended(2_999_997), Duration::from_secs(999_999));
    }

    #[test]
    fn what_is_due_follows_the_clock_and_ends_with_the_count() {
        let schedule = Schedule::new(1_000, Duration::from_secs(1));
        assert_eq!(schedule.due(Duration::ZERO), 1);
        assert_eq!(schedule.due(Duration::from_micros(9_999)), 10);
        assert_eq!(schedule.due(Duration::from_millis(10)), 11);
        assert_eq!(schedule.due(Duration::from_mins(1)), 1_000);
    }

    #[tokio::test]
    async fn each_request_is_sent_once_with_the_time_that_was_intended_however_late_the_driver_is() {
        let mut sent = Vec::new();
        Schedule::new(100, Duration::from_millis(50)).run(|intended| sent.push(intended)).await;
        let distances: Vec<Duration> = sent.iter().map(|intended| *intended - sent[0]).collect();
        assert_eq!(distances, [0, 10, 20, 30, 40].map(Duration::from_millis));
    }
}
