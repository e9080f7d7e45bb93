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
    /// What does not fit, one sentence each, beginning with the key. The key file is read by [`open`](Self::open) alone:
    /// commands that seal nothing do without it.
    pub fn problems(&self) -> Vec<String> {
        match self.provider {
            Provider::File if self.key_file.as_os_str().is_empty() => {
                vec!["key_file: the path of the key file is expected".to_owned()]
            }
            Provider::File => Vec::new(),
        }
    }

    /// The vault of this configuration. Reads the key file, once.
    pub fn open(&self) -> Result<Vault, KeyFileError> {
        match self.provider {
            Provider::File => Ok(Vault::new(Arc::new(FileKeyProvider::open(&self.key_file)?))),
        }
    }
}
