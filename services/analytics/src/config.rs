//! The configuration of analytics; `config/default.toml` names and explains every key.

use redress_messaging::KafkaConfig;
use redress_postgres::PostgresConfig;
use redress_runtime::{RuntimeConfig, Settings};
use serde::Deserialize;

/// Everything that can be set. There is no section of its own: what is counted, and how, stands in the dictionary.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What every service has.
    pub runtime: RuntimeConfig,
    /// The service's own database.
    pub postgres: PostgresConfig,
    /// The log.
    pub kafka: KafkaConfig,
}

impl Settings for Config {
    fn runtime(&self) -> &RuntimeConfig {
        &self.runtime
    }

    fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = Vec::new();
        problems.extend(self.postgres.problems().into_iter().map(|p| format!("postgres.{p}")));
        problems.extend(self.kafka.problems().into_iter().map(|p| format!("kafka.{p}")));
        problems
    }
}
