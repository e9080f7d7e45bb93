use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{FileKeyProvider, KeyFileError, Vault};

/// Where the tenants' keys come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// A file on this machine, see [`FileKeyProvider`].
    File,
}

/// The section of a service's configuration that says how personal fields are sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultConfig {
    /// Where the tenants' keys come from.
    pub provider: Provider,
    /// The key file of the provider `file`.
    pub key_file: PathBuf,
}

impl VaultConfig {
    /// The vault of this configuration. Reads the key file, once.
    pub fn open(&self) -> Result<Vault, KeyFileError> {
        match self.provider {
            Provider::File => Ok(Vault::new(Arc::new(FileKeyProvider::open(&self.key_file)?))),
        }
    }
}
