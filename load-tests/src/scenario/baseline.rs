//! The raw operations alone.

use super::Finding;
use crate::baseline::Baseline;
use crate::cli::Load;
use crate::report::Report;
use crate::site::Site;

pub(crate) async fn run(site: &Site, load: Load) -> anyhow::Result<Finding> {
    let baseline = Baseline::measure(site, load.rate, load.lasting()).await?;
    let mut report = Report::of("baseline");
    report.figure("rate_per_s", load.rate);
    report.figure("seconds", load.seconds);
    baseline.report(&mut report);
    Ok(Finding { report, sound: true })
}
