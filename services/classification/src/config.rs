//! The configuration of classification; `config/default.toml` names and explains every key.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use redress_messaging::KafkaConfig;
use redress_postgres::PostgresConfig;
use redress_redis::RedisConfig;
use redress_runtime::grpc::ClientTls;
use redress_runtime::{RuntimeConfig, Settings};
use redress_vault::VaultConfig;
use serde::Deserialize;

use crate::domain::service_hours::ServiceHours;

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
    /// How long a handler has to take an offered case, minutes of service hours.
    pub offer_minutes: u32,
    /// When service begins, `HH:MM`.
    pub service_from: Time,
    /// When it ends; the same is day and night.
    pub service_until: Time,
    /// Whose times of day these are.
    pub service_zone: String,
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

    /// In which hours that counts; none if the zone is unknown.
    pub fn service_hours(&self) -> Option<ServiceHours> {
        let zone = TimeZone::get(&self.service_zone).ok()?;
        Some(ServiceHours { zone, from: self.service_from, until: self.service_until })
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
        let own = &self.classification;
        // Told of keys beside a URL of that name; here they are the model's.
        let named = |p: String| p.trim_start_matches("url: ").replace("tls.", "provider_tls.");
        let of_provider = own.provider_tls.problems(&own.provider);
        problems.extend(of_provider.into_iter().map(|p| format!("classification.provider: {}", named(p))));
        if !(1..=2_000).contains(&own.provider_timeout_ms) {
            problems.push("classification.provider_timeout_ms: 1 to 2000".to_owned());
        }
        if !(0.0..=1.0).contains(&own.provider_confidence) {
            problems.push("classification.provider_confidence: 0 to 1".to_owned());
        }
        if own.offer_minutes == 0 {
            problems.push("classification.offer_minutes: at least 1".to_owned());
        }
        if own.service_hours().is_none() {
            problems.push("classification.service_zone: a time zone, for example Asia/Shanghai".to_owned());
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use redress_runtime::config::{Layers, load};

    use super::*;

    fn layers(environment: &[(&str, &str)]) -> Layers {
        Layers::trial(include_str!("../config/default.toml"), environment)
    }

    fn problems(environment: &[(&str, &str)]) -> Vec<String> {
        load::<Config>(&layers(environment)).err().map(|problems| problems.0).unwrap_or_default()
    }

    #[test]
    fn the_default_lacks_nothing_but_the_issuer() {
        assert_eq!(problems(&[]), [""; 0]);
        assert_eq!(problems(&[("REDRESS__VAULT__KEY_FILE", "")]).len(), 1);
    }

    #[test]
    fn an_offer_lasts_as_long_as_its_clock() {
        let read = |path: &str| {
            let path = format!("{}/../sla/data/{path}", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(path).unwrap()
        };
        let own = load::<Config>(&layers(&[])).unwrap().config.classification;
        let policy = read("policies/cn.toml");
        let (_, clock) = policy.split_once("id = \"C16\"").unwrap();
        let (clock, _) = clock.split_once("[[clock]]").unwrap();
        assert!(clock.contains("calendar = \"service\""), "{clock}");
        let amount = format!("unit = \"DEADLINE_UNIT_BUSINESS_MINUTES\", amount = {} }}", own.offer_minutes);
        assert!(clock.contains(&amount), "{clock}");
        assert!(policy.contains("service = \"cn-7x12\""));
        let calendar: serde_json::Value = serde_json::from_str(&read("calendars/cn-7x12.json")).unwrap();
        assert_eq!(calendar["zone"], own.service_zone);
        let days = calendar["weekly"].as_array().unwrap();
        assert_eq!(days.len(), 7);
        let time = |time: Time| time.strftime("%H:%M").to_string();
        let hours = serde_json::json!([{"from": time(own.service_from), "to": time(own.service_until)}]);
        assert!(days.iter().all(|day| day["intervals"] == hours));
    }

    #[test]
    fn the_zone_of_the_service_hours_is_one() {
        assert_eq!(problems(&[("REDRESS__CLASSIFICATION__SERVICE_ZONE", "Shanghai")]).len(), 1);
    }

    #[test]
    fn a_model_beyond_this_machine_is_reached_by_tls_or_as_is_said() {
        let model = |url| ("REDRESS__CLASSIFICATION__PROVIDER", url);
        for url in ["https://model.internal:7100", "http://127.0.0.1:7100"] {
            assert_eq!(problems(&[model(url)]), [""; 0], "{url}");
        }
        let told = problems(&[model("http://model.internal:7100")]);
        assert!(told[0].contains("provider_tls.allow_plaintext"), "{told:?}");
        let said = ("REDRESS__CLASSIFICATION__PROVIDER_TLS__ALLOW_PLAINTEXT", "true");
        assert_eq!(problems(&[model("http://model.internal:7100"), said]), [""; 0]);
    }
}
