use std::collections::HashMap;

use http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// A W3C trace context as two texts, to travel in Kafka headers and outbox rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// The header `traceparent`.
    pub traceparent: String,
    /// The header `tracestate`, if the trace has one.
    pub tracestate: Option<String>,
}

impl Extractor for TraceContext {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => Some(&self.traceparent),
            "tracestate" => self.tracestate.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

/// The context of the current span, if it belongs to a trace.
pub fn current_context() -> Option<TraceContext> {
    let mut headers = HashMap::new();
    TraceContextPropagator::new().inject_context(&tracing::Span::current().context(), &mut headers);
    let traceparent = headers.remove("traceparent")?;
    Some(TraceContext {
        traceparent,
        tracestate: headers.remove("tracestate").filter(|state| !state.is_empty()),
    })
}

/// Makes `span` the child of `context`: for work that one message causes. Call it before the span is entered.
/// A context that does not parse changes nothing.
pub fn parent(span: &tracing::Span, context: &TraceContext) {
    set_parent(span, context);
}

/// Links `span` to `context`: for a batch, which has as many causes as it has messages.
/// A context that does not parse changes nothing.
pub fn link(span: &tracing::Span, context: &TraceContext) {
    let remote = TraceContextPropagator::new().extract(context);
    span.add_link(remote.span().span_context().clone());
}

/// The context in the headers of a call, if there is a valid one.
pub fn extract(headers: &HeaderMap) -> Option<TraceContext> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let traceparent = text("traceparent")?.to_owned();
    Some(TraceContext { traceparent, tracestate: text("tracestate").map(str::to_owned) })
}

/// Makes `span` the child of the context that `carrier` holds, if it holds one.
fn set_parent(span: &tracing::Span, carrier: &dyn Extractor) {
    let remote = TraceContextPropagator::new().extract(carrier);
    if remote.span().span_context().is_valid() {
        // Fails only where no spans are made, and then there is nothing to be a child.
        let _ = span.set_parent(remote);
    }
}
