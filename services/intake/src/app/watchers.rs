//! How many streams may be open. A stream stays for hours and so holds none of the room of calls; it costs a little memory
//! and a share of the look at the database, which one caller must not be able to take for itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redress_domain::{ErrorKind, Problem, TenantId};

/// After which delay a refused caller may try again: streams end when a browser leaves, a token expires.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// How many streams there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of all tenants together.
    pub process: usize,
    /// Of one tenant.
    pub tenant: usize,
}

/// The streams that are open, by tenant.
pub(super) struct Watchers {
    limits: Limits,
    open: Mutex<HashMap<TenantId, usize>>,
}

/// One open stream; given back when dropped.
pub(super) struct Place {
    watchers: Arc<Watchers>,
    tenant: TenantId,
}

impl Watchers {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, open: Mutex::default() })
    }

    /// A place for one more stream of `tenant`, or why there is none.
    pub(super) fn enter(self: &Arc<Self>, tenant: &TenantId) -> Result<Place, Problem> {
        let mut open = self.open();
        let of_tenant = open.get(tenant).copied().unwrap_or_default();
        if of_tenant >= self.limits.tenant || open.values().sum::<usize>() >= self.limits.process {
            return Err(Problem::new(
                ErrorKind::ResourceExhausted,
                "TOO_MANY_STREAMS",
                "too many streams are open; ask for the complaint now and then instead",
            )
            .after(RETRY_AFTER));
        }
        open.insert(tenant.clone(), of_tenant + 1);
        Ok(Place { watchers: Arc::clone(self), tenant: tenant.clone() })
    }

    /// Nothing in the critical sections can panic halfway, so a poisoned lock is as good as any.
    fn open(&self) -> MutexGuard<'_, HashMap<TenantId, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.watchers.open();
        match open.get_mut(&self.tenant) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.remove(&self.tenant)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_its_share_and_all_together_have_theirs_and_who_leaves_makes_room() {
        let watchers = Watchers::new(Limits { process: 3, tenant: 2 });
        let [loud, quiet, third] = ["loud", "quiet", "third"].map(|name| name.parse().unwrap());
        let first = watchers.enter(&loud).unwrap();
        let second = watchers.enter(&loud).unwrap();
        let refused = watchers.enter(&loud).err().unwrap();
        assert_eq!((refused.kind, refused.reason), (ErrorKind::ResourceExhausted, "TOO_MANY_STREAMS"));
        assert!(refused.retry_after.is_some());
        let quiet = watchers.enter(&quiet).unwrap();
        assert!(watchers.enter(&third).is_err(), "the process is full");
        drop((first, quiet));
        assert!(watchers.enter(&loud).is_ok() && watchers.enter(&third).is_ok());
        drop(second);
        assert!(watchers.open().is_empty());
    }
}
