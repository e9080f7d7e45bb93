//! R1: intake is killed under load, again and again. Callers without an answer repeat under the same id, as the contract
//! tells them to; in the end each complaint exists once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::{Instant, sleep};

use super::{DRAIN_LIMIT, Finding};
use crate::audit::Audit;
use crate::report::{Report, progress};
use crate::site::{IntakeRole, Site};
use crate::stores::Stores;

/// Between a restart and the next kill, at least.
const PAUSE: Duration = Duration::from_secs(1);
/// Kills fall on moments that differ in this.
const SPREAD_MS: u32 = 1_000;

pub(crate) async fn run(site: &Site, kills: u32, rate: u32) -> anyhow::Result<Finding> {
    let mut intake = site.serve(IntakeRole::Both, None).await?;
    let driver = site.driver(&intake)?;
    // Longer than the kills take, so that each falls on a process under load.
    let lasting = (PAUSE + Duration::from_millis(SPREAD_MS.into())) * (kills + 1);
    let load = tokio::spawn({
        let driver = Arc::clone(&driver);
        async move { driver.drive(rate, lasting).await }
    });
    let mut slowest = Duration::ZERO;
    for kill in 0..kills {
        // 617 and 1,000 have no common divisor: every kill falls on another moment of the second.
        sleep(PAUSE + Duration::from_millis((kill * 617 % SPREAD_MS).into())).await;
        intake.process.kill9().await;
        let start = Instant::now();
        intake = site.serve(IntakeRole::Both, Some(intake.addresses)).await?;
        slowest = slowest.max(start.elapsed());
        progress(format_args!("kill {} of {kills}", kill + 1));
    }
    let tally = load.await.context("the driver panicked")??;
    driver.settle().await?;
    let repeated = driver.resolve().await?;
    let stores = Stores::of(site).await?;
    stores.quiesce(DRAIN_LIMIT).await?;
    let audit = Audit::of(&stores, &driver).await?;

    let mut report = Report::of("faults");
    report.figure("kills", kills);
    report.figure("slowest_restart_ms", slowest.as_secs_f64() * 1_000.0);
    tally.counts().report(&mut report, "first_attempt_");
    report.figure("repeated_until_answered", repeated);
    audit.report(&mut report, &driver);
    let open = tally.counts().not_sent == 0;
    Ok(Finding { report, sound: audit.is_clean() && open })
}
