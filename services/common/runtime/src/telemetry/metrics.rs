use std::sync::LazyLock;

use opentelemetry::global;
use opentelemetry::metrics::{Counter, Histogram, Meter};
use opentelemetry_sdk::metrics::{Aggregation, Instrument, InstrumentKind, Stream};
use prometheus::{Registry, TextEncoder};

/// Name of the attribute with a call's gRPC status. The conventions after 1.44 call it `rpc.status_code`.
pub(crate) const RPC_STATUS: &str = "rpc.response.status_code";

/// Bounds in seconds that the conventions advise for the durations of calls, RPC and HTTP.
const CALL_BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The same for calls to databases.
const DATABASE_BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// The same for what is ours: how late something is done, which may be an hour.
const DELAY_BUCKETS: [f64; 15] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 300.0, 3_600.0];

/// Gives durations the bounds of their kind, whichever crate records them: the SDK's own are made for milliseconds.
pub(crate) fn bounds(instrument: &Instrument) -> Option<Stream> {
    if instrument.unit() != "s" || instrument.kind() != InstrumentKind::Histogram {
        return None;
    }
    let boundaries = match instrument.name().split_once('.') {
        Some(("db", _)) => DATABASE_BUCKETS.to_vec(),
        Some(("redress", _)) => DELAY_BUCKETS.to_vec(),
        _ => CALL_BUCKETS.to_vec(),
    };
    let aggregation = Aggregation::ExplicitBucketHistogram { boundaries, record_min_max: false };
    Stream::builder().with_aggregation(aggregation).build().ok()
}

/// Duration of gRPC calls until their answer begins.
pub(crate) static RPC_DURATION: LazyLock<Histogram<f64>> =
    LazyLock::new(|| duration("rpc.server.call.duration", "Duration of incoming gRPC calls."));

/// Duration of HTTP calls until their answer begins.
pub(crate) static HTTP_DURATION: LazyLock<Histogram<f64>> =
    LazyLock::new(|| duration("http.server.request.duration", "Duration of incoming HTTP requests."));

/// Calls refused because of their token, by `reason`.
pub(crate) static TOKENS_REFUSED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter()
        .u64_counter("redress.auth.refused")
        .with_description("Calls refused because of their token.")
        .build()
});

/// Calls refused because too much was in flight, by `redress.criticality`.
pub(crate) static CALLS_SHED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter()
        .u64_counter("redress.overload.shed")
        .with_description("Calls refused because of overload.")
        .build()
});

fn meter() -> Meter {
    global::meter("redress-runtime")
}

fn duration(name: &'static str, description: &'static str) -> Histogram<f64> {
    meter().f64_histogram(name).with_unit("s").with_description(description).build()
}

/// All metrics in Prometheus' text form.
pub(crate) fn prometheus_text(registry: &Registry) -> prometheus::Result<String> {
    TextEncoder::new().encode_to_string(&registry.gather())
}

#[cfg(test)]
mod tests {
    use opentelemetry::metrics::MeterProvider as _;
    use opentelemetry_sdk::metrics::SdkMeterProvider;

    use super::*;

    #[test]
    fn durations_of_calls_have_the_advised_bounds_and_ours_reach_up_to_an_hour() {
        let registry = Registry::new();
        let reader = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build().unwrap();
        let provider = SdkMeterProvider::builder().with_view(bounds).with_reader(reader).build();
        let meter = provider.meter("test");
        for name in ["rpc.server.call.duration", "redress.sla.timer.lateness"] {
            let histogram = meter.f64_histogram(name).with_unit("s").build();
            histogram.record(70.0, &[]);
        }
        let text = prometheus_text(&registry).unwrap();
        let bounded = |name: &str, bound: &str| {
            let has =
                |line: &&str| line.starts_with(&format!("{name}_seconds_bucket")) && line.contains(bound);
            text.lines().find(has).map(str::to_owned)
        };
        assert!(bounded("rpc_server_call_duration", "le=\"7.5\"").is_some(), "{text}");
        assert!(bounded("rpc_server_call_duration", "le=\"3600\"").is_none(), "{text}");
        assert!(bounded("redress_sla_timer_lateness", "le=\"7.5\"").is_none(), "{text}");
        let within_an_hour = bounded("redress_sla_timer_lateness", "le=\"3600\"").unwrap();
        assert!(within_an_hour.ends_with(" 1"), "{within_an_hour}");
    }
}
