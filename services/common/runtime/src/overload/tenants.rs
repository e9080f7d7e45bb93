use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use redress_domain::{ErrorKind, Problem, TenantId};

use crate::config::OverloadConfig;

/// A token bucket and a share of the room per tenant: a loud tenant is slowed down, and one whose calls take long (whose
/// bodies trickle in, say) is stopped, before it takes the room of the quiet ones.
///
/// Buckets are kept for as long as the process lives; there are no more than tenants with valid tokens.
pub(crate) struct Tenants {
    rate: DefaultKeyedRateLimiter<TenantId>,
    most_in_flight: usize,
    in_flight: Arc<InFlight>,
}

/// How many calls each tenant has in flight; only those that have any.
#[derive(Default)]
struct InFlight(Mutex<HashMap<TenantId, usize>>);

impl InFlight {
    /// Nothing in the critical sections can panic halfway.
    fn counts(&self) -> MutexGuard<'_, HashMap<TenantId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's part of its tenant's share, given back when dropped.
pub(crate) struct Share {
    in_flight: Arc<InFlight>,
    tenant: TenantId,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut counts = self.in_flight.counts();
        if let Some(count) = counts.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.tenant);
            }
        }
    }
}

impl Tenants {
    pub(crate) fn new(config: &OverloadConfig) -> Self {
        let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(config.tenant_per_second));
        Self {
            rate: RateLimiter::keyed(quota.allow_burst(at_least_one(config.tenant_burst))),
            most_in_flight: config.tenant_in_flight,
            in_flight: Arc::default(),
        }
    }

    /// Takes a token of the tenant's bucket and a part of its share.
    pub(crate) fn take(&self, tenant: &TenantId) -> Result<Share, Problem> {
        self.rate.check_key(tenant).map_err(|until| {
            Problem::new(ErrorKind::ResourceExhausted, "TENANT_RATE_EXCEEDED", "the tenant calls too often")
                .after(until.wait_time_from(DefaultClock::default().now()))
        })?;
        let mut counts = self.in_flight.counts();
        let count = counts.entry(tenant.clone()).or_default();
        if *count >= self.most_in_flight {
            let message = "the tenant has too many calls in flight; repeat after the delay";
            return Err(Problem::new(ErrorKind::ResourceExhausted, "TENANT_SHARE_EXCEEDED", message)
                .after(Duration::from_millis(500)));
        }
        *count += 1;
        drop(counts);
        Ok(Share { in_flight: Arc::clone(&self.in_flight), tenant: tenant.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenants(burst: u32, in_flight: usize) -> Tenants {
        Tenants::new(&OverloadConfig {
            max_in_flight: 4,
            queue_length: 0,
            queue_wait_ms: 0,
            tenant_per_second: 1,
            tenant_burst: burst,
            tenant_in_flight: in_flight,
        })
    }

    #[test]
    fn a_tenant_whose_calls_take_long_is_refused_until_one_ends_and_another_is_not() {
        let tenants = tenants(100, 2);
        let (slow, quiet) = ("slow".parse().unwrap(), "quiet".parse().unwrap());
        let held = [tenants.take(&slow).unwrap(), tenants.take(&slow).unwrap()];
        for _ in 0..3 {
            let problem = tenants.take(&slow).err().unwrap();
            assert_eq!(problem.reason, "TENANT_SHARE_EXCEEDED");
            assert!(problem.retry_after.is_some());
        }
        assert!(tenants.take(&quiet).is_ok());
        drop(held);
        assert!(tenants.take(&slow).is_ok());
        assert!(tenants.in_flight.counts().is_empty(), "who has no call in flight is not remembered");
    }

    #[test]
    fn a_loud_tenant_is_refused_with_a_delay_and_a_quiet_one_is_not() {
        let tenants = tenants(2, 100);
        let (loud, quiet) = ("loud".parse().unwrap(), "quiet".parse().unwrap());
        assert!(tenants.take(&loud).is_ok() && tenants.take(&loud).is_ok());
        let problem = tenants.take(&loud).err().unwrap();
        assert_eq!(problem.reason, "TENANT_RATE_EXCEEDED");
        assert!(problem.retry_after.is_some_and(|delay| !delay.is_zero() && delay.as_secs() <= 1));
        assert!(tenants.take(&quiet).is_ok());
    }
}
