use async_trait::async_trait;
use redress_domain::TenantId;

use crate::{DataKey, IndexKey, VaultError, WrappedKey};

/// Holds the tenants' key-encryption keys, or reaches those who do.
///
/// Called once per complaint: a provider that asks over the network keeps what it may at hand, so that accepting a
/// complaint does not wait for it.
#[async_trait]
pub trait KeyProvider: Send + Sync {
    /// Wraps a data key under the tenant's current key.
    async fn wrap(&self, tenant: &TenantId, data_key: &DataKey) -> Result<WrappedKey, VaultError>;

    /// Unwraps a data key, also one that was wrapped before the tenant's current key came.
    async fn unwrap(&self, tenant: &TenantId, wrapped: &WrappedKey) -> Result<DataKey, VaultError>;

    /// The tenant's key of blind indexes; the same for ever.
    async fn blind_index_key(&self, tenant: &TenantId) -> Result<IndexKey, VaultError>;
}
