use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

/// Why a text is no identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdError {
    /// See [`TenantId`].
    #[error(
        "a tenant is 1 to 63 characters of a-z, 0-9 and '-', beginning and ending with a letter or digit"
    )]
    Tenant,
    /// See [`IdempotencyKey`].
    #[error("an idempotency key is 1 to 128 visible ASCII characters")]
    IdempotencyKey,
    /// See [`ComplaintId`].
    #[error("a complaint id is a UUID")]
    Complaint,
}

/// A customer of the installation. Part of every primary key, Redis key and event.
///
/// A DNS label: it may stand in host names, keys and metrics without quoting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(std::sync::Arc<str>);

impl TenantId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
        let fits = (1..=63).contains(&text.len())
            && text.as_bytes().iter().all(inner)
            && !text.starts_with('-')
            && !text.ends_with('-');
        if fits { Ok(Self(text.into())) } else { Err(IdError::Tenant) }
    }
}

impl TryFrom<String> for TenantId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<TenantId> for String {
    fn from(tenant: TenantId) -> Self {
        tenant.as_str().to_owned()
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The caller's own name for one submission: the same key again means the same submission again.
///
/// Unique within a tenant and an authenticated subject; 1 to 128 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key as given. Not for logs: callers have been seen to put order or phone numbers into it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(..)")
    }
}

impl FromStr for IdempotencyKey {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(IdError::IdempotencyKey) }
    }
}

/// A complaint's identity: a UUID of version 8 that follows from who sent it and under which key.
///
/// A retry reaches the same id without asking anyone, also with every cache empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ComplaintId(Uuid);

impl ComplaintId {
    /// The id of the submission that `subject` of `tenant` named `key`.
    ///
    /// The parts are length-prefixed before they are hashed, so no two triples share an input. The subject belongs in
    /// it: two callers of one tenant who both number from 1 must not meet in one complaint.
    pub fn derive(tenant: &TenantId, subject: &str, key: &IdempotencyKey) -> Self {
        let parts = [tenant.as_str(), subject, key.as_str()];
        Self(derived_id("redress/complaint/1", &parts.map(str::as_bytes)))
    }

    /// The id read back from a table or a message.
    pub const fn from_uuid(id: Uuid) -> Self {
        Self(id)
    }

    /// The id as a UUID.
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl FromStr for ComplaintId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Uuid::try_parse(text).map(Self).map_err(|_| IdError::Complaint)
    }
}

impl fmt::Display for ComplaintId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A UUID of version 8 that follows from `parts` within `domain`: whoever makes the thing again gives it the same id.
///
/// Each part is hashed behind its length, so that no two lists of parts share an input.
pub fn derived_id(domain: &str, parts: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(domain.as_bytes());
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Identity of the event that brought an aggregate to `version` of a topic: the same however often it is written.
pub fn event_id(topic: &str, aggregate: Uuid, version: i64) -> Uuid {
    derived_id("redress/event/1", &[topic.as_bytes(), aggregate.as_bytes(), &version.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_depends_on_each_part_and_on_nothing_else() {
        let id = |tenant: &str, subject: &str, key: &str| {
            ComplaintId::derive(&tenant.parse().unwrap(), subject, &key.parse().unwrap())
        };
        let first = id("acme", "s1", "k1");
        assert_eq!(first, id("acme", "s1", "k1"));
        assert_eq!(first.as_uuid().get_version_num(), 8);
        assert_eq!(first, first.to_string().parse().unwrap());
        for other in
            [id("acmf", "s1", "k1"), id("acme", "s2", "k1"), id("acme", "s1", "k2"), id("acme", "s1k", "1")]
        {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn names_that_would_need_quoting_are_refused() {
        for bad in ["", "-a", "a-", "A", "a_b", "a.b", "租户", &"a".repeat(64)] {
            assert_eq!(bad.parse::<TenantId>(), Err(IdError::Tenant), "{bad}");
        }
        for bad in ["", " ", "a b", "键", "a\n", &"k".repeat(129)] {
            assert_eq!(bad.parse::<IdempotencyKey>(), Err(IdError::IdempotencyKey), "{bad}");
        }
        assert_eq!(format!("{:?}", "13800000000".parse::<IdempotencyKey>().unwrap()), "IdempotencyKey(..)");
    }
}
