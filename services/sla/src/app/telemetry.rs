//! What firing tells. Tenants and definitions are no attributes: tenants have no bound.

use std::sync::LazyLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram};

use crate::store::aside::Work;
use crate::store::due::{Counts, What};

/// Metrics of due clocks.
#[derive(Debug)]
pub(crate) struct Telemetry {
    lateness: Histogram<f64>,
    breaches: Counter<u64>,
    unannounced: Counter<u64>,
    owed: Gauge<i64>,
    aside: Gauge<i64>,
    clocks: Gauge<i64>,
    delay: Gauge<f64>,
}

impl Default for Telemetry {
    fn default() -> Self {
        let meter = opentelemetry::global::meter("redress-sla");
        Self {
            lateness: meter
                .f64_histogram("redress.sla.timer.lateness")
                .with_unit("s")
                .with_description("From the instant at which something was due to its firing")
                .with_boundaries(vec![
                    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 300.0, 3_600.0,
                ])
                .build(),
            breaches: meter.u64_counter("redress.sla.breaches").build(),
            unannounced: meter
                .u64_counter("redress.sla.breaches.unannounced")
                .with_description("Breaches of which the parties were owed word before, and had none")
                .build(),
            owed: meter
                .i64_gauge("redress.sla.delay_notices.owed")
                .with_description("Clocks of which the parties are owed word that it takes longer")
                .build(),
            aside: meter
                .i64_gauge("redress.sla.cases.set_aside")
                .with_description("What could not be done for a complaint and is tried again later")
                .build(),
            clocks: meter.i64_gauge("redress.sla.clocks").build(),
            delay: meter.f64_gauge("redress.sla.watermark.delay").with_unit("s").build(),
        }
    }
}

impl Telemetry {
    /// What was fired, each with how late it was; and how many breaches were among it, and how many of those came without
    /// the word that was owed. What lapsed is no breach.
    pub(crate) fn fired(&self, fired: &[(What, Duration)], breached: usize, unannounced: usize) {
        for (what, late) in fired {
            let kind = match what {
                What::Warning => "warning",
                What::Breach => "breach",
            };
            self.lateness.record(late.as_secs_f64(), &[KeyValue::new("kind", kind)]);
        }
        if breached > 0 {
            self.breaches.add(breached as u64, &[]);
        }
        if unannounced > 0 {
            self.unannounced.add(unannounced as u64, &[]);
        }
    }

    /// How far behind the clock everything has been heard; nothing as long as that cannot be said.
    pub(crate) fn heard(&self, through: Option<Timestamp>, now: Timestamp) {
        if let Some(through) = through {
            self.delay.record(now.duration_since(through).as_secs_f64().max(0.0), &[]);
        }
    }

    /// How many clocks are where somebody should look.
    pub(crate) fn count(&self, counts: Counts) {
        let Counts { within_hour, within_day, breached, waiting, notices_owed, set_aside } = counts;
        self.owed.record(notices_owed, &[]);
        self.aside.record(set_aside, &[]);
        let states = [
            ("due_within_hour", within_hour),
            ("due_within_day", within_day),
            ("breached", breached),
            ("waiting", waiting),
        ];
        for (state, number) in states {
            self.clocks.record(number, &[KeyValue::new("state", state)]);
        }
    }
}

/// Something could not be done for a complaint.
pub(crate) fn set_aside(work: Work) {
    static SET_ASIDE: LazyLock<Counter<u64>> = LazyLock::new(|| {
        let meter = opentelemetry::global::meter("redress-sla");
        let counter = meter.u64_counter("redress.sla.set_aside");
        counter.with_description("What could not be done for a complaint, by `work`").build()
    });
    SET_ASIDE.add(1, &[KeyValue::new("work", work.code())]);
}

/// Complaints that ended long ago are gone.
pub(crate) fn forgotten(complaints: usize) {
    static FORGOTTEN: LazyLock<Counter<u64>> = LazyLock::new(|| {
        let meter = opentelemetry::global::meter("redress-sla");
        let counter = meter.u64_counter("redress.sla.cases.forgotten");
        counter.with_description("Complaints whose time of keeping was over").build()
    });
    FORGOTTEN.add(complaints as u64, &[]);
}

/// A clock was met, with so much of its time left.
pub(crate) fn met(remaining: SignedDuration) {
    static REMAINING: LazyLock<Histogram<f64>> = LazyLock::new(|| {
        // In hours: bounds of seconds end at one, and deadlines are days.
        let meter = opentelemetry::global::meter("redress-sla");
        let histogram = meter.f64_histogram("redress.sla.deadline.remaining").with_unit("h");
        let described = histogram.with_description("Time that was left when what a clock waits for happened");
        described.with_boundaries(vec![0.1, 0.5, 1.0, 4.0, 12.0, 24.0, 72.0, 168.0, 720.0]).build()
    });
    REMAINING.record(remaining.as_secs_f64().max(0.0) / 3_600.0, &[]);
}
