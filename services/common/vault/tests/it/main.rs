//! The vault from outside: what is sealed opens in its place and nowhere else; the key file keeps its secrets.
#![expect(clippy::unwrap_used, reason = "the shared fixtures fail the test that asks for them")]

mod blind_index;
mod key_file;
mod sealing;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use redress_domain::{ComplaintId, TenantId};
use redress_vault::{FileKeyProvider, Vault};
use tempfile::TempDir;

fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

fn complaint(key: &str) -> ComplaintId {
    ComplaintId::derive(&tenant("acme"), "subject", &key.parse().unwrap())
}

/// A folder with a fresh key file of the tenants `acme` and `beta`.
fn key_file() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.toml");
    FileKeyProvider::create(&path, &[tenant("acme"), tenant("beta")]).unwrap();
    (folder, path)
}

fn vault_of(path: &Path) -> Vault {
    Vault::new(Arc::new(FileKeyProvider::open(path).unwrap()))
}

fn vault() -> Vault {
    vault_of(&key_file().1)
}
