//! Sealing of personal fields.
//!
//! Names, contacts, addresses, free text and identity numbers are sealed where they enter, before the first byte
//! reaches Kafka, and stay sealed in every table. Each complaint has a random data key (AES-256-GCM); the tenant's
//! key-encryption key wraps it, and the wrapped form travels beside the sealed fields. Deleting a complaint's wrapped
//! key therefore erases its fields wherever copies of them lie.
//!
//! A sealed field is bound to its place: tenant, complaint and field name are associated data, so that sealed text
//! copied to another row does not open. Opening takes a [`Purpose`], which the caller records with the access.
//!
//! Equal values must be found without being readable: [`Vault::blind_index`] is a keyed hash of a normalised value,
//! [`Vault::fingerprint`] one of a whole body. A plain hash was refused: the eleven digits of a mobile number are tried
//! out in seconds.
//!
//! Where key-encryption keys live is a [`KeyProvider`]'s matter. A key per subject instead of per complaint was
//! refused here: the subject behind a complaint is known only later, and one key must not open what several people
//! wrote.
#![warn(missing_docs)]

mod config;
mod context;
mod error;
mod field;
mod file_provider;
mod key;
mod key_file;
mod normalise;
mod provider;
mod purpose;
mod vault;
mod wrapped_key;

pub use config::{Provider, VaultConfig};
pub use error::VaultError;
pub use file_provider::FileKeyProvider;
pub use key::{DataKey, IndexKey};
pub use key_file::KeyFileError;
pub use normalise::{normalise_email, normalise_phone};
pub use provider::KeyProvider;
pub use purpose::{IndexKind, Purpose};
pub use vault::{Opener, Sealer, Vault};
pub use wrapped_key::WrappedKey;
