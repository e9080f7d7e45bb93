//! The configuration of notification; `config/default.toml` names and explains every key.

use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Time;
use redress_messaging::KafkaConfig;
use redress_postgres::PostgresConfig;
use redress_runtime::{RuntimeConfig, Settings};
use redress_vault::VaultConfig;
use serde::Deserialize;

use crate::app::terms::Terms;
use crate::channel::callback::CallbackConfig;
use crate::channel::email::SmtpConfig;
use crate::channel::in_app::InAppConfig;
use crate::domain::quiet::QuietHours;

/// What a claim lasts longer than the slowest try, at least: the time of a record, and some in which a try can begin.
const LEASE_MARGIN: Duration = Duration::from_secs(5);

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
    /// Notification's own.
    pub notification: NotificationConfig,
}

/// `[notification]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationConfig {
    /// Folder with a whole set of templates; empty for the built-in ones.
    pub templates: PathBuf,
    /// File with the tenants' profiles; empty for the built-in one.
    pub tenants_file: PathBuf,
    /// When the night begins, `HH:MM`.
    pub quiet_from: Time,
    /// When it ends.
    pub quiet_until: Time,
    /// The time limits that letters name.
    pub terms: TermsConfig,
    /// Sending.
    pub dispatch: DispatchConfig,
    /// E-mail.
    pub smtp: SmtpConfig,
    /// The platform's message box.
    pub in_app: InAppConfig,
    /// Callbacks.
    pub callback: CallbackConfig,
}

/// `[notification.terms]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermsConfig {
    /// Working days to the decision on acceptance.
    pub decision_days: u16,
    /// Working days to the result.
    pub result_days: u16,
    /// Working days to the result of an urgent complaint.
    pub urgent_result_days: u16,
    /// Working days at the most.
    pub longest_days: u16,
    /// Calendar days to complete a complaint.
    pub completion_days: u16,
    /// Hours to answer as a respondent.
    pub answer_hours: u16,
    /// Calendar days within which a party hears again.
    pub progress_days: u16,
    /// Calendar days after which silence closes the case.
    pub objection_days: u16,
    /// Days for an appeal.
    pub appeal_days: u16,
    /// Calendar days for which a survey is open.
    pub survey_days: u16,
    /// Whether a request for missing details waits for its clock.
    pub follow_clocks: bool,
}

/// `[notification.dispatch]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DispatchConfig {
    /// Workers for addressees, and as many for callbacks.
    pub workers: u16,
    /// Deliveries that a worker has in hand at once.
    pub batch: u16,
    /// How long they are its own, seconds.
    pub lease_seconds: u64,
}

impl NotificationConfig {
    /// The night.
    pub fn quiet(&self) -> QuietHours {
        QuietHours { from: self.quiet_from, until: self.quiet_until }
    }
}

impl TermsConfig {
    /// The time limits.
    pub const fn terms(&self) -> Terms {
        Terms {
            decision_days: self.decision_days,
            result_days: self.result_days,
            urgent_result_days: self.urgent_result_days,
            longest_days: self.longest_days,
            completion_days: self.completion_days,
            answer_hours: self.answer_hours,
            progress_days: self.progress_days,
            objection_days: self.objection_days,
            appeal_days: self.appeal_days,
            survey_days: self.survey_days,
            follow_clocks: self.follow_clocks,
        }
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (key, value) in [
            ("decision_days", self.decision_days),
            ("result_days", self.result_days),
            ("urgent_result_days", self.urgent_result_days),
            ("longest_days", self.longest_days),
            ("completion_days", self.completion_days),
            ("answer_hours", self.answer_hours),
            ("progress_days", self.progress_days),
            ("objection_days", self.objection_days),
            ("appeal_days", self.appeal_days),
            ("survey_days", self.survey_days),
        ] {
            if !(1..=999).contains(&value) {
                problems.push(format!("terms.{key}: 1 to 999"));
            }
        }
        if self.longest_days < self.result_days.max(self.urgent_result_days) {
            problems.push("terms.longest_days: not below result_days".to_owned());
        }
        problems
    }
}

impl DispatchConfig {
    /// How long a claim lasts.
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds)
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !(1..=64).contains(&self.workers) {
            problems.push("dispatch.workers: 1 to 64".to_owned());
        }
        if !(1..=1_000).contains(&self.batch) {
            problems.push("dispatch.batch: 1 to 1000".to_owned());
        }
        if self.lease_seconds > 3_600 {
            problems.push("dispatch.lease_seconds: at most 3600".to_owned());
        }
        problems
    }
}

impl Settings for Config {
    fn runtime(&self) -> &RuntimeConfig {
        &self.runtime
    }

    fn problems(&self) -> Vec<String> {
        let own = &self.notification;
        let mut problems: Vec<String> = own.terms.problems();
        problems.extend(own.dispatch.problems());
        problems.extend(own.smtp.problems().into_iter().map(|p| format!("smtp.{p}")));
        problems.extend(own.in_app.problems().into_iter().map(|p| format!("in_app.{p}")));
        problems.extend(own.callback.problems().into_iter().map(|p| format!("callback.{p}")));
        // A claim is held while a try waits for its turn and is made, and its outcome is written down.
        let slowest = own.smtp.timeout_ms.max(own.in_app.timeout_ms).max(own.callback.timeout_ms);
        if own.dispatch.lease() < Duration::from_millis(slowest) + LEASE_MARGIN {
            problems.push("dispatch.lease_seconds: 5 seconds more than the longest timeout".to_owned());
        }
        if own.quiet_from == own.quiet_until {
            problems.push("quiet_until: not the same as quiet_from".to_owned());
        }
        let mut problems: Vec<String> = problems.into_iter().map(|p| format!("notification.{p}")).collect();
        problems.extend(self.postgres.problems().into_iter().map(|p| format!("postgres.{p}")));
        problems.extend(self.kafka.problems().into_iter().map(|p| format!("kafka.{p}")));
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built_in() -> Config {
        toml::from_str(include_str!("../config/default.toml")).unwrap()
    }

    #[test]
    fn the_built_in_terms_are_those_of_the_clocks_and_of_resolution() {
        let terms = built_in().notification.terms;
        assert!(terms.follow_clocks, "a letter names the time at which the clock closes the complaint");
        let resolution = concat!(env!("CARGO_MANIFEST_DIR"), "/../resolution/config/default.toml");
        let resolution: toml::Table = std::fs::read_to_string(resolution).unwrap().parse().unwrap();
        assert_eq!(resolution["resolution"]["appeal_days"].as_integer(), Some(terms.appeal_days.into()));
    }
}
