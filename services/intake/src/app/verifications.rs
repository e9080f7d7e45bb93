//! Which tenants' chains are being verified: one verification of each, and few of all.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redress_domain::TenantId;

/// Tenants whose chains are recomputed at once. A verification keeps a connection for as long as its caller waits, of the few
/// that the register works with too.
const AT_ONCE: usize = 2;

/// The verifications that run. Clones share them.
///
/// A tenant has one at a time: with as many as it likes it would keep the others from theirs.
#[derive(Debug, Clone, Default)]
pub(super) struct Verifications(Arc<Mutex<HashSet<TenantId>>>);

/// A verification that runs, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    tenant: TenantId,
    among: Verifications,
}

impl Verifications {
    /// A turn for `tenant`; none while it has one, or as many as may be run.
    pub(super) fn begin(&self, tenant: &TenantId) -> Option<Turn> {
        let mut running = self.running();
        let begins = running.len() < AT_ONCE && running.insert(tenant.clone());
        begins.then(|| Turn { tenant: tenant.clone(), among: self.clone() })
    }

    fn running(&self) -> MutexGuard<'_, HashSet<TenantId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.among.running().remove(&self.tenant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_one_turn_and_all_together_have_two() {
        let verifications = Verifications::default();
        let [a, b, c] = ["tenant-a", "tenant-b", "tenant-c"].map(|tenant| tenant.parse().unwrap());
        let first = verifications.begin(&a).unwrap();
        assert!(verifications.begin(&a).is_none());
        let _second = verifications.begin(&b).expect("a's turn does not keep b from its own");
        assert!(verifications.begin(&c).is_none());
        drop(first);
        assert!(verifications.begin(&c).is_some());
        assert!(verifications.begin(&a).is_some());
    }
}
