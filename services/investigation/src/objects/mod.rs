//! Where files lie: an object store, reached by S3's protocol or as a folder. Sensitive ones lie apart (L53).
//!
//! A file is written once, under a key that no other attempt has, and is there only when it is there whole: a folder
//! gets it by a rename after it has reached the disk, S3 by completing a multipart upload. Whoever writes one first says so
//! in the database (`pending_object`), so whatever a crash leaves is found there and not by listing a store of millions.

mod config;
mod place;
mod read;
mod write;

pub use config::{EvidenceConfig, S3Config};
pub use place::{Objects, Place, Where};
pub use read::Content;
pub use write::{Limits, NotTaken, Stored, Writer, ingest};

use thiserror::Error;

/// Why a file could not be written or read.
#[derive(Debug, Error)]
pub enum ObjectError {
    /// It is not there.
    #[error("the object {key} is not there")]
    Missing {
        /// Its key: ids, no personal data.
        key: String,
    },
    /// The store failed.
    #[error("object store: {}", why(.0))]
    Store(#[source] object_store::Error),
    /// The folder failed.
    #[error("object folder")]
    Folder(#[from] std::io::Error),
}

/// What an operator needs to know. Keys are ids; what the server said beside its status stays out.
fn why(error: &object_store::Error) -> String {
    match error {
        object_store::Error::Generic { source, .. } => source.to_string().lines().take(1).collect(),
        object_store::Error::PermissionDenied { .. } => "permission denied".to_owned(),
        object_store::Error::Unauthenticated { .. } => "the credentials are not accepted".to_owned(),
        object_store::Error::NotFound { .. } => "not found".to_owned(),
        _ => "the request was refused".to_owned(),
    }
}

impl ObjectError {
    fn of(key: &str, error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing { key: key.to_owned() },
            other => Self::Store(other),
        }
    }
}
