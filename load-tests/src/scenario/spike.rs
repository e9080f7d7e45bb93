//! P14 and P17: a live room turns, and a hundred times as many complain from one second to the next. One process of
//! intake takes both roles, the tighter case for its memory.

use std::time::Duration;

use super::{DRAIN_LIMIT, Finding};
use crate::audit::Audit;
use crate::baseline::WARM_UP;
use crate::procfs::Memory;
use crate::report::{Report, as_f64, megabytes, progress};
use crate::site::{IntakeRole, Site};
use crate::stores::Stores;

/// Complaints per second before and after.
const CALM: u32 = 50;
/// Complaints per second at the very beginning: what is met by the spike is a broker that has worked before.
const WARMING: u32 = 1_000;
const CALM_LASTS: Duration = Duration::from_secs(20);

pub(crate) async fn run(site: &Site, peak: u32, seconds: u32) -> anyhow::Result<Finding> {
    let intake = site.serve(IntakeRole::Both, None).await?;
    let driver = site.driver(&intake)?;
    let spike = Duration::from_secs(seconds.into());
    let pid = intake.process.pid();

    driver.drive(WARMING.min(peak), WARM_UP).await?;
    driver.settle().await?;
    progress(format_args!("{CALM}/s for {} s, then {peak}/s for {seconds} s", CALM_LASTS.as_secs()));
    let memory = Memory::follow(pid);
    let calm = driver.drive(CALM, CALM_LASTS).await?;
    let (steady, _) = memory.stop();
    let memory = Memory::follow(pid);
    let spiked = driver.drive(peak, spike).await?;
    let after = driver.drive(CALM, CALM_LASTS).await?;
    driver.settle().await?;
    let (_, peak_memory) = memory.stop();
    let stores = Stores::of(site).await?;
    let drained = stores.quiesce(DRAIN_LIMIT).await?;
    let audit = Audit::of(&stores, &driver).await?;

    let mut report = Report::of("spike");
    let mut open = true;
    for (prefix, tally) in [("before_", calm), ("spike_", spiked), ("after_", after)] {
        tally.counts().report(&mut report, prefix);
        open &= tally.counts().not_sent == 0;
    }
    report.figure("intake_rss_before_mb", megabytes(steady));
    report.goal("intake_rss_peak_mb", megabytes(peak_memory), "<= 150");
    report.goal("intake_rss_peak_over_before", as_f64(peak_memory) / as_f64(steady), "<= 3");
    report.figure("backlog_gone_s_after_the_calm", drained.as_secs_f64());
    audit.report(&mut report, &driver);
    Ok(Finding { report, sound: audit.is_clean() && open })
}
