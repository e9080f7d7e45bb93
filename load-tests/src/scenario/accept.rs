//! A fixed rate with everything on one machine. Accept and register are two processes of intake, as large installations
//! deploy them, so that each one's processor time and memory is its own.

use super::steady::Steady;
use super::{DRAIN_LIMIT, Finding};
use crate::audit::Audit;
use crate::cli::{Edge, Load};
use crate::procfs::Memory;
use crate::report::{Report, megabytes, progress};
use crate::site::{IntakeRole, Site};
use crate::stores::Stores;

pub(crate) async fn run(site: &Site, load: Load, transport: Edge) -> anyhow::Result<Finding> {
    let accept = site.serve(IntakeRole::Accept, None).await?;
    let register = site.serve(IntakeRole::Register, None).await?;
    let driver = match transport {
        Edge::Grpc => site.driver(&accept)?,
        Edge::Http => site.http_driver(&accept)?,
    };
    let mut processes = vec![accept.named(), register.named()];
    processes.extend(site.processes());
    let memory =
        [&accept, &register].map(|intake| (intake.named().name, Memory::follow(intake.process.pid())));

    let steady = Steady::run(&driver, &processes, load.rate, load.lasting()).await?;
    progress("waiting until everything is registered and published");
    let stores = Stores::of(site).await?;
    let drained = stores.quiesce(DRAIN_LIMIT).await?;
    let audit = Audit::of(&stores, &driver).await?;

    let mut report = Report::of("accept");
    report.figure("transport", format!("{transport:?}").to_lowercase());
    report.figure("rate_per_s", load.rate);
    report.figure("seconds", load.seconds);
    steady.report(&mut report, "");
    for (process, memory) in memory {
        rss(&mut report, process, memory);
    }
    report.figure("drained_after_s", drained.as_secs_f64());
    audit.report(&mut report, &driver);
    Ok(Finding { report, sound: audit.is_clean() && steady.is_valid() })
}

/// Adds median and peak of a process's resident memory.
fn rss(report: &mut Report, process: &str, memory: Memory) {
    let (median, peak) = memory.stop();
    report.figure(format!("{process}_rss_median_mb"), megabytes(median));
    report.goal(format!("{process}_rss_peak_mb"), megabytes(peak), "<= 150");
}
