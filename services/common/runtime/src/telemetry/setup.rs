use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, global};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use opentelemetry_semantic_conventions::resource::{
    SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_NAMESPACE, SERVICE_VERSION,
};
use prometheus::Registry;
use tokio_util::sync::DropGuard;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::json::JsonLines;
use super::metrics;
use super::otlp::Exporters;
use crate::config::TelemetryConfig;

/// The longest that leaving waits for the last export.
const FLUSH: Duration = Duration::from_secs(1);

/// Crates beneath the exporters: what they say about an export would be exported in turn.
const BENEATH: [&str; 7] = ["h2", "hyper", "hyper_util", "reqwest", "rustls", "tonic", "tower"];

/// The telemetry of the process, from start to the last flush.
pub(crate) struct Telemetry {
    /// What `/metrics` shows.
    pub(crate) registry: Registry,
    tracer: Option<SdkTracerProvider>,
    logger: Option<SdkLoggerProvider>,
    meter: Option<SdkMeterProvider>,
    _thread: Option<DropGuard>,
}

impl Telemetry {
    /// Installs logs, spans and metrics for the whole process. `service` is the binary's name.
    pub(crate) fn start(service: &'static str, config: &TelemetryConfig) -> anyhow::Result<Self> {
        let registry = Registry::new();
        let filter = filter(&config.log)?;
        if disabled() {
            tracing_subscriber::registry().with(filter).with(JsonLines).try_init()?;
            return Ok(Self { registry, tracer: None, logger: None, meter: None, _thread: None });
        }
        let exporters = Exporters::start()?;
        let resource = resource(service);
        let meter = meter_provider(exporters.metrics, &registry, &resource)?;
        global::set_meter_provider(meter.clone());
        let tracer = tracer_provider(exporters.spans, &resource);
        let logger = exporters.logs.map(|logs| {
            SdkLoggerProvider::builder().with_resource(resource).with_batch_exporter(logs).build()
        });
        let spans = tracing_opentelemetry::layer()
            .with_tracer(tracer.tracer("redress"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        tracing_subscriber::registry()
            .with(filter)
            .with(spans)
            .with(JsonLines)
            .with(logger.as_ref().map(OpenTelemetryTracingBridge::new))
            .try_init()?;
        Ok(Self { registry, tracer: Some(tracer), logger, meter: Some(meter), _thread: exporters.thread })
    }

    /// Exports what is left, for [`FLUSH`] at most. To be called from a thread without a runtime.
    pub(crate) fn flush(self) {
        let (done, waiting) = mpsc::channel::<()>();
        let Self { tracer, logger, meter, .. } = &self;
        let (tracer, logger, meter) = (tracer.clone(), logger.clone(), meter.clone());
        // One thread each, left behind if the collector hangs: the end of the process takes them along. The errors
        // say that the collector is away, which is no news and no fault of this process.
        leave_behind(&done, move || drop(tracer.map(|tracer| tracer.shutdown_with_timeout(FLUSH))));
        leave_behind(&done, move || drop(logger.map(|logger| logger.shutdown_with_timeout(FLUSH))));
        leave_behind(&done, move || drop(meter.map(|meter| meter.shutdown_with_timeout(FLUSH))));
        drop(done);
        // Ends when all three have dropped their end, or by the time.
        let _ = waiting.recv_timeout(FLUSH);
    }
}

fn leave_behind(done: &mpsc::Sender<()>, work: impl FnOnce() + Send + 'static) {
    let done = done.clone();
    thread::spawn(move || {
        work();
        drop(done);
    });
}

fn disabled() -> bool {
    std::env::var("OTEL_SDK_DISABLED").is_ok_and(|value| value.trim().eq_ignore_ascii_case("true"))
}

fn filter(directives: &str) -> anyhow::Result<Targets> {
    let filter: Targets = directives.parse()?;
    let quiet = BENEATH.map(|target| (target, LevelFilter::WARN));
    Ok(filter.with_targets(quiet).with_target("opentelemetry", LevelFilter::WARN))
}

/// Who this process is. The environment's word is the last: `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`.
fn resource(service: &'static str) -> Resource {
    #[expect(clippy::disallowed_methods, reason = "an instance's name follows from nothing and is made once")]
    let instance = uuid::Uuid::new_v4().to_string();
    let named = std::env::var("OTEL_SERVICE_NAME").ok().filter(|name| !name.is_empty());
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new(SERVICE_NAME, service),
            KeyValue::new(SERVICE_NAMESPACE, "redress"),
            KeyValue::new(SERVICE_VERSION, env!("CARGO_PKG_VERSION")),
            KeyValue::new(SERVICE_INSTANCE_ID, instance),
        ])
        .with_detectors(&[Box::new(TelemetryResourceDetector), Box::new(EnvResourceDetector::new())])
        .with_attributes(named.map(|name| KeyValue::new(SERVICE_NAME, name)))
        .build()
}

/// Spans with ids in any case. Without an exporter none is recorded that no one outside has begun.
fn tracer_provider(
    exporter: Option<opentelemetry_otlp::SpanExporter>,
    resource: &Resource,
) -> SdkTracerProvider {
    let builder = SdkTracerProvider::builder().with_resource(resource.clone());
    match exporter {
        // The sampler is that of `OTEL_TRACES_SAMPLER`.
        Some(exporter) => builder.with_batch_exporter(exporter).build(),
        None => builder.with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff))).build(),
    }
}

fn meter_provider(
    exporter: Option<opentelemetry_otlp::MetricExporter>,
    registry: &Registry,
    resource: &Resource,
) -> anyhow::Result<SdkMeterProvider> {
    let prometheus = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build()?;
    let builder = SdkMeterProvider::builder()
        .with_resource(resource.clone())
        .with_view(metrics::bounds)
        .with_reader(prometheus);
    Ok(match exporter {
        Some(exporter) => builder.with_periodic_exporter(exporter).build(),
        None => builder.build(),
    })
}
