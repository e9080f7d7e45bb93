//! The configuration of intake; `config/default.toml` names and explains every key.

use jiff::tz::TimeZone;
use redress_domain::TenantId;
use redress_messaging::KafkaConfig;
use redress_postgres::PostgresConfig;
use redress_redis::RedisConfig;
use redress_runtime::{RuntimeConfig, Settings};
use redress_vault::VaultConfig;
use serde::Deserialize;

use crate::app::assessments::Profile;

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
    /// The filter.
    pub redis: RedisConfig,
    /// The keys of personal fields.
    pub vault: VaultConfig,
    /// Intake's own.
    pub intake: IntakeConfig,
}

/// `[intake]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakeConfig {
    /// Which of the two roles this process takes.
    pub role: IntakeRole,
    /// IANA zone of the day in complaint numbers and of the windows of the lifecycle.
    pub zone: String,
    /// Time from receipt to its acknowledgement (C05), minutes.
    pub acknowledge_within_minutes: u32,
    /// How long a refusal may be put to review (T08), calendar days.
    pub review_days: u16,
    /// The shortest silence that counts as consent with a result (C26), calendar days.
    pub objection_days: u16,
    /// How long a merge may be undone (T32), calendar days.
    pub unmerge_days: u16,
    /// Whether a machine may ask complainants for missing details (T02).
    pub machine_asks_for_completion: bool,
    /// Whose plain complaints a machine may take up (T06): tenants separated by commas, `*` for all, empty for none.
    pub machine_accepts_for: String,
}

impl IntakeConfig {
    /// What a machine may do.
    pub fn profile(&self) -> Profile {
        let tenants = self.machine_accepts_for.split(',').map(str::trim).filter(|tenant| !tenant.is_empty());
        Profile {
            asks_for_completion: self.machine_asks_for_completion,
            accepts_for: tenants.map(str::to_owned).collect(),
        }
    }
}

/// The roles of the binary: small installations run both in one process, large ones deploy them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntakeRole {
    /// Answers calls and registers.
    Both,
    /// Answers calls.
    Accept,
    /// Consumes submissions and publishes the lifecycle; answers calls too, but is not meant to be sent any.
    Register,
}

impl IntakeRole {
    /// Whether this process consumes and relays.
    pub const fn registers(self) -> bool {
        matches!(self, Self::Both | Self::Register)
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
        if TimeZone::get(&self.intake.zone).is_err() {
            problems.push(format!("intake.zone: `{}` is no IANA time zone", self.intake.zone));
        }
        if self.intake.acknowledge_within_minutes == 0 {
            problems.push("intake.acknowledge_within_minutes: at least 1".to_owned());
        }
        for tenant in self.intake.profile().accepts_for {
            if tenant != "*" && tenant.parse::<TenantId>().is_err() {
                problems.push(format!("intake.machine_accepts_for: `{tenant}` is no tenant"));
            }
        }
        problems
    }
}
