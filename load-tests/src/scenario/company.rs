//! The services that understand and tell, beside intake, and the platform that they ask and write to.

use anyhow::Context as _;
use hdrhistogram::Histogram;
use redress_domain::Clock as _;
use redress_runtime::SystemClock;
use redress_simulator::Connectors;

use crate::procfs::{Memory, Named};
use crate::report::{Report, as_f64, megabytes};
use crate::site::{Neighbour, Site};

/// What they and intake write, in the end.
pub(super) const TOPICS: &[&str] = &[
    "redress.intake.lifecycle.v1",
    "redress.classification.assessments.v1",
    "redress.classification.incidents.v1",
    "redress.notification.notices.v1",
];

/// Those that understand a complaint, tell of it and count it.
pub(super) const TELLERS: &[&str] = &["classification", "notification", "analytics"];

/// Ready processes; they end with it.
pub(super) struct Company {
    services: Vec<Neighbour>,
    platform: Connectors,
}

impl Company {
    /// Starts `services`; their letters and questions go to a platform that this process plays.
    pub(super) async fn gather(site: &Site, services: &[&'static str]) -> anyhow::Result<Self> {
        let platform = Connectors::start(1, "127.0.0.1:0").await?;
        let mut company = Self { services: Vec::new(), platform };
        for service in services {
            let settings = company.settings(service)?;
            let settings: Vec<(&str, &str)> =
                settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
            company.services.push(site.neighbour(service, &settings).await?);
        }
        Ok(company)
    }

    /// What leads `service` to the platform.
    pub(super) fn settings(&self, service: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
        let all = self.platform.settings(SystemClock.now())?;
        Ok(all.into_iter().filter(|(of, ..)| *of == service).map(|(_, name, value)| (name, value)).collect())
    }

    pub(super) fn named(&self) -> impl Iterator<Item = Named> {
        self.services.iter().map(Neighbour::named)
    }

    /// How many mails have come.
    pub(super) fn mails(&self) -> usize {
        self.platform.outside.mail.mails().len()
    }

    /// How many messages lie in the platform's box.
    pub(super) fn messages(&self) -> u64 {
        self.platform.inbox.count()
    }

    /// Complaints that analytics has counted.
    pub(super) async fn counted(&self) -> anyhow::Result<i64> {
        let analytics = self.services.iter().find(|service| service.named().name == "analytics");
        let pool = &analytics.context("analytics does not run")?.pool;
        Ok(sqlx::query_scalar("SELECT count(*) FROM complaint_fact").fetch_one(pool).await?)
    }

    /// Records that its services set aside.
    pub(super) async fn parked(&self) -> anyhow::Result<i64> {
        let mut parked = 0;
        for service in &self.services {
            parked += service.parked().await?;
        }
        Ok(parked)
    }
}

/// Follows the memory of processes.
pub(super) fn follow(processes: &[Named]) -> Vec<(&'static str, Memory)> {
    processes.iter().map(|process| (process.name, Memory::follow(process.pid))).collect()
}

/// Adds the peaks, and what they come to at most.
pub(super) fn memory(report: &mut Report, followed: Vec<(&'static str, Memory)>) {
    let mut sum = 0;
    for (name, memory) in followed {
        let peak = memory.stop().1;
        report.figure(format!("{name}_rss_peak_mb"), megabytes(peak));
        sum += peak;
    }
    report.figure("sum_of_rss_peaks_mb", megabytes(sum));
}

/// Adds how soon something came after acceptance (milliseconds), and for how many it never came.
pub(super) fn latency(
    report: &mut Report,
    what: &str,
    (took, never): &(Histogram<u64>, u64),
    goal: &'static str,
) {
    report.figure(format!("{what}_p50_ms"), as_f64(took.value_at_quantile(0.5)));
    report.goal(format!("{what}_p99_ms"), as_f64(took.value_at_quantile(0.99)), goal);
    report.figure(format!("{what}_max_ms"), as_f64(took.max()));
    report.goal(format!("never_{what}"), *never, "0");
}
