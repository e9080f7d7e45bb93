use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{hmac, rand};
use zeroize::Zeroizing;

use crate::{VaultError, context};

/// Bytes of every key here.
pub(crate) const KEY_LEN: usize = 32;

/// A complaint's data key in the clear: 32 random bytes, wiped when dropped.
///
/// On the heap from the start, so that moving it leaves no copy behind.
pub struct DataKey(Box<Zeroizing<[u8; KEY_LEN]>>);

impl DataKey {
    /// A new random key.
    pub fn generate() -> Result<Self, VaultError> {
        let mut key = Self(Box::default());
        rand::fill(key.0.as_mut_slice()).map_err(|_| VaultError::Library)?;
        Ok(key)
    }

    /// The key that a provider unwrapped; exactly 32 bytes. The caller wipes its own copy.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, VaultError> {
        if bytes.len() != KEY_LEN {
            return Err(VaultError::Form("data key"));
        }
        let mut key = Self(Box::default());
        key.0.copy_from_slice(bytes);
        Ok(key)
    }

    /// The bytes, for the one who wraps them.
    pub fn expose(&self) -> &[u8; KEY_LEN] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// A tenant's key of blind indexes and fingerprints, prepared for use; clones share it.
///
/// It cannot be exchanged like the other keys: what was indexed under one key is found under no other.
#[derive(Clone)]
pub struct IndexKey(Arc<hmac::Key>);

impl IndexKey {
    /// Prepares the key. The caller wipes its own copy of the bytes.
    pub fn new(bytes: &[u8; KEY_LEN]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// HMAC-SHA-256 over an operation and its input, which is personal and therefore not copied.
    pub(crate) fn digest(&self, domain: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = hmac::Context::with_key(&self.0);
        context::feed(domain, parts, |bytes| mac.update(bytes));
        let mut digest = [0; 32];
        digest.copy_from_slice(mac.sign().as_ref());
        digest
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey(..)")
    }
}
