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
use crate::app::watchers::Limits;
use crate::domain::lifecycle::is_staff_reference;

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
    /// How long the file of a closed complaint is kept, and it may be opened again (T36), calendar days.
    pub retention_days: u16,
    /// The queue that reviews refusals (T08).
    pub review_queue: String,
    /// Whether a machine may ask complainants for missing details (T02).
    pub machine_asks_for_completion: bool,
    /// Whose plain complaints a machine may take up (T06): tenants separated by commas, `*` for all, empty for none.
    pub machine_accepts_for: String,
    /// Streams of watchers that a process holds open at once.
    pub watchers: usize,
    /// Of these, the most of one tenant.
    pub watchers_per_tenant: usize,
}

impl IntakeConfig {
    /// How many may watch.
    pub const fn watchers(&self) -> Limits {
        Limits { process: self.watchers, tenant: self.watchers_per_tenant }
    }

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
        problems.extend(self.redis.problems().into_iter().map(|p| format!("redis.{p}")));
        problems.extend(self.vault.problems().into_iter().map(|p| format!("vault.{p}")));
        if TimeZone::get(&self.intake.zone).is_err() {
            problems.push("intake.zone: is no IANA time zone".to_owned());
        }
        if self.intake.acknowledge_within_minutes == 0 {
            problems.push("intake.acknowledge_within_minutes: at least 1".to_owned());
        }
        if !is_staff_reference(&self.intake.review_queue) {
            problems.push("intake.review_queue: 1 to 64 ASCII letters, digits and _-.@".to_owned());
        }
        let is_tenant = |tenant: &str| tenant == "*" || tenant.parse::<TenantId>().is_ok();
        if !self.intake.profile().accepts_for.iter().all(|tenant| is_tenant(tenant)) {
            problems.push("intake.machine_accepts_for: names what is no tenant".to_owned());
        }
        if self.intake.watchers == 0 || self.intake.watchers_per_tenant == 0 {
            problems.push("intake.watchers, intake.watchers_per_tenant: at least 1".to_owned());
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use redress_runtime::config::{Layers, load};

    use super::*;

    fn loaded(environment: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let layers = Layers::trial(include_str!("../config/default.toml"), environment);
        load::<Config>(&layers).map(|loaded| loaded.config).map_err(|problems| problems.0)
    }

    #[test]
    fn the_default_is_a_configuration_and_lacks_nothing_but_the_issuer() {
        let config = loaded(&[]).unwrap();
        assert_eq!(config.intake.role, IntakeRole::Both);
        assert!(config.intake.profile().accepts_for.is_empty(), "no machine takes a complaint up unasked");
    }

    #[test]
    fn what_no_single_key_shows_is_told_at_once_of_every_part_and_without_the_value() {
        const SECRET: &str = "hunter2";
        let told = loaded(&[
            ("REDRESS__POSTGRES__URL", SECRET),
            ("REDRESS__REDIS__URL", SECRET),
            ("REDRESS__REDIS__TIMEOUT_MS", "0"),
            ("REDRESS__VAULT__KEY_FILE", ""),
            ("REDRESS__INTAKE__ZONE", SECRET),
            ("REDRESS__INTAKE__REVIEW_QUEUE", "Not a queue"),
            ("REDRESS__INTAKE__MACHINE_ACCEPTS_FOR", "Not A Tenant"),
            ("REDRESS__INTAKE__WATCHERS", "0"),
        ])
        .unwrap_err();
        let keys: Vec<_> = told.iter().map(|problem| problem.split(':').next().unwrap()).collect();
        assert_eq!(
            keys,
            [
                "postgres.url",
                "redis.url",
                "redis.timeout_ms",
                "vault.key_file",
                "intake.zone",
                "intake.review_queue",
                "intake.machine_accepts_for",
                "intake.watchers, intake.watchers_per_tenant",
            ]
        );
        assert!(!told.concat().contains(SECRET) && !told.concat().contains("Not A Tenant"), "{told:?}");
    }
}
