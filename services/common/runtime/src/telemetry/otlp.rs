use std::sync::mpsc;
use std::thread;

use anyhow::Context as _;
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The exporters that the `OTEL_*` variables ask for, and the thread that carries their connections.
pub(super) struct Exporters {
    pub(super) spans: Option<SpanExporter>,
    pub(super) metrics: Option<MetricExporter>,
    pub(super) logs: Option<LogExporter>,
    /// Ends the thread when dropped.
    pub(super) thread: Option<DropGuard>,
}

impl Exporters {
    /// Starts what is asked for. Connects to nothing: that happens with the first export.
    pub(super) fn start() -> anyhow::Result<Self> {
        let (spans, metrics, logs) = (wanted("TRACES"), wanted("METRICS"), wanted("LOGS"));
        if !(spans || metrics || logs) {
            return Ok(Self { spans: None, metrics: None, logs: None, thread: None });
        }
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let (sender, built) = mpsc::channel();
        // The processors of the SDK wait for an export on threads of their own; the connections need a runtime. On
        // the service's runtime the two wait for each other as soon as it has one worker.
        thread::Builder::new().name("otlp".to_owned()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(sender.send(Err(error.into()))),
            };
            let exporters = {
                let _inside = runtime.enter();
                build(spans, metrics, logs)
            };
            drop(sender.send(exporters));
            runtime.block_on(stopped.cancelled());
            runtime.shutdown_background();
        })?;
        let exporters = built.recv().context("the exporters' thread has gone")??;
        Ok(Self { thread: Some(stop.drop_guard()), ..exporters })
    }
}

fn build(spans: bool, metrics: bool, logs: bool) -> anyhow::Result<Exporters> {
    let spans = spans.then(|| SpanExporter::builder().with_tonic().build()).transpose()?;
    let metrics = metrics.then(|| MetricExporter::builder().with_tonic().build()).transpose()?;
    let logs = logs.then(|| LogExporter::builder().with_tonic().build()).transpose()?;
    Ok(Exporters { spans, metrics, logs, thread: None })
}

/// Whether there is an endpoint for `signal` and nobody said `none`.
fn wanted(signal: &str) -> bool {
    let set = |name: &str| std::env::var(name).is_ok_and(|value| !value.trim().is_empty());
    let refused = std::env::var(format!("OTEL_{signal}_EXPORTER")).is_ok_and(|value| value.trim() == "none");
    !refused && (set("OTEL_EXPORTER_OTLP_ENDPOINT") || set(&format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")))
}
