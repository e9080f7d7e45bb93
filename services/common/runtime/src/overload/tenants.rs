use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use redress_domain::{ErrorKind, Problem, TenantId};

use crate::config::OverloadConfig;

/// A token bucket per tenant: a loud tenant is slowed down before it takes the room of the quiet ones.
///
/// Buckets are kept for as long as the process lives; there are no more than tenants with valid tokens.
pub(crate) struct Tenants(DefaultKeyedRateLimiter<TenantId>);

impl Tenants {
    pub(crate) fn new(config: &OverloadConfig) -> Self {
        let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(config.tenant_per_second));
        Self(RateLimiter::keyed(quota.allow_burst(at_least_one(config.tenant_burst))))
    }

    /// Takes a token of the tenant's bucket.
    pub(crate) fn take(&self, tenant: &TenantId) -> Result<(), Problem> {
        self.0.check_key(tenant).map_err(|until| {
            Problem::new(ErrorKind::ResourceExhausted, "TENANT_RATE_EXCEEDED", "the tenant calls too often")
                .after(until.wait_time_from(DefaultClock::default().now()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loud_tenant_is_refused_with_a_delay_and_a_quiet_one_is_not() {
        let tenants = Tenants::new(&OverloadConfig {
            max_in_flight: 4,
            queue_length: 0,
            queue_wait_ms: 0,
            tenant_per_second: 1,
            tenant_burst: 2,
        });
        let (loud, quiet) = ("loud".parse().unwrap(), "quiet".parse().unwrap());
        assert!(tenants.take(&loud).is_ok() && tenants.take(&loud).is_ok());
        let problem = tenants.take(&loud).unwrap_err();
        assert_eq!(problem.reason, "TENANT_RATE_EXCEEDED");
        assert!(problem.retry_after.is_some_and(|delay| !delay.is_zero() && delay.as_secs() <= 1));
        assert!(tenants.take(&quiet).is_ok());
    }
}
