use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// From now on the spans of this process belong to traces, as they do in a service; nothing is exported.
pub fn make_traces() {
    let provider = SdkTracerProvider::builder().build();
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    // Another test of the process may have been here before.
    let _ = tracing_subscriber::registry().with(spans).try_init();
}
