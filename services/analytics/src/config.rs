//! The configuration of analytics; `config/default.toml` names and explains every key.

use redress_messaging::KafkaConfig;
use redress_postgres::PostgresConfig;
use redress_runtime::{RuntimeConfig, Settings};
use serde::Deserialize;

/// Everything that can be set. What is counted, and how, stands in the dictionary.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What every service has.
    pub runtime: RuntimeConfig,
    /// The service's own database.
    pub postgres: PostgresConfig,
    /// The log.
    pub kafka: KafkaConfig,
    /// Analytics' own.
    pub analytics: AnalyticsConfig,
}

/// `[analytics]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnalyticsConfig {
    /// What questions may take.
    pub questions: QuestionsConfig,
}

/// `[analytics.questions]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuestionsConfig {
    /// Connections that they have for themselves.
    pub connections: u32,
    /// After which time the server breaks off one.
    pub statement_timeout_ms: u64,
}

impl Config {
    /// The database as questions reach it: through connections of their own, so that however many are asked, and however
    /// long they take, the consumers have theirs.
    pub fn for_questions(&self) -> PostgresConfig {
        let own = &self.analytics.questions;
        PostgresConfig {
            max_connections: own.connections,
            statement_timeout_ms: own.statement_timeout_ms,
            lock_timeout_ms: self.postgres.lock_timeout_ms.min(own.statement_timeout_ms / 2),
            ..self.postgres.clone()
        }
    }
}

impl Settings for Config {
    fn runtime(&self) -> &RuntimeConfig {
        &self.runtime
    }

    fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = Vec::new();
        problems.extend(self.postgres.problems().into_iter().map(|p| format!("postgres.{p}")));
        let questions = self.for_questions().problems().into_iter();
        problems.extend(questions.map(|p| format!("analytics.questions: {p}")));
        problems.extend(self.kafka.problems().into_iter().map(|p| format!("kafka.{p}")));
        problems
    }
}
