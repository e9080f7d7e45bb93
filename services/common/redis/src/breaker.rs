use std::time::{Duration, Instant};

/// Consecutive failures after which calls are refused.
const THRESHOLD: u32 = 5;
/// How long calls are refused before one may probe, and how long a probe may stay without an outcome.
const COOL_DOWN: Duration = Duration::from_millis(200);

/// Stops asking a server that does not answer, so that callers stop waiting for it. Pure: time is an argument.
///
/// Closed until 5 failures in a row; then open for 200 ms; then half open: one call is let through as a probe, whose
/// outcome closes or opens again. A probe whose caller went away reports nothing; after 200 ms the next call probes.
#[derive(Debug)]
pub struct Breaker {
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed {
        failures: u32,
    },
    /// Refuses until the instant; the first call after it is the probe and renews it.
    Open {
        until: Instant,
    },
}

/// What an outcome changed, to be logged once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Calls are refused from now on.
    Opened,
    /// Calls are let through again.
    Closed,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: State::Closed { failures: 0 } }
    }
}

impl Breaker {
    /// Whether a call may go out now. Each call that may reports its outcome, unless its caller went away.
    pub fn admit(&mut self, now: Instant) -> bool {
        match self.state {
            State::Closed { .. } => true,
            State::Open { until } if now < until => false,
            State::Open { .. } => {
                self.state = State::Open { until: now + COOL_DOWN };
                true
            }
        }
    }

    /// A call was answered. Any answer closes: also one to a call that went out before the breaker opened.
    pub fn succeeded(&mut self) -> Option<Change> {
        let before = std::mem::replace(&mut self.state, State::Closed { failures: 0 });
        matches!(before, State::Open { .. }).then_some(Change::Closed)
    }

    /// A call was not answered.
    pub fn failed(&mut self, now: Instant) -> Option<Change> {
        match self.state {
            State::Closed { failures } if failures + 1 < THRESHOLD => {
                self.state = State::Closed { failures: failures + 1 };
                None
            }
            State::Closed { .. } => {
                self.state = State::Open { until: now + COOL_DOWN };
                Some(Change::Opened)
            }
            // A probe, which set the pause anew when it went out; or a call from before, which tells nothing new.
            State::Open { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 1..THRESHOLD {
            assert_eq!(breaker.failed(now), None);
            assert!(breaker.admit(now));
        }
        assert_eq!(breaker.failed(now), Some(Change::Opened));
        breaker
    }

    #[test]
    fn it_opens_on_failures_in_a_row_only() {
        let now = start();
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            for _ in 1..THRESHOLD {
                assert_eq!(breaker.failed(now), None);
            }
            assert_eq!(breaker.succeeded(), None);
        }
        assert!(breaker.admit(now));
        assert!(!opened(now).admit(now));
    }

    #[test]
    fn after_the_pause_one_call_probes_and_its_answer_closes() {
        let now = start();
        let mut breaker = opened(now);
        assert!(!breaker.admit(now + COOL_DOWN.checked_sub(Duration::from_millis(1)).unwrap()));
        let later = now + COOL_DOWN;
        assert!(breaker.admit(later));
        assert!(!breaker.admit(later), "one probe at a time");
        assert_eq!(breaker.succeeded(), Some(Change::Closed));
        assert!(breaker.admit(later) && breaker.admit(later));
    }

    #[test]
    fn a_failed_probe_keeps_it_open_for_another_pause() {
        let now = start();
        let mut breaker = opened(now);
        let later = now + COOL_DOWN;
        assert!(breaker.admit(later));
        assert_eq!(breaker.failed(later), None, "it was open before");
        assert!(!breaker.admit(later));
        assert!(breaker.admit(later + COOL_DOWN));
    }

    #[test]
    fn a_probe_that_reports_nothing_makes_room_for_another() {
        let now = start();
        let mut breaker = opened(now);
        assert!(breaker.admit(now + COOL_DOWN));
        assert!(breaker.admit(now + 2 * COOL_DOWN));
    }

    #[test]
    fn failures_that_arrive_late_do_not_prolong_the_pause() {
        let now = start();
        let mut breaker = opened(now);
        assert_eq!(breaker.failed(now + COOL_DOWN / 2), None);
        assert!(breaker.admit(now + COOL_DOWN));
    }
}
