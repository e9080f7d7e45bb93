//! The configuration of investigation; `config/default.toml` names and explains every key.

use std::time::Duration;

use jiff::SignedDuration;
use redress_domain::{Category, Severity, TenantId};
use redress_messaging::KafkaConfig;
use redress_postgres::PostgresConfig;
use redress_runtime::grpc::ClientTls;
use redress_runtime::{RuntimeConfig, Settings};
use redress_vault::VaultConfig;
use serde::Deserialize;

use crate::domain::opening::{NegotiateFirst, OpeningPolicy, When};
use crate::objects::EvidenceConfig;

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
    /// The keys of personal fields.
    pub vault: VaultConfig,
    /// Investigation's own.
    pub investigation: InvestigationConfig,
}

/// `[investigation]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvestigationConfig {
    /// When an accepted complaint is opened.
    pub open: When,
    /// Which complaints wait for a negotiation between the parties first, each as `tenant/category/severity`.
    pub negotiate_first: Vec<String>,
    /// How long a party has to answer a request if it says nothing else, hours.
    pub answer_hours: u32,
    /// How much more it gets on request, once, hours.
    pub extension_hours: u32,
    /// How long a side has to answer a copy before a conclusion may rest on the piece, hours.
    pub hearing_hours: u32,
    /// Whether a side lapses only with notification's proof that it was told what it is asked (T14).
    pub lapse_needs_notice: bool,
    /// The platform's own systems.
    pub platform_data: PlatformDataConfig,
    /// Files.
    pub evidence: EvidenceConfig,
}

/// `[investigation.platform_data]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformDataConfig {
    /// Where they answer; empty for nowhere.
    pub endpoint: String,
    /// How calls to it are secured.
    pub tls: ClientTls,
    /// How long one question may take, milliseconds.
    pub timeout_ms: u64,
    /// Questions open at once, per process.
    pub at_once: u32,
    /// How often one is asked at most before it counts as failed.
    pub attempts: u32,
    /// The longest delay between two attempts, seconds.
    pub max_delay_s: u64,
    /// How much of a live session before the moment complained of is asked for, seconds.
    pub live_before_s: u32,
    /// And after it.
    pub live_after_s: u32,
}

impl InvestigationConfig {
    /// When complaints are opened.
    ///
    /// # Errors
    /// The entries of `negotiate_first` that do not read.
    pub fn opening(&self) -> Result<OpeningPolicy, Vec<String>> {
        let mut rows = Vec::new();
        let mut problems = Vec::new();
        for entry in &self.negotiate_first {
            match negotiate_first(entry) {
                Some(row) => rows.push(row),
                None => problems.push(format!(
                    "investigation.negotiate_first: `{entry}` is not tenant/category/severity, each of them or *"
                )),
            }
        }
        if problems.is_empty() {
            Ok(OpeningPolicy { when: self.open, negotiate_first: rows })
        } else {
            Err(problems)
        }
    }

    /// How long a party has.
    pub fn answer_lasts(&self) -> SignedDuration {
        SignedDuration::from_hours(self.answer_hours.into())
    }

    /// How long a copy is laid before a side.
    pub fn hearing_lasts(&self) -> SignedDuration {
        SignedDuration::from_hours(self.hearing_hours.into())
    }

    /// How much more it gets.
    pub fn extension_lasts(&self) -> SignedDuration {
        SignedDuration::from_hours(self.extension_hours.into())
    }
}

impl PlatformDataConfig {
    /// How long one question may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

fn negotiate_first(entry: &str) -> Option<NegotiateFirst> {
    let [tenant, category, severity] = entry.split('/').collect::<Vec<_>>().try_into().ok()?;
    Some(NegotiateFirst {
        tenant: unless_any::<TenantId>(tenant).ok()?,
        category: unless_any::<Category>(category).ok()?,
        severity: unless_any::<Severity>(severity).ok()?,
    })
}

/// Nothing for any.
fn unless_any<T: std::str::FromStr>(text: &str) -> Result<Option<T>, T::Err> {
    if text == "*" { Ok(None) } else { text.parse().map(Some) }
}

impl Settings for Config {
    fn runtime(&self) -> &RuntimeConfig {
        &self.runtime
    }

    fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = Vec::new();
        problems.extend(self.postgres.problems().into_iter().map(|p| format!("postgres.{p}")));
        problems.extend(self.kafka.problems().into_iter().map(|p| format!("kafka.{p}")));
        problems.extend(self.vault.problems().into_iter().map(|p| format!("vault.{p}")));
        let own = &self.investigation;
        problems.extend(own.opening().err().into_iter().flatten());
        problems.extend(own.evidence.problems().into_iter().map(|p| format!("investigation.evidence.{p}")));
        let platform = &own.platform_data;
        let of_platform = platform.tls.problems(&platform.endpoint).into_iter();
        // Told of keys beside a URL of that name; here it is called endpoint.
        let of_platform = of_platform.map(|p| p.trim_start_matches("url: ").to_owned());
        problems.extend(of_platform.map(|p| format!("investigation.platform_data.endpoint: {p}")));
        for (wrong, problem) in [
            (!(24..=720).contains(&own.answer_hours), "answer_hours: 24 to 720"),
            (!(1..=720).contains(&own.extension_hours), "extension_hours: 1 to 720"),
            (own.hearing_hours > 720, "hearing_hours: 0 to 720"),
            (!(1..=30_000).contains(&platform.timeout_ms), "platform_data.timeout_ms: 1 to 30000"),
            (!(1..=256).contains(&platform.at_once), "platform_data.at_once: 1 to 256"),
            (!(1..=1_000).contains(&platform.attempts), "platform_data.attempts: 1 to 1000"),
            (!(1..=86_400).contains(&platform.max_delay_s), "platform_data.max_delay_s: 1 to 86400"),
            (platform.live_before_s > 86_400, "platform_data.live_before_s: 0 to 86400"),
            (platform.live_after_s > 86_400, "platform_data.live_after_s: 0 to 86400"),
        ] {
            if wrong {
                problems.push(format!("investigation.{problem}"));
            }
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
    fn the_platform_beyond_this_machine_is_reached_by_tls_or_as_is_said() {
        let platform = |url| ("REDRESS__INVESTIGATION__PLATFORM_DATA__ENDPOINT", url);
        for url in ["https://platform.internal:7200", "http://127.0.0.1:7200"] {
            assert_eq!(problems(&[platform(url)]), [""; 0], "{url}");
        }
        let told = problems(&[platform("http://platform.internal:7200")]);
        assert!(told[0].contains("tls.allow_plaintext"), "{told:?}");
        let said = ("REDRESS__INVESTIGATION__PLATFORM_DATA__TLS__ALLOW_PLAINTEXT", "true");
        assert_eq!(problems(&[platform("http://platform.internal:7200"), said]), [""; 0]);
    }

    #[test]
    fn an_entry_names_a_tenant_a_category_and_a_severity_or_any() {
        let row = negotiate_first("acme/CQ02/*").unwrap();
        assert_eq!(row.category, Some(Category::Cq02));
        assert_eq!(row.severity, None);
        for bad in ["", "acme", "acme/CQ02", "acme/CQ10/general", "acme/CQ01/general/x", "A/CQ01/general"] {
            assert!(negotiate_first(bad).is_none(), "{bad}");
        }
    }
}
