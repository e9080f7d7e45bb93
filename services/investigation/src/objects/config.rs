use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::Limits;

/// `[investigation.evidence]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceConfig {
    /// Where files lie: `file:///folder` or `s3://bucket/prefix`.
    pub store: String,
    /// Where sensitive ones lie; a place of its own.
    pub sensitive_store: String,
    /// Uploads, packs and files shown at once, per process; each takes up to some 30 MiB.
    pub at_once: u32,
    /// An upload of which nothing comes for so long is broken off, seconds.
    pub idle_s: u64,
    /// The longest that an upload may take, seconds.
    pub total_s: u64,
    /// How often what broken uploads left is removed, seconds.
    pub sweep_every_s: u64,
    /// How a bucket is reached.
    pub s3: S3Config,
}

/// `[investigation.evidence.s3]`; what is empty comes from the usual `AWS_*` variables or the machine's identity.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// The region.
    pub region: String,
    /// Another server than Amazon's that speaks the protocol.
    pub endpoint: String,
    /// Whether that server may be reached without TLS.
    pub allow_http: bool,
    /// The access key.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: SecretString,
    /// For how long a request that failed is repeated, seconds: whoever brings or reads a file waits meanwhile.
    pub patience_s: u64,
}

impl EvidenceConfig {
    /// Files in two folders within `folder`, as tools and tests keep them.
    pub fn in_folder(folder: &Path) -> Self {
        let url = |name: &str| format!("file://{}", folder.join(name).display());
        Self {
            store: url("plain"),
            sensitive_store: url("sensitive"),
            at_once: 32,
            idle_s: 30,
            total_s: 3_600,
            sweep_every_s: 600,
            s3: S3Config { patience_s: 20, ..S3Config::default() },
        }
    }

    /// How long an upload of at most `most_bytes` may take.
    pub fn limits(&self, most_bytes: u64) -> Limits {
        Limits {
            most_bytes,
            idle: Duration::from_secs(self.idle_s),
            total: Duration::from_secs(self.total_s),
        }
    }

    /// What does not fit, in sentences that begin with the key.
    pub fn problems(&self) -> Vec<String> {
        let place = |url: &str| {
            url.starts_with("file:///") || url.strip_prefix("s3://").is_some_and(|b| !b.is_empty())
        };
        [
            (!place(&self.store), "store: file:///folder or s3://bucket/prefix"),
            (!place(&self.sensitive_store), "sensitive_store: file:///folder or s3://bucket/prefix"),
            (self.store == self.sensitive_store, "sensitive_store: another place than store"),
            (!(1..=1024).contains(&self.at_once), "at_once: 1 to 1024"),
            (!(1..=600).contains(&self.idle_s), "idle_s: 1 to 600"),
            (!(1..=86_400).contains(&self.total_s), "total_s: 1 to 86400"),
            (!(1..=86_400).contains(&self.sweep_every_s), "sweep_every_s: 1 to 86400"),
            (!(1..=300).contains(&self.s3.patience_s), "s3.patience_s: 1 to 300"),
        ]
        .into_iter()
        .filter(|(wrong, _)| *wrong)
        .map(|(_, problem)| problem.to_owned())
        .collect()
    }
}
