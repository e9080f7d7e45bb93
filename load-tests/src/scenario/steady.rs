//! A constant rate after a warm-up, with the processor time of everybody.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::baseline::WARM_UP;
use crate::driver::{Driver, Tally};
use crate::procfs::{Meter, Named};
use crate::report::{Report, as_f64, microseconds_each, progress};

/// What a steady load gave.
#[derive(Debug)]
pub(super) struct Steady {
    pub(super) tally: Arc<Tally>,
    cpu: Vec<(&'static str, Duration)>,
    /// From the first request to the last answer.
    elapsed: Duration,
}

impl Steady {
    /// Drives, with the warm-up discarded; the warm-up's requests are in the ledger nevertheless.
    pub(super) async fn run(
        driver: &Arc<Driver>,
        processes: &[Named],
        rate: u32,
        lasting: Duration,
    ) -> anyhow::Result<Self> {
        progress(format_args!("{rate}/s for {} s", lasting.as_secs()));
        driver.drive(rate, WARM_UP).await?;
        driver.settle().await?;
        let (meter, start) = (Meter::start(processes)?, Instant::now());
        let tally = driver.drive(rate, lasting).await?;
        driver.settle().await?;
        Ok(Self { tally, elapsed: start.elapsed(), cpu: meter.stop()? })
    }

    /// Processor time of a process per accepted complaint, microseconds.
    pub(super) fn cpu_us(&self, process: &str) -> f64 {
        let used =
            self.cpu.iter().find(|(name, _)| *name == process).map_or(Duration::ZERO, |(_, used)| *used);
        microseconds_each(used, self.tally.counts().accepted)
    }

    /// Whether the loop was open: every request was sent.
    pub(super) fn is_valid(&self) -> bool {
        self.tally.counts().not_sent == 0
    }

    pub(super) fn report(&self, report: &mut Report, prefix: &str) {
        let counts = self.tally.counts();
        report
            .figure(format!("{prefix}achieved_per_s"), as_f64(counts.accepted) / self.elapsed.as_secs_f64());
        counts.report(report, prefix);
        for (process, used) in &self.cpu {
            report.figure(
                format!("{prefix}{process}_cpu_us_per_accepted"),
                microseconds_each(*used, counts.accepted),
            );
        }
        let busy: Duration = self.cpu.iter().map(|(_, used)| *used).sum();
        report.figure(format!("{prefix}cores_busy"), busy.as_secs_f64() / self.elapsed.as_secs_f64());
    }
}
