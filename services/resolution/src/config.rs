//! The configuration of resolution; `config/default.toml` names and explains every key.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use jiff::tz::TimeZone;
use redress_messaging::KafkaConfig;
use redress_postgres::PostgresConfig;
use redress_runtime::grpc::ClientTls;
use redress_runtime::{RuntimeConfig, Settings};
use redress_vault::VaultConfig;
use serde::Deserialize;

use crate::app::remedy::executor::Executor;
use crate::domain::authority::Authority;
use crate::domain::window::Windows;

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
    /// The keys of sealed words.
    pub vault: VaultConfig,
    /// Resolution's own.
    pub resolution: ResolutionConfig,
}

/// `[resolution]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolutionConfig {
    /// Within how many hours the respondent answers in a negotiation (C10).
    pub negotiation_hours: u32,
    /// Within how many hours a proposal is answered (C18).
    pub answer_hours: u32,
    /// For how many hours the other parties can reply to an appeal before it is decided.
    pub appeal_reply_hours: u32,
    /// For how many calendar days an appeal can be filed (C27).
    pub appeal_days: u32,
    /// IANA zone of these days.
    pub zone: String,
    /// The same of tenants that have another one.
    pub zones: BTreeMap<String, String>,
    /// Who may approve how much: a file; empty for the one shipped.
    pub authority: String,
    /// Whoever carries remedies out; empty for nobody.
    pub executor: String,
    /// How calls to it are secured.
    pub executor_tls: ClientTls,
    /// How long one call of it may take, milliseconds.
    pub executor_timeout_ms: u64,
    /// How many tries may leave open what became of a remedy before it is given up, or a person must look.
    pub executor_attempts: u32,
    /// The first pause before it is asked again, milliseconds.
    pub executor_retry_ms: u64,
    /// Whether money that is overdue and has failed leads to a ruling on an advance payment (T24, L43).
    pub advance_overdue: bool,
    /// How often it is checked that the money of all cases adds up, seconds.
    pub money_check_s: u64,
}

impl ResolutionConfig {
    /// How long one call of the executor may take.
    pub fn executor_timeout(&self) -> Duration {
        Duration::from_millis(self.executor_timeout_ms)
    }

    /// The first pause before the executor is asked again.
    pub fn executor_retry(&self) -> Duration {
        Duration::from_millis(self.executor_retry_ms)
    }

    /// Whoever carries remedies out, if there is somebody.
    pub fn executor(&self) -> anyhow::Result<Option<Executor>> {
        let named = Some(&self.executor).filter(|url| !url.is_empty());
        let endpoint = named.map(|url| self.executor_tls.endpoint(url)).transpose();
        let endpoint = endpoint.context("resolution.executor")?;
        Ok(endpoint.map(|endpoint| Executor::new(endpoint, self.executor_timeout())))
    }

    /// How long can be appealed.
    pub fn windows(&self) -> anyhow::Result<Windows> {
        let zone = |name: &String| TimeZone::get(name).context("resolution.zone");
        let of_tenant = |(tenant, name): (&String, &String)| {
            let tenant = tenant.parse().context("resolution.zones")?;
            Ok((tenant, zone(name)?))
        };
        let zones = self.zones.iter().map(of_tenant).collect::<anyhow::Result<_>>()?;
        Ok(Windows::new(self.appeal_days, zone(&self.zone)?, zones))
    }

    /// Reads who may approve how much.
    pub fn authority(&self) -> anyhow::Result<Authority> {
        if self.authority.is_empty() {
            return Ok(Authority::read(include_str!("../data/authority.toml"))?);
        }
        let text = std::fs::read_to_string(Path::new(&self.authority)).context("resolution.authority")?;
        Authority::read(&text).context("resolution.authority")
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
        let own = &self.resolution;
        for (key, hours) in [
            ("negotiation_hours", own.negotiation_hours),
            ("answer_hours", own.answer_hours),
            ("appeal_reply_hours", own.appeal_reply_hours),
        ] {
            if !(1..=720).contains(&hours) {
                problems.push(format!("resolution.{key}: 1 to 720"));
            }
        }
        if !(1..=366).contains(&own.appeal_days) {
            problems.push("resolution.appeal_days: 1 to 366".to_owned());
        }
        if let Err(problem) = own.windows() {
            problems.push(format!("{problem}: a tenant's name and an IANA time zone are expected"));
        }
        // Told of keys beside a URL of that name; here they are the executor's.
        let named = |p: String| p.trim_start_matches("url: ").replace("tls.", "executor_tls.");
        let of_executor = own.executor_tls.problems(&own.executor);
        problems.extend(of_executor.into_iter().map(|p| format!("resolution.executor: {}", named(p))));
        if !(10..=30_000).contains(&own.executor_timeout_ms) {
            problems.push("resolution.executor_timeout_ms: 10 to 30000".to_owned());
        }
        if !(1..=100).contains(&own.executor_attempts) {
            problems.push("resolution.executor_attempts: 1 to 100".to_owned());
        }
        if !(1..=86_400).contains(&own.money_check_s) {
            problems.push("resolution.money_check_s: 1 to 86400".to_owned());
        }
        if !(10..=60_000).contains(&own.executor_retry_ms) {
            problems.push("resolution.executor_retry_ms: 10 to 60000".to_owned());
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use redress_runtime::config::{Layers, load};

    use super::*;

    fn problems(environment: &[(&str, &str)]) -> Vec<String> {
        let layers = Layers::trial(include_str!("../config/default.toml"), environment);
        load::<Config>(&layers).err().map(|problems| problems.0).unwrap_or_default()
    }

    #[test]
    fn an_executor_beyond_this_machine_is_reached_by_tls_or_as_is_said() {
        let executor = |url| ("REDRESS__RESOLUTION__EXECUTOR", url);
        for url in ["https://payments.internal:7200", "http://127.0.0.1:7200"] {
            assert_eq!(problems(&[executor(url)]), [""; 0], "{url}");
        }
        let told = problems(&[executor("http://payments.internal:7200")]);
        assert!(told[0].contains("executor_tls.allow_plaintext"), "{told:?}");
        let said = ("REDRESS__RESOLUTION__EXECUTOR_TLS__ALLOW_PLAINTEXT", "true");
        assert_eq!(problems(&[executor("http://payments.internal:7200"), said]), [""; 0]);
    }
}
