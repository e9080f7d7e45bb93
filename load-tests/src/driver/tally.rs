//! What a phase of load gave: latencies from the intended start, and outcomes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::ledger::Outcome;
use crate::report::Report;

/// Latencies up to a minute, in microseconds, to three digits. Longer ones count as a minute.
const LONGEST_US: u64 = 60_000_000;

/// Filled by many tasks at once.
#[derive(Debug)]
pub(crate) struct Tally(Mutex<Counts>);

#[derive(Debug)]
pub(crate) struct Counts {
    /// From the intended start to the answer, accepted requests only.
    pub(crate) latency: Histogram<u64>,
    /// From the intended start to the moment the driver sent: its own lateness, part of the latency.
    pub(crate) lateness: Histogram<u64>,
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    pub(crate) unknown: u64,
    /// Not sent, since too many were on their way: the loop was not open, the run is invalid.
    pub(crate) not_sent: u64,
    /// How often each error came.
    pub(crate) errors: BTreeMap<String, u64>,
}

impl Tally {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self(Mutex::new(Counts {
            latency: histogram()?,
            lateness: histogram()?,
            accepted: 0,
            rejected: 0,
            unknown: 0,
            not_sent: 0,
            errors: BTreeMap::new(),
        })))
    }

    pub(crate) fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    pub(crate) fn answered(&mut self, outcome: Outcome, latency: Duration, error: Option<String>) {
        match outcome {
            Outcome::Accepted => {
                self.accepted += 1;
                record(&mut self.latency, latency);
            }
            Outcome::Rejected => self.rejected += 1,
            Outcome::Unknown => self.unknown += 1,
        }
        if let Some(error) = error {
            *self.errors.entry(error).or_default() += 1;
        }
    }

    /// Adds everything to a report, each name beginning with `prefix`.
    pub(crate) fn report(&self, report: &mut Report, prefix: &str) {
        report.figure(format!("{prefix}accepted"), self.accepted);
        report.goal(format!("{prefix}rejected"), self.rejected, "0");
        report.goal(format!("{prefix}unknown"), self.unknown, "0");
        report.goal(format!("{prefix}not_sent"), self.not_sent, "0, else the run is invalid");
        for (error, times) in &self.errors {
            report.figure(format!("{prefix}error: {error}"), *times);
        }
        latencies(report, &format!("{prefix}latency"), &self.latency);
        report.figure(format!("{prefix}driver_late_p99_ms"), milliseconds(&self.lateness, 0.99));
    }
}

pub(crate) fn histogram() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, LONGEST_US, 3)?)
}

pub(crate) fn record(histogram: &mut Histogram<u64>, latency: Duration) {
    histogram.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(LONGEST_US).min(LONGEST_US));
}

/// A quantile, 0 to 1, in milliseconds.
pub(crate) fn milliseconds(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    Duration::from_micros(histogram.value_at_quantile(quantile)).as_secs_f64() * 1_000.0
}

/// The quantiles that are always published. Several runs are compared run by run; percentiles are never averaged.
pub(crate) fn latencies(report: &mut Report, name: &str, histogram: &Histogram<u64>) {
    for (label, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
        report.figure(format!("{name}_{label}_ms"), milliseconds(histogram, quantile));
    }
}
