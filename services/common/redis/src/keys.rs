//! Every key of the product, with the time it lives.
//!
//! A key begins with what it is for and its tenant, and carries no personal data: operators list keys. Keys that one
//! script touches share a hash tag (`{…}`), so that a cluster keeps them on one node; a key used alone has none.

use std::time::Duration;

use redress_domain::{ComplaintId, TenantId};

/// How long an entry of the duplicate filter lives: callers repeat for hours after an outage, rarely after a day.
pub const DEDUPE_TTL: Duration = Duration::from_hours(24);

/// The entry of the duplicate filter for a submission: `dedupe:<tenant>:<32 hex digits>`.
///
/// The id is itself a hash of the idempotency key, which may hold personal data and therefore is not part of it.
pub fn dedupe(tenant: &TenantId, complaint: &ComplaintId) -> String {
    format!("dedupe:{tenant}:{}", complaint.as_uuid().simple())
}

/// How long a band's list lives after the last text of it: as far back as complaints are compared.
pub const SIMILAR_TTL: Duration = Duration::from_hours(24 * 90);

/// The list of recent texts with one band of their similarity hash: `similar:{<tenant>}:<8 hex digits>`. One script
/// touches many of a tenant.
pub fn similar(tenant: &TenantId, band: u32) -> String {
    format!("similar:{{{tenant}}}:{band:08x}")
}

/// The timers of a shard that are due soon: `<prefix>:{<shard>}:due`. No time to live: rebuilt from the database when it
/// was lost, and emptied as its timers come due.
pub fn timers_due(prefix: &str, shard: u16) -> String {
    format!("{prefix}:{{{shard}}}:due")
}

/// The timers of a shard that are claimed, until their lease ends: `<prefix>:{<shard>}:inflight`.
pub fn timers_in_flight(prefix: &str, shard: u16) -> String {
    format!("{prefix}:{{{shard}}}:inflight")
}

/// Whether a shard of the timer index is whole: `<prefix>:{<shard>}:mark`. It goes with the timers when they are lost.
pub fn timers_mark(prefix: &str, shard: u16) -> String {
    format!("{prefix}:{{{shard}}}:mark")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_tenant_and_nothing_personal() {
        let tenant = "acme".parse().unwrap();
        let id = ComplaintId::derive(&tenant, "subject", &"13800000000".parse().unwrap());
        let key = dedupe(&tenant, &id);
        assert_eq!(key, format!("dedupe:acme:{}", id.as_uuid().simple()));
        assert!(!key.contains("13800000000") && !key.contains("subject"));
    }
}
