//! When a delivery that failed is tried again.

use std::time::Duration;

use sha2::{Digest, Sha256};
use uuid::Uuid;

const SECOND: u64 = 1;
const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

/// Waits between tries at a callback: sixteen tries within 24 hours.
const CALLBACK: [u64; 15] = [
    15 * SECOND,
    15 * SECOND,
    30 * SECOND,
    3 * MINUTE,
    10 * MINUTE,
    20 * MINUTE,
    30 * MINUTE,
    30 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    3 * HOUR,
    3 * HOUR,
    6 * HOUR,
    6 * HOUR,
];

/// Waits between tries at a channel of a party; the last one repeats.
const PARTY: [u64; 8] =
    [5 * SECOND, 15 * SECOND, 45 * SECOND, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE];

/// How long a channel may keep failing while the addressee has another one.
pub const PATIENCE_WITH_FALLBACK: Duration = Duration::from_secs(15 * MINUTE);
/// How long the last channel may keep failing.
pub const PATIENCE: Duration = Duration::from_secs(24 * HOUR);
/// For how long a callback address may take nothing before it is disabled.
pub const CALLBACK_PATIENCE: Duration = Duration::from_secs(24 * HOUR);

/// The wait before try `tries + 1` at a callback; none after the last. `tries` counts from 1.
pub fn callback(delivery: Uuid, tries: u32) -> Option<Duration> {
    let wait = CALLBACK.get(usize::try_from(tries).ok()?.checked_sub(1)?)?;
    Some(jittered(*wait, delivery, tries))
}

/// The wait before try `tries + 1` at a party's channel. `tries` counts from 1.
pub fn party(delivery: Uuid, tries: u32) -> Duration {
    let place = usize::try_from(tries).unwrap_or(usize::MAX).saturating_sub(1);
    jittered(PARTY[place.min(PARTY.len() - 1)], delivery, tries)
}

/// How long a callback address is left alone after `failures` in a row: 1, 2, 4 … 300 s. Whatever waits for it waits
/// with it, so an address that is down is knocked at seldom, however much there is for it.
pub fn callback_pause(failures: u32) -> Duration {
    Duration::from_secs((1_u64 << failures.saturating_sub(1).min(9)).min(5 * MINUTE))
}

/// Up to a tenth more, different for each delivery and try: what failed together does not come back together.
fn jittered(seconds: u64, delivery: Uuid, tries: u32) -> Duration {
    let digest = Sha256::new().chain_update(delivery).chain_update(tries.to_be_bytes()).finalize();
    let random = u16::from_be_bytes([digest[0], digest[1]]);
    let base = Duration::from_secs(seconds);
    base + base.mul_f64(f64::from(random) / f64::from(u16::MAX) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_tried_for_a_day_and_then_given_up() {
        let delivery = Uuid::from_u128(7);
        let waits: Vec<_> = (1..).map_while(|tries| callback(delivery, tries)).collect();
        assert_eq!(waits.len(), 15);
        let whole: Duration = waits.iter().sum();
        assert!(whole >= Duration::from_secs(24 * HOUR), "{whole:?}");
        assert!(whole < Duration::from_secs(27 * HOUR), "{whole:?}");
        assert_eq!(callback(delivery, 0), None, "nothing is repeated that was not tried");
    }

    #[test]
    fn two_deliveries_that_failed_together_come_back_apart() {
        let waits: std::collections::BTreeSet<_> = (0..50).map(|n| party(Uuid::from_u128(n), 3)).collect();
        assert!(waits.len() > 45, "{}", waits.len());
        assert!(waits.iter().all(|wait| (45.0..=49.5).contains(&wait.as_secs_f64())));
    }

    #[test]
    fn a_dead_address_is_knocked_at_seldom() {
        assert_eq!(callback_pause(1), Duration::from_secs(1));
        assert_eq!(callback_pause(4), Duration::from_secs(8));
        assert_eq!(callback_pause(1_000), Duration::from_mins(5));
    }
}
