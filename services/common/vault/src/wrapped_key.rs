use std::fmt;

use crate::VaultError;

/// Version of the encoded form.
const VERSION: u8 = 1;
/// Longest key id and longest wrapped form; providers that answer with text need more than the 60 bytes of ours.
const MAX_KEY_ID: usize = 64;
const MAX_BYTES: usize = 1024;

/// A data key as it travels and is stored: wrapped, with the id of the key that opens it.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey {
    key_id: String,
    bytes: Vec<u8>,
}

impl WrappedKey {
    /// A wrapped key as a provider made it: an id of 1 to 64 characters of `A-Z a-z 0-9 . _ -`, 1 to 1024 bytes.
    pub fn new(key_id: &str, bytes: Vec<u8>) -> Result<Self, VaultError> {
        if is_key_id(key_id) && (1..=MAX_BYTES).contains(&bytes.len()) {
            Ok(Self { key_id: key_id.to_owned(), bytes })
        } else {
            Err(VaultError::Form("wrapped key"))
        }
    }

    /// Names the tenant's key-encryption key that wrapped it.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The wrapped data key, in the form of its provider.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The compact form for messages and tables: version, length of the id, id, wrapped key.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut encoded = Vec::with_capacity(2 + self.key_id.len() + self.bytes.len());
        #[expect(clippy::cast_possible_truncation, reason = "an id has at most 64 bytes")]
        encoded.extend_from_slice(&[VERSION, self.key_id.len() as u8]);
        encoded.extend_from_slice(self.key_id.as_bytes());
        encoded.extend_from_slice(&self.bytes);
        encoded
    }

    /// Reads [`to_bytes`](Self::to_bytes) back.
    pub fn from_bytes(encoded: &[u8]) -> Result<Self, VaultError> {
        let parts = match encoded {
            [VERSION, length, rest @ ..] => rest.split_at_checked(usize::from(*length)),
            _ => None,
        };
        let (key_id, bytes) = parts.ok_or(VaultError::Form("wrapped key"))?;
        let key_id = std::str::from_utf8(key_id).map_err(|_| VaultError::Form("wrapped key"))?;
        Self::new(key_id, bytes.to_vec())
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrappedKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Whether a text may name a key.
pub(crate) fn is_key_id(text: &str) -> bool {
    (1..=MAX_KEY_ID).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_compact_form_reads_back(
            id in "[A-Za-z0-9._-]{1,64}",
            bytes in prop::collection::vec(any::<u8>(), 1..=MAX_BYTES),
        ) {
            let key = WrappedKey::new(&id, bytes).unwrap();
            prop_assert_eq!(WrappedKey::from_bytes(&key.to_bytes()).unwrap(), key);
        }

        #[test]
        fn any_bytes_are_read_or_refused_and_never_read_as_something_else(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            if let Ok(key) = WrappedKey::from_bytes(&bytes) {
                prop_assert_eq!(key.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn what_is_cut_empty_or_of_another_version_is_refused() {
        let encoded = WrappedKey::new("k1", vec![7; 60]).unwrap().to_bytes();
        assert!(WrappedKey::from_bytes(&encoded[..4]).is_err(), "no wrapped bytes");
        assert!(WrappedKey::from_bytes(&encoded[..3]).is_err(), "cut inside the id");
        assert!(WrappedKey::from_bytes(&[]).is_err());
        let mut later = encoded;
        later[0] = VERSION + 1;
        assert!(WrappedKey::from_bytes(&later).is_err());
    }
}
