use redress_domain::{ErrorKind, TenantId};
use thiserror::Error;

/// Why something could not be sealed, opened or looked up. Never carries a key or a personal value.
#[derive(Debug, Error)]
pub enum VaultError {
    /// The provider has no keys for the tenant.
    #[error("there are no keys for tenant {0}")]
    UnknownTenant(TenantId),
    /// A data key was wrapped under a key that the provider no longer has, or does not have yet.
    #[error("tenant {tenant} has no key {key_id}")]
    UnknownKey {
        /// The tenant asked for.
        tenant: TenantId,
        /// The key named by the wrapped data key.
        key_id: String,
    },
    /// The value was altered, belongs to another tenant, complaint or field, or was sealed under another key.
    #[error("the sealed value does not open in this place")]
    Refused,
    /// The bytes are no sealed value or no wrapped key of a version known here.
    #[error("the bytes are no {0} of a known form")]
    Form(&'static str),
    /// The provider cannot be reached for now.
    #[error("the key provider is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The operating system gives no random numbers, or the cryptographic library refuses.
    #[error("the cryptographic library failed")]
    Library,
}

impl VaultError {
    /// The kind. A repetition is worth it where a provider is away; all else is a defect on this side.
    ///
    /// A key that a provider does not have is the matter of those values alone that name it: to wait for it would stop
    /// every other tenant's records behind them. They are set aside, and applied again once the key is there.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::UnknownTenant(_)
            | Self::UnknownKey { .. }
            | Self::Refused
            | Self::Form(_)
            | Self::Library => ErrorKind::Internal,
        }
    }
}
