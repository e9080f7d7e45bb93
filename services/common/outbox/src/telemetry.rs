use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, ObservableGauge};

use crate::consume::status::Status;

/// What consuming tells. Tenants and keys are no attributes: their number has no bound.
#[derive(Debug)]
pub(crate) struct ConsumerTelemetry {
    group: KeyValue,
    consumed: Counter<u64>,
    duration: Histogram<f64>,
    batch: Histogram<u64>,
    dropped: Counter<u64>,
    parked: Counter<u64>,
    gaps: Counter<u64>,
    replaced: Counter<u64>,
    delay: Histogram<f64>,
    waiting: Gauge<i64>,
    _lag: ObservableGauge<i64>,
}

impl ConsumerTelemetry {
    /// The lag is observed from `status`: a partition that went to another process is not told any more.
    pub(crate) fn new(group: &str, status: &Arc<Status>) -> Self {
        let meter = opentelemetry::global::meter("redress-outbox");
        let group = KeyValue::new("messaging.consumer.group.name", group.to_owned());
        let (observed, of) = (Arc::clone(status), group.clone());
        Self {
            _lag: meter
                .i64_observable_gauge("redress.consumer.lag")
                .with_callback(move |observer| {
                    for (topic, partition, lag) in observed.lags() {
                        let [system, destination] = topic_attributes(topic);
                        let id = KeyValue::new("messaging.destination.partition.id", partition.to_string());
                        observer.observe(lag, &[system, destination, of.clone(), id]);
                    }
                })
                .build(),
            group,
            consumed: meter.u64_counter("messaging.client.consumed.messages").build(),
            duration: meter.f64_histogram("messaging.process.duration").with_unit("s").build(),
            batch: meter.u64_histogram("redress.consumer.batch.size").build(),
            dropped: meter.u64_counter("redress.consumer.dropped").build(),
            parked: meter.u64_counter("redress.consumer.parked").build(),
            gaps: meter.u64_counter("redress.consumer.gaps").build(),
            replaced: meter.u64_counter("redress.consumer.clients.replaced").build(),
            delay: meter
                .f64_histogram("redress.consumer.delay")
                .with_unit("s")
                .with_description("From the writing of a record to its being applied; what was known already is not counted")
                .build(),
            waiting: meter
                .i64_gauge("redress.consumer.parked.waiting")
                .with_description("Records that were set aside and are neither redriven nor discarded")
                .build(),
        }
    }

    /// A first step from nothing is none to Prometheus: what must be noticed the first time begins at zero.
    pub(crate) fn begun(&self, topic: &str) {
        self.gaps.add(0, &self.attributes(topic));
        self.replaced.add(0, std::slice::from_ref(&self.group));
    }

    /// How long records have waited that were applied now.
    pub(crate) fn applied(&self, topic: &str, waited: impl Iterator<Item = Duration>) {
        let attributes = self.attributes(topic);
        for waited in waited {
            self.delay.record(waited.as_secs_f64(), &attributes);
        }
    }

    /// How many records of a topic wait to be settled; every replica tells the same.
    pub(crate) fn waiting(&self, topic: &str, rows: i64) {
        self.waiting.record(rows, &self.attributes(topic));
    }

    fn attributes(&self, topic: &str) -> [KeyValue; 3] {
        let [system, destination] = topic_attributes(topic);
        [system, destination, self.group.clone()]
    }

    pub(crate) fn processed(&self, topic: &str, records: usize, dropped: usize, took: Duration) {
        let attributes = self.attributes(topic);
        self.consumed.add(records as u64, &attributes);
        self.batch.record(records as u64, &attributes);
        self.duration.record(took.as_secs_f64(), &attributes);
        if dropped > 0 {
            self.dropped.add(dropped as u64, &attributes);
        }
    }

    pub(crate) fn parked(&self, topic: &str, cause: &'static str) {
        let [system, destination, group] = self.attributes(topic);
        if cause == "GAP" {
            self.gaps.add(1, &[system.clone(), destination.clone(), group.clone()]);
        }
        self.parked.add(1, &[system, destination, group, KeyValue::new("error.type", cause)]);
    }

    /// A client broke over a lost session and another takes its place.
    pub(crate) fn replaced(&self) {
        self.replaced.add(1, std::slice::from_ref(&self.group));
    }
}

fn topic_attributes(topic: &str) -> [KeyValue; 2] {
    [
        KeyValue::new("messaging.system", "kafka"),
        KeyValue::new("messaging.destination.name", topic.to_owned()),
    ]
}

/// What relaying tells.
#[derive(Debug)]
pub(crate) struct RelayTelemetry {
    published: Counter<u64>,
    depth: Gauge<i64>,
    lag: Gauge<f64>,
}

impl RelayTelemetry {
    pub(crate) fn new() -> Self {
        let meter = opentelemetry::global::meter("redress-outbox");
        Self {
            published: meter.u64_counter("redress.outbox.published").build(),
            depth: meter.i64_gauge("redress.outbox.depth").build(),
            lag: meter.f64_gauge("redress.outbox.lag").with_unit("s").build(),
        }
    }

    pub(crate) fn published(&self, rows: usize) {
        self.published.add(rows as u64, &[]);
    }

    /// Rows that wait in this relay's buckets, and the age of the oldest.
    pub(crate) fn waiting(&self, rows: i64, oldest: Duration) {
        self.depth.record(rows, &[]);
        self.lag.record(oldest.as_secs_f64(), &[]);
    }
}
