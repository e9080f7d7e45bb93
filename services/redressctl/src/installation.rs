//! What an installation of this version consists of: services, where they listen by default, the topics they own, the
//! versions of their databases.

use std::time::Duration;

use clap::ValueEnum;

const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = DAY.saturating_mul(30);

/// A service of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Service {
    Intake,
    Classification,
    Investigation,
    Resolution,
    Sla,
    Notification,
    Analytics,
}

/// A topic as its owner creates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Topic {
    pub(crate) name: &'static str,
    pub(crate) owner: Service,
    pub(crate) retention: Duration,
}

impl Service {
    pub(crate) const ALL: [Self; 7] = [
        Self::Intake,
        Self::Classification,
        Self::Investigation,
        Self::Resolution,
        Self::Sla,
        Self::Notification,
        Self::Analytics,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Classification => "classification",
            Self::Investigation => "investigation",
            Self::Resolution => "resolution",
            Self::Sla => "sla",
            Self::Notification => "notification",
            Self::Analytics => "analytics",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// The name under which its health is asked for.
    pub(crate) const fn health_name(self) -> &'static str {
        match self {
            Self::Intake => "redress.intake.v1.IntakeService",
            Self::Classification => "redress.classification.v1.ClassificationService",
            Self::Investigation => "redress.investigation.v1.InvestigationService",
            Self::Resolution => "redress.resolution.v1.ResolutionService",
            Self::Sla => "redress.sla.v1.ClockService",
            Self::Notification => "redress.notification.v1.NotificationService",
            Self::Analytics => "redress.analytics.v1.AnalyticsService",
        }
    }

    /// The last digit of its ports: 700x for gRPC, 900x for probes.
    const fn place(self) -> u16 {
        match self {
            Self::Intake => 1,
            Self::Classification => 2,
            Self::Notification => 3,
            Self::Analytics => 4,
            Self::Investigation => 5,
            Self::Resolution => 6,
            Self::Sla => 7,
        }
    }

    /// Where it answers gRPC unless its configuration says otherwise.
    pub(crate) fn default_url(self) -> String {
        format!("http://127.0.0.1:{}", 7000 + self.place())
    }

    /// The versions that its database has when it is current, the kit's first.
    pub(crate) fn migrations(self) -> &'static [i64] {
        MIGRATIONS.iter().find(|(name, _)| *name == self.name()).map_or(&[], |(_, versions)| versions)
    }
}

/// Service and versions, as the folders `migrations` had them when this was built.
const MIGRATIONS: &[(&str, &[i64])] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

const fn topic(name: &'static str, owner: Service, retention: Duration) -> Topic {
    Topic { name, owner, retention }
}

/// Every topic that a service owns.
pub(crate) const TOPICS: [Topic; 8] = [
    topic("redress.intake.submissions.v1", Service::Intake, DAY.saturating_mul(7)),
    topic("redress.intake.lifecycle.v1", Service::Intake, MONTH),
    topic("redress.classification.assessments.v1", Service::Classification, MONTH),
    topic("redress.classification.incidents.v1", Service::Classification, MONTH),
    topic("redress.investigation.cases.v1", Service::Investigation, MONTH),
    topic("redress.resolution.cases.v1", Service::Resolution, MONTH),
    topic("redress.sla.clocks.v1", Service::Sla, MONTH),
    topic("redress.notification.notices.v1", Service::Notification, MONTH),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    fn folder(service: Service) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(service.name())
    }

    #[test]
    fn the_topics_are_those_that_the_services_name() {
        let mut named = BTreeSet::new();
        for service in Service::ALL {
            let source = std::fs::read_to_string(folder(service).join("src/topics.rs")).unwrap();
            named.extend(source.split('"').filter(|text| text.starts_with("redress.")).map(str::to_owned));
        }
        let listed: BTreeSet<String> = TOPICS.iter().map(|topic| topic.name.to_owned()).collect();
        assert_eq!(named, listed, "left: what the services name; right: what doctor asks for");
        for topic in TOPICS {
            assert!(topic.name.starts_with(&format!("redress.{}.", topic.owner.name())), "{}", topic.name);
        }
    }

    #[test]
    fn ports_and_migrations_are_those_of_the_services() {
        for service in Service::ALL {
            let config = std::fs::read_to_string(folder(service).join("config/default.toml")).unwrap();
            let address = service.default_url().replace("http://", "");
            assert!(config.contains(&format!("listen = \"{address}\"")), "{} at {address}", service.name());
            let versions = service.migrations();
            assert!(versions.first() == Some(&1) && versions.last() >= Some(&100), "{versions:?}");
        }
    }
}
