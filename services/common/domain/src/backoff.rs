use std::time::Duration;

/// Exponential delay with full jitter above a floor, as a pure function of the attempt and a random number.
///
/// With `base` 100 ms and `max` 5 s the ceilings are 100, 200, 400, 800, 1600, 3200, 5000, 5000 … ms; the delay lies
/// between half of the ceiling and the ceiling.
///
/// ```
/// # use redress_domain::Backoff; use std::time::Duration;
/// let backoff = Backoff { base: Duration::from_millis(100), max: Duration::from_secs(5) };
/// assert_eq!(backoff.delay(0, 0), Duration::from_millis(50));
/// assert_eq!(backoff.delay(3, u16::MAX), Duration::from_millis(800));
/// assert_eq!(backoff.delay(60, u16::MAX), Duration::from_secs(5));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first ceiling.
    pub base: Duration,
    /// The highest ceiling.
    pub max: Duration,
}

impl Backoff {
    /// The delay before attempt `attempt + 2`, where `attempt` counts failures from 0 and `random` is uniform.
    pub fn delay(self, attempt: u32, random: u16) -> Duration {
        let ceiling = self.base.saturating_mul(1_u32 << attempt.min(20)).min(self.max);
        let half = ceiling / 2;
        half + half.mul_f64(f64::from(random) / f64::from(u16::MAX))
    }
}
