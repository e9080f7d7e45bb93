use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

/// The section of a service's configuration that says where Redis is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisConfig {
    /// `redis://[user:password@]host:port[/database]`, or `rediss://` for TLS. Secret, since it may hold a password.
    pub url: SecretString,
    /// Limit of one call in milliseconds, waiting for a connection included. 50 suits a request's path.
    pub timeout_ms: u64,
}

impl RedisConfig {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}
