use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, RetryConfig};
use redress_domain::coded_enum;
use secrecy::ExposeSecret as _;

use super::config::S3Config;
use super::{EvidenceConfig, ObjectError};

coded_enum! {
    /// In which of the two places a file lies.
    Where {
        /// With the others.
        Plain = "plain",
        /// Apart (L53).
        Sensitive = "sensitive",
    }
}

/// Both places.
#[derive(Debug, Clone)]
pub struct Objects {
    plain: Place,
    sensitive: Place,
}

/// One place.
#[derive(Debug, Clone)]
pub struct Place {
    pub(super) store: Arc<dyn ObjectStore>,
    prefix: String,
    /// The folder, where it is one.
    folder: Option<PathBuf>,
}

impl Objects {
    /// The places of a configuration. A folder is made if it is not there.
    pub fn open(config: &EvidenceConfig) -> anyhow::Result<Self> {
        let open =
            |url: &str, key: &str| Place::open(url, &config.s3).with_context(|| format!("evidence.{key}"));
        Ok(Self {
            plain: open(&config.store, "store")?,
            sensitive: open(&config.sensitive_store, "sensitive_store")?,
        })
    }

    /// One of them.
    pub fn at(&self, place: Where) -> &Place {
        match place {
            Where::Plain => &self.plain,
            Where::Sensitive => &self.sensitive,
        }
    }
}

impl Place {
    /// The place that a URL names: `file:///folder` or `s3://bucket/prefix`.
    pub fn open(url: &str, s3: &S3Config) -> anyhow::Result<Self> {
        if let Some(folder) = url.strip_prefix("file://") {
            return Self::folder(folder.into());
        }
        let rest = url.strip_prefix("s3://").context("neither file:// nor s3://")?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let store = bucket_store(bucket, s3)?;
        Ok(Self { store: Arc::new(store), prefix: prefix.trim_matches('/').to_owned(), folder: None })
    }

    /// A folder; made if it is not there. What is written there has reached the disk.
    pub fn folder(folder: PathBuf) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let store = LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true);
        Ok(Self { store: Arc::new(store), prefix: String::new(), folder: Some(folder) })
    }

    pub(super) fn path(&self, key: &str) -> Path {
        if self.prefix.is_empty() { Path::from(key) } else { Path::from(format!("{}/{key}", self.prefix)) }
    }

    /// Removes a file and what an attempt to write it left. Nothing there is no error. Parts of an upload to S3 that was
    /// never completed are its bucket's matter (a lifecycle rule, see the README): the protocol does not tell them by key.
    pub async fn remove(&self, key: &str) -> Result<(), ObjectError> {
        match self.store.delete(&self.path(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(ObjectError::Store(error)),
        }
        match &self.folder {
            Some(folder) => Ok(remove_staged(folder.join(key)).await?),
            None => Ok(()),
        }
    }
}

fn bucket_store(bucket: &str, config: &S3Config) -> object_store::Result<object_store::aws::AmazonS3> {
    let retry =
        RetryConfig { retry_timeout: Duration::from_secs(config.patience_s), ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry);
    builder = builder.with_allow_http(config.allow_http);
    if !config.region.is_empty() {
        builder = builder.with_region(&config.region);
    }
    if !config.endpoint.is_empty() {
        builder = builder.with_endpoint(&config.endpoint);
    }
    if !config.access_key_id.is_empty() {
        builder = builder.with_access_key_id(&config.access_key_id);
        builder = builder.with_secret_access_key(config.secret_access_key.expose_secret());
    }
    builder.build()
}

/// The store writes `file` as `file#1`, `file#2`, … and renames it at the end; a process that was killed leaves that.
async fn remove_staged(file: PathBuf) -> io::Result<()> {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name().and_then(|name| name.to_str())) else {
        return Ok(());
    };
    let begins = format!("{name}#");
    let mut entries = match tokio::fs::read_dir(folder).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    while let Some(entry) = entries.next_entry().await? {
        if entry.file_name().to_string_lossy().starts_with(&begins) {
            tokio::fs::remove_file(entry.path()).await?;
        }
    }
    Ok(())
}
