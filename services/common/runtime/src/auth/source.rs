use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

/// The most that a key set may weigh.
const MAX_BYTES: usize = 1 << 20;

/// Where the issuer's keys are read.
pub(crate) enum Source {
    Url { client: reqwest::Client, url: String },
    File(PathBuf),
}

impl Source {
    /// From the configured text: `http://…` and `https://…` are URLs, everything else is a path.
    pub(crate) fn new(text: &str) -> anyhow::Result<Self> {
        if text.starts_with("http://") || text.starts_with("https://") {
            // Short: calls with a key not seen before wait for this.
            let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
            Ok(Self::Url { client, url: text.to_owned() })
        } else {
            Ok(Self::File(text.into()))
        }
    }

    pub(crate) async fn read(&self) -> anyhow::Result<String> {
        match self {
            Self::Url { client, url } => {
                let mut response = client.get(url).send().await?.error_for_status()?;
                let mut body = Vec::new();
                while let Some(chunk) = response.chunk().await? {
                    anyhow::ensure!(body.len() + chunk.len() <= MAX_BYTES, "the key set is over 1 MiB");
                    body.extend_from_slice(&chunk);
                }
                Ok(String::from_utf8(body)?)
            }
            Self::File(path) => {
                tokio::fs::read_to_string(path).await.with_context(|| format!("key set {}", path.display()))
            }
        }
    }
}
