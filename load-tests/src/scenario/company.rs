//! The services that understand and tell, beside intake, and the world that their notices go to.

use hdrhistogram::Histogram;
use redress_devstack::ServiceProcess;
use redress_domain::Clock as _;
use redress_runtime::SystemClock;
use redress_testkit::Outside;

use crate::procfs::{Memory, Named};
use crate::report::{Report, as_f64, megabytes};
use crate::site::Site;

/// What they write, in the end.
pub(super) const TOPICS: &[&str] = &[
    "redress.intake.lifecycle.v1",
    "redress.classification.assessments.v1",
    "redress.classification.incidents.v1",
    "redress.notification.notices.v1",
];

/// Ready processes; they end with it.
pub(super) struct Company {
    services: Vec<(&'static str, ServiceProcess)>,
    outside: Outside,
}

impl Company {
    pub(super) async fn gather(site: &Site) -> anyhow::Result<Self> {
        let outside = Outside::start().await?;
        let letters = outside.settings(SystemClock.now())?;
        let letters: Vec<(&str, &str)> =
            letters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let services = vec![
            ("classification", site.also("classification", &[]).await?),
            ("notification", site.also("notification", &letters).await?),
            ("analytics", site.also("analytics", &[]).await?),
        ];
        Ok(Self { services, outside })
    }

    pub(super) fn named(&self) -> Vec<Named> {
        self.services.iter().map(|(name, process)| Named { name, pid: process.pid() }).collect()
    }

    /// How many mails have come.
    pub(super) fn mails(&self) -> usize {
        self.outside.mail.mails().len()
    }
}

/// Follows the memory of processes.
pub(super) fn follow(processes: &[Named]) -> Vec<(&'static str, Memory)> {
    processes.iter().map(|process| (process.name, Memory::follow(process.pid))).collect()
}

/// Adds the peaks.
pub(super) fn memory(report: &mut Report, followed: Vec<(&'static str, Memory)>) {
    for (name, memory) in followed {
        report.figure(format!("{name}_rss_peak_mb"), megabytes(memory.stop().1));
    }
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
