use std::fmt;
use std::sync::Arc;

use redress_domain::{ComplaintId, TenantId};
use zeroize::Zeroizing;

use crate::field::{FieldKey, Nonces};
use crate::{DataKey, IndexKind, KeyProvider, Purpose, VaultError, WrappedKey};

/// Seals and opens personal fields with the keys of a provider. Clones share the provider.
#[derive(Clone)]
pub struct Vault {
    provider: Arc<dyn KeyProvider>,
}

impl Vault {
    /// A vault over the keys of `provider`.
    pub fn new(provider: Arc<dyn KeyProvider>) -> Self {
        Self { provider }
    }

    /// Seals the fields of a new complaint under a data key of its own.
    pub async fn sealer(&self, tenant: &TenantId, complaint: ComplaintId) -> Result<Sealer, VaultError> {
        let data_key = DataKey::generate()?;
        let wrapped = self.provider.wrap(tenant, &data_key).await?;
        Sealer::new(FieldKey::new(&data_key, tenant, complaint)?, wrapped)
    }

    /// Seals further fields of a complaint under the data key that it has.
    pub async fn sealer_from(
        &self,
        tenant: &TenantId,
        complaint: ComplaintId,
        wrapped: &WrappedKey,
    ) -> Result<Sealer, VaultError> {
        let data_key = self.provider.unwrap(tenant, wrapped).await?;
        Sealer::new(FieldKey::new(&data_key, tenant, complaint)?, wrapped.clone())
    }

    /// Opens fields of a complaint for a purpose; the caller records the access with it.
    pub async fn opener(
        &self,
        tenant: &TenantId,
        complaint: ComplaintId,
        wrapped: &WrappedKey,
        purpose: Purpose,
    ) -> Result<Opener, VaultError> {
        let data_key = self.provider.unwrap(tenant, wrapped).await?;
        Ok(Opener { key: FieldKey::new(&data_key, tenant, complaint)?, purpose })
    }

    /// The keyed hash by which equal values of one kind are found within a tenant.
    ///
    /// `normalised` is the result of the kind's normalisation. 128 bits: two values meet by chance once in 2^64.
    pub async fn blind_index(
        &self,
        tenant: &TenantId,
        kind: IndexKind,
        normalised: &str,
    ) -> Result<[u8; 16], VaultError> {
        let parts = [tenant.as_str().as_bytes(), kind.code().as_bytes(), normalised.as_bytes()];
        let digest = self.provider.blind_index_key(tenant).await?.digest("redress/index/1", &parts);
        let mut index = [0; 16];
        index.copy_from_slice(&digest[..16]);
        Ok(index)
    }

    /// The keyed hash by which equal bodies are recognised within a tenant, without telling their content.
    pub async fn fingerprint(&self, tenant: &TenantId, body: &[u8]) -> Result<[u8; 32], VaultError> {
        let parts = [tenant.as_str().as_bytes(), body];
        Ok(self.provider.blind_index_key(tenant).await?.digest("redress/body/1", &parts))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

/// Seals fields of one complaint. It cannot open them.
pub struct Sealer {
    key: FieldKey,
    nonces: Nonces,
    wrapped: WrappedKey,
}

impl Sealer {
    fn new(key: FieldKey, wrapped: WrappedKey) -> Result<Self, VaultError> {
        Ok(Self { key, nonces: Nonces::random()?, wrapped })
    }

    /// Seals a field; `field` names its place (`text`, `complainant.name`, …) and must be given again to open it.
    ///
    /// The result is 29 bytes longer than the plain value.
    pub fn seal(&self, field: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.key.seal(field, plain, &self.nonces)
    }

    /// The complaint's data key, wrapped: to be stored and sent beside the sealed fields.
    pub fn wrapped_key(&self) -> &WrappedKey {
        &self.wrapped
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

/// Opens fields of one complaint for one purpose.
pub struct Opener {
    key: FieldKey,
    purpose: Purpose,
}

impl Opener {
    /// Opens the field that was sealed in this place. The result is wiped when dropped.
    pub fn open(&self, field: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.key.open(field, sealed)
    }

    /// What the fields are opened for, to be recorded.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}
