//! P25: from the start of the process until `/readyz` answers 200, with dependencies up.
//!
//! An upper bound: the start of the guard beside the process and the 10 ms between two questions are in it.

use std::time::Duration;

use tokio::time::Instant;

use super::Finding;
use crate::report::Report;
use crate::site::{IntakeRole, Site};

const STARTS: usize = 10;

pub(crate) async fn run(site: &Site) -> anyhow::Result<Finding> {
    let mut took = Vec::with_capacity(STARTS);
    let mut addresses = None;
    for _ in 0..STARTS {
        let start = Instant::now();
        let intake = site.serve(IntakeRole::Both, addresses).await?;
        took.push(start.elapsed().as_secs_f64() * 1_000.0);
        intake.process.terminate(Duration::from_secs(25)).await?;
        addresses = Some(intake.addresses);
    }
    took.sort_unstable_by(f64::total_cmp);
    let mut report = Report::of("start");
    report.figure("starts", STARTS);
    report.figure("ready_min_ms", took[0]);
    report.goal("ready_median_ms", f64::midpoint(took[STARTS / 2 - 1], took[STARTS / 2]), "<= 500");
    report.figure("ready_max_ms", took[STARTS - 1]);
    Ok(Finding { report, sound: true })
}
