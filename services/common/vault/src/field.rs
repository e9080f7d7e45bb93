//! One sealed value: version (1 byte), nonce (12), ciphertext (as long as the plain value), tag (16).

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use redress_domain::{ComplaintId, TenantId};
use zeroize::Zeroizing;

use crate::{DataKey, VaultError, context};

const VERSION: u8 = 1;
const HEADER: usize = 1 + NONCE_LEN;
const TAG: usize = 16;
const DOMAIN: &str = "redress/field/1";

/// A data key prepared for the fields of one complaint.
///
/// Nonces are random: 96 bits are ample for the few fields that one data key ever seals.
pub(crate) struct FieldKey {
    key: RandomizedNonceKey,
    tenant: TenantId,
    complaint: ComplaintId,
}

impl FieldKey {
    pub(crate) fn new(
        data_key: &DataKey,
        tenant: &TenantId,
        complaint: ComplaintId,
    ) -> Result<Self, VaultError> {
        let key =
            RandomizedNonceKey::new(&AES_256_GCM, data_key.expose()).map_err(|_| VaultError::Library)?;
        Ok(Self { key, tenant: tenant.clone(), complaint })
    }

    pub(crate) fn seal(&self, field: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        // One allocation of the final size: growing would leave plain text in the freed one.
        let mut sealed = Vec::with_capacity(HEADER + plain.len() + TAG);
        sealed.push(VERSION);
        sealed.resize(HEADER, 0);
        sealed.extend_from_slice(plain);
        let (nonce, tag) = self
            .key
            .seal_in_place_separate_tag(self.place(field), &mut sealed[HEADER..])
            .map_err(|_| VaultError::Library)?;
        sealed[1..HEADER].copy_from_slice(nonce.as_ref());
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
