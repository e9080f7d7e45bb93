use std::sync::LazyLock;
use std::time::Duration;

use opentelemetry::metrics::{Counter, Histogram};
use opentelemetry::{KeyValue, global};

use crate::RedisError;

/// The duration of calls, under the name that the semantic conventions give it.
#[derive(Clone)]
pub(crate) struct Measure(Histogram<f64>);

/// Indexes that were filled anew, by `redress.index`.
static REBUILDS: LazyLock<Counter<u64>> = LazyLock::new(|| {
    global::meter("redress.redis")
        .u64_counter("redress.redis.index.rebuilds")
        .with_description(
            "Times that an index in Redis was filled anew from the database, because it was lost.",
        )
        .build()
});

/// Counts that an index was filled anew; with 0, that it exists: a first step from nothing is none to Prometheus.
pub(crate) fn rebuilt(index: &'static str, times: u64) {
    REBUILDS.add(times, &[KeyValue::new("redress.index", index)]);
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    /// No answer in time, or no connection.
    Unanswered,
    /// Not sent: the breaker was open.
    Refused,
    /// An answer that does not fit.
    Unexpected,
}

impl Outcome {
    pub(crate) fn of<T>(result: &Result<T, RedisError>) -> Self {
        match result {
            Ok(_) => Self::Answered,
            Err(RedisError::Unavailable) => Self::Unanswered,
            Err(RedisError::Unexpected(_)) => Self::Unexpected,
        }
    }

    const fn error_type(self) -> Option<&'static str> {
        match self {
            Self::Answered => None,
            Self::Unanswered => Some("unanswered"),
            Self::Refused => Some("breaker_open"),
            Self::Unexpected => Some("unexpected"),
        }
    }
}

impl Measure {
    pub(crate) fn new() -> Self {
        let histogram = global::meter("redress.redis")
            .f64_histogram("db.client.operation.duration")
            .with_unit("s")
            .with_description("Duration of calls to Redis, the wait for a connection included.")
            .build();
        Self(histogram)
    }

    pub(crate) fn record(&self, operation: &'static str, outcome: Outcome, duration: Duration) {
        let system = KeyValue::new("db.system.name", "redis");
        let operation = KeyValue::new("db.operation.name", operation);
        match outcome.error_type() {
            None => self.0.record(duration.as_secs_f64(), &[system, operation]),
            Some(error) => {
                self.0
                    .record(duration.as_secs_f64(), &[system, operation, KeyValue::new("error.type", error)]);
            }
        }
    }
}
