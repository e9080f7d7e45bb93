use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use async_trait::async_trait;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use redress_domain::TenantId;
use zeroize::Zeroizing;

use crate::key::KEY_LEN;
use crate::key_file::{self, KeyFileError};
use crate::{DataKey, IndexKey, KeyProvider, VaultError, WrappedKey, context};

const DOMAIN: &str = "redress/wrap/1";

/// Keys from a TOML file, read once and kept prepared for use.
///
/// ```toml
/// [tenants.acme]
/// current = "k2"          # wraps new data keys
/// index = "<base64>"      # blind indexes; never exchanged
/// [tenants.acme.keys]     # all of them open; 32 bytes each
/// k1 = "<base64>"
/// k2 = "<base64>"
/// ```
///
/// Rotation, with several processes: first add the key everywhere and restart all of them, then name it as current and
/// restart again; remove the old one when no wrapped key names it any more. In one step, a process that has not read the
/// file anew meets keys that it does not know.
/// Data keys are wrapped with AES-256-GCM-SIV: this key lives long and its nonces are random, and there a nonce drawn
/// twice does no harm, where it would be fatal to GCM beyond some 2^32 complaints.
pub struct FileKeyProvider {
    tenants: HashMap<TenantId, TenantKeys>,
}

pub(crate) struct TenantKeys {
    pub(crate) current: String,
    pub(crate) wrapping: HashMap<String, RandomizedNonceKey>,
    pub(crate) index: IndexKey,
}

impl FileKeyProvider {
    /// Reads the file. Blocks; meant for the start of a process.
    pub fn open(path: &Path) -> Result<Self, KeyFileError> {
        Ok(Self { tenants: key_file::read(path)? })
    }

    /// The text of a fresh file with one random key per tenant, named `k1`.
    pub fn generate(tenants: &[TenantId]) -> Result<Zeroizing<String>, KeyFileError> {
        key_file::generate(tenants)
    }

    /// Writes a fresh file that only its owner can read. Refuses to replace one: its keys could not be had again.
    pub fn create(path: &Path, tenants: &[TenantId]) -> Result<(), KeyFileError> {
        key_file::create(path, tenants)
    }

    fn keys(&self, tenant: &TenantId) -> Result<&TenantKeys, VaultError> {
        self.tenants.get(tenant).ok_or_else(|| VaultError::UnknownTenant(tenant.clone()))
    }
}

impl TenantKeys {
    fn named(&self, tenant: &TenantId, key_id: &str) -> Result<&RandomizedNonceKey, VaultError> {
        self.wrapping
            .get(key_id)
            .ok_or_else(|| VaultError::UnknownKey { tenant: tenant.clone(), key_id: key_id.to_owned() })
    }
}

/// A wrapping key, prepared: expanding it costs more than using it.
pub(crate) fn prepare(key: &[u8; KEY_LEN]) -> Option<RandomizedNonceKey> {
    RandomizedNonceKey::new(&AES_256_GCM_SIV, key).ok()
}

fn place(tenant: &TenantId, key_id: &str) -> Aad<Vec<u8>> {
    Aad::from(context::encode(DOMAIN, &[tenant.as_str().as_bytes(), key_id.as_bytes()]))
}

#[async_trait]
impl KeyProvider for FileKeyProvider {
    async fn wrap(&self, tenant: &TenantId, data_key: &DataKey) -> Result<WrappedKey, VaultError> {
        let keys = self.keys(tenant)?;
        let mut text = *data_key.expose();
        let (nonce, tag) = keys
            .named(tenant, &keys.current)?
            .seal_in_place_separate_tag(place(tenant, &keys.current), &mut text)
            .map_err(|_| VaultError::Library)?;
        WrappedKey::new(&keys.current, [nonce.as_ref().as_slice(), &text, tag.as_ref()].concat())
    }

    async fn unwrap(&self, tenant: &TenantId, wrapped: &WrappedKey) -> Result<DataKey, VaultError> {
        let key = self.keys(tenant)?.named(tenant, wrapped.key_id())?;
        let Some((nonce, text)) = wrapped.bytes().split_first_chunk::<NONCE_LEN>() else {
            return Err(VaultError::Form("wrapped key"));
        };
        let mut text = Zeroizing::new(text.to_vec());
        let plain = key
            .open_in_place(Nonce::from(nonce), place(tenant, wrapped.key_id()), &mut text)
            .map_err(|_| VaultError::Refused)?;
        DataKey::from_slice(plain)
    }

    async fn blind_index_key(&self, tenant: &TenantId) -> Result<IndexKey, VaultError> {
        Ok(self.keys(tenant)?.index.clone())
    }
}

impl fmt::Debug for FileKeyProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKeyProvider(..)")
    }
}
