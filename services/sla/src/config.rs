//! The configuration of sla; `config/default.toml` names and explains every key.

use std::time::Duration;

use jiff::SignedDuration;
use redress_messaging::KafkaConfig;
use redress_postgres::PostgresConfig;
use redress_redis::RedisConfig;
use redress_runtime::{RuntimeConfig, Settings};
use serde::Deserialize;

use crate::app::soon::LONGEST_CALL;

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
    /// An index of what is due soon.
    pub redis: RedisConfig,
    /// Sla's own.
    pub sla: SlaConfig,
}

/// `[sla]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlaConfig {
    /// How often due clocks are looked for at the latest, milliseconds.
    pub firing_period_ms: u64,
    /// Clocks that one look takes at most.
    pub firing_batch: i64,
    /// How long what another process published may stay unnoticed, milliseconds.
    pub book_refresh_ms: u64,
    /// Complaints that are computed anew per second after a calendar was published.
    pub recalculations_per_second: u32,
    /// Days for which a complaint is kept after the last that was heard of it.
    pub keep_days: u16,
}

impl SlaConfig {
    /// How often due clocks are looked for at the latest.
    pub fn firing_period(&self) -> Duration {
        Duration::from_millis(self.firing_period_ms)
    }

    /// How long what another process published may stay unnoticed.
    pub fn book_refresh(&self) -> Duration {
        Duration::from_millis(self.book_refresh_ms)
    }

    /// How long a complaint is kept after the last that was heard of it.
    pub fn kept(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.keep_days))
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
        // A loss of the index is noticed within a second: that includes the call that finds it.
        if u128::from(self.redis.timeout_ms) > LONGEST_CALL.as_millis() {
            problems.push(format!("redis.timeout_ms: at most {}", LONGEST_CALL.as_millis()));
        }
        let own = &self.sla;
        if !(50..=60_000).contains(&own.firing_period_ms) {
            problems.push("sla.firing_period_ms: 50 to 60000".to_owned());
        }
        if !(1..=10_000).contains(&own.firing_batch) {
            problems.push("sla.firing_batch: 1 to 10000".to_owned());
        }
        // A policy takes effect a minute after its publication at the earliest: by then all know it.
        if !(1..=10_000).contains(&own.book_refresh_ms) {
            problems.push("sla.book_refresh_ms: 1 to 10000".to_owned());
        }
        if !(1..=100_000).contains(&own.recalculations_per_second) {
            problems.push("sla.recalculations_per_second: 1 to 100000".to_owned());
        }
        // Topics keep 30 days: what they can still tell must find the complaint.
        if !(60..=36_500).contains(&own.keep_days) {
            problems.push("sla.keep_days: 60 to 36500".to_owned());
        }
        problems
    }
}
