//! One sealed value: version (1 byte), nonce (12), ciphertext (as long as the plain value), tag (16).

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use redress_domain::{ComplaintId, TenantId};
use zeroize::Zeroizing;

use crate::{DataKey, VaultError, context};

const VERSION: u8 = 1;
const HEADER: usize = 1 + NONCE_LEN;
const TAG: usize = 16;
const DOMAIN: &str = "redress/field/1";

/// A data key prepared for the fields of one complaint.
pub(crate) struct FieldKey {
    key: LessSafeKey,
    tenant: TenantId,
    complaint: ComplaintId,
}

impl FieldKey {
    pub(crate) fn new(
        data_key: &DataKey,
        tenant: &TenantId,
        complaint: ComplaintId,
    ) -> Result<Self, VaultError> {
        let key = UnboundKey::new(&AES_256_GCM, data_key.expose()).map_err(|_| VaultError::Library)?;
        Ok(Self { key: LessSafeKey::new(key), tenant: tenant.clone(), complaint })
    }

    pub(crate) fn seal(&self, field: &str, plain: &[u8], nonces: &Nonces) -> Result<Vec<u8>, VaultError> {
        let nonce = nonces.next();
        // One allocation of the final size: growing would leave plain text in the freed one.
        let mut sealed = Vec::with_capacity(HEADER + plain.len() + TAG);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self
            .key
            .seal_in_place_separate_tag(Nonce::from(&nonce), self.place(field), &mut sealed[HEADER..])
            .map_err(|_| VaultError::Library)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    pub(crate) fn open(&self, field: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let form = VaultError::Form("sealed value");
        let Some((&VERSION, rest)) = sealed.split_first() else { return Err(form) };
        let Some((nonce, text)) = rest.split_first_chunk::<NONCE_LEN>() else { return Err(form) };
        let mut plain = Zeroizing::new(text.to_vec());
        let length = self
            .key
            .open_in_place(Nonce::from(nonce), self.place(field), &mut plain)
            .map_err(|_| VaultError::Refused)?
            .len();
        plain.truncate(length);
        Ok(plain)
    }

    /// Where the value belongs, as associated data.
    fn place(&self, field: &str) -> Aad<Vec<u8>> {
        let parts = [self.tenant.as_str().as_bytes(), self.complaint.as_uuid().as_bytes(), field.as_bytes()];
        Aad::from(context::encode(DOMAIN, &parts))
    }
}

/// The nonces of one sealer: a random start of 96 bits, then counted up (NIST SP 800-38D, 8.2.2).
///
/// Sealers of one data key start apart, so the few fields that a key ever seals do not meet. A random number for each
/// field costs more than sealing it.
pub(crate) struct Nonces {
    start: u128,
    given: AtomicU64,
}

impl Nonces {
    pub(crate) fn random() -> Result<Self, VaultError> {
        let mut start = [0; 16];
        rand::fill(&mut start[4..]).map_err(|_| VaultError::Library)?;
        Ok(Self { start: u128::from_be_bytes(start), given: AtomicU64::new(0) })
    }

    fn next(&self) -> [u8; NONCE_LEN] {
        let given = self.given.fetch_add(1, Ordering::Relaxed);
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&self.start.wrapping_add(given.into()).to_be_bytes()[4..]);
        nonce
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_tenant_counts_also_where_a_provider_unwraps_one_tenants_key_for_another() {
        let data_key = DataKey::generate().unwrap();
        let complaint = ComplaintId::derive(&"acme".parse().unwrap(), "subject", &"key".parse().unwrap());
        let of = |tenant: &str| FieldKey::new(&data_key, &tenant.parse().unwrap(), complaint).unwrap();
        let sealed = of("acme").seal("text", b"text", &Nonces::random().unwrap()).unwrap();
        assert!(of("acme").open("text", &sealed).is_ok());
        assert!(matches!(of("beta").open("text", &sealed), Err(VaultError::Refused)));
    }

    #[test]
    fn nonces_differ_also_where_the_count_passes_the_end() {
        let nonces = Nonces { start: (1 << 96) - 2, given: AtomicU64::new(0) };
        let given: Vec<_> = (0..4).map(|_| nonces.next()).collect();
        assert_eq!(given[1], [0xff; NONCE_LEN]);
        assert_eq!(given[2], [0; NONCE_LEN]);
        assert_eq!(given.iter().collect::<HashSet<_>>().len(), 4);
    }

    #[test]
    fn two_sealers_start_apart() {
        assert_ne!(Nonces::random().unwrap().next(), Nonces::random().unwrap().next());
    }
}
