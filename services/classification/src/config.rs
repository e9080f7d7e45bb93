//! The configuration of classification; `config/default.toml` names and explains every key.

use std::time::Duration;

use jiff::SignedDuration;
use redress_messaging::KafkaConfig;
use redress_postgres::PostgresConfig;
use redress_redis::RedisConfig;
use redress_runtime::grpc::ClientTls;
use redress_runtime::{RuntimeConfig, Settings};
use redress_vault::VaultConfig;
use serde::Deserialize;

/// Everything that can be set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What every service has.
    pub runtime: RuntimeConfig,
    /// The service's own database.
    pub postgres: PostgresConfig,
    /// The log.
    pub kafka: KafkaConfig,
    /// The index of similar texts.
    pub redis: RedisConfig,
    /// The keys of personal fields.
    pub vault: VaultConfig,
    /// Classification's own.
    pub classification: ClassificationConfig,
}

/// `[classification]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassificationConfig {
    /// The outside model; empty for none.
    pub provider: String,
    /// How calls to it are secured.
    pub provider_tls: ClientTls,
    /// How long a batch waits for it at most, milliseconds.
    pub provider_timeout_ms: u64,
    /// From which confidence on its category is taken, 0 to 1.
    pub provider_confidence: f64,
    /// How long a handler has to take an offered case, minutes.
    pub offer_minutes: u32,
}

impl ClassificationConfig {
    /// How long a batch waits for the outside model.
    pub fn provider_timeout(&self) -> Duration {
        Duration::from_millis(self.provider_timeout_ms)
    }

    /// How long a handler has to take an offered case.
    pub fn offer_lasts(&self) -> SignedDuration {
        SignedDuration::from_mins(self.offer_minutes.into())
    }
}

impl Settings for Config {
    fn runtime(&self) -> &RuntimeConfig {
        &self.runtime
    }

    fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = Vec::new();
        problems.extend(self.postgres.problems().into_iter().map(|p| format!("postgres.{p}")));
        problems.extend(self.kafka.problems().into_iter().map(|p| format!("kafka.{p}")));
        problems.extend(self.redis.problems().into_iter().map(|p| format!("redis.{p}")));
        let own = &self.classification;
        let of_provider = own.provider_tls.problems(&own.provider);
        problems.extend(of_provider.into_iter().map(|p| format!("classification.provider: {p}")));
        if !(1..=2_000).contains(&own.provider_timeout_ms) {
            problems.push("classification.provider_timeout_ms: 1 to 2000".to_owned());
        }
        if !(0.0..=1.0).contains(&own.provider_confidence) {
            problems.push("classification.provider_confidence: 0 to 1".to_owned());
        }
        if own.offer_minutes == 0 {
            problems.push("classification.offer_minutes: at least 1".to_owned());
        }
        problems
    }
}
