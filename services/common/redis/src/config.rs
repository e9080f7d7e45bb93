use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::client::client;

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
    /// What does not fit, one sentence each, beginning with the key. Empty if a connection can be tried.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if client(self.url.expose_secret()).is_err() {
            problems.push("url: is not of the form redis://[user:password@]host:port[/database]".to_owned());
        }
        if self.timeout_ms == 0 {
            problems.push("timeout_ms: at least 1".to_owned());
        }
        problems
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}
