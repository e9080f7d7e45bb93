//! Gives files back.

use std::ops::Range;

use aws_lc_rs::digest;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::ObjectStoreExt as _;

use super::{ObjectError, Place, Stored};

/// A file's bytes, in their order.
pub type Content = BoxStream<'static, Result<Bytes, ObjectError>>;

impl Place {
    /// A file as a stream.
    pub async fn open_file(&self, key: &str) -> Result<Content, ObjectError> {
        let found = self.store.get(&self.path(key)).await.map_err(|error| ObjectError::of(key, error))?;
        Ok(found.into_stream().map_err(ObjectError::Store).boxed())
    }

    /// A part of a file, in memory.
    pub async fn range(&self, key: &str, range: Range<u64>) -> Result<Bytes, ObjectError> {
        self.store.get_range(&self.path(key), range).await.map_err(|error| ObjectError::of(key, error))
    }

    /// A whole file, in memory: for small ones.
    pub async fn whole(&self, key: &str) -> Result<Bytes, ObjectError> {
        let found = self.store.get(&self.path(key)).await.map_err(|error| ObjectError::of(key, error))?;
        found.bytes().await.map_err(ObjectError::Store)
    }

    /// Size and hash of a file as it lies there now.
    pub async fn hash(&self, key: &str) -> Result<Stored, ObjectError> {
        let mut bytes = self.open_file(key).await?;
        let (mut hash, mut size) = (digest::Context::new(&digest::SHA256), 0);
        while let Some(next) = bytes.try_next().await? {
            hash.update(&next);
            size += next.len() as u64;
        }
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(hash.finish().as_ref());
        Ok(Stored { size, sha256 })
    }
}
