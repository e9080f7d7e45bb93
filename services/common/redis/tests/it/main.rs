//! The duplicate filter, the index of similar texts, the timer index, and what faults do to them, on a real Redis.
#![expect(clippy::unwrap_used, reason = "the shared fixtures fail the test that asks for them")]

mod dedupe;
mod faults;
mod similar;
mod timers;
mod timers_faults;
mod timers_rebuild;

use std::time::Duration;

use redress_domain::{ComplaintId, TenantId};
use redress_redis::{DedupeFilter, Redis, RedisConfig};
use redress_testkit::wait_until;

/// A client of the Redis at `url`.
fn client(url: &str, timeout_ms: u64) -> Redis {
    Redis::connect(&RedisConfig { url: url.into(), timeout_ms }).unwrap()
}

/// A filter whose calls are not cut short by a busy machine.
fn patient_filter(url: &str) -> DedupeFilter {
    DedupeFilter::new(client(url, 5_000))
}

fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

fn complaint(key: &str) -> ComplaintId {
    ComplaintId::derive(&tenant("acme"), "subject", &key.parse().unwrap())
}

/// The first value that `probe` gives, asked again and again.
async fn eventually<T>(what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    wait_until(what, Duration::from_secs(20), probe).await
}
