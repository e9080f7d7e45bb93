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

impl TraceContext {
    /// Whether the trace is recorded, by the word of whoever wrote the context: the lowest bit of its flags.
    pub fn is_sampled(&self) -> bool {
        let flags = self.traceparent.rsplit('-').next().unwrap_or_default();
        u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1)
    }
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
    context_of(&tracing::Span::current())
}

/// The context of `span`, if it belongs to a trace: what follows from the work that the span stands for is its child.
pub fn context_of(span: &tracing::Span) -> Option<TraceContext> {
    let mut headers = HashMap::new();
    TraceContextPropagator::new().inject_context(&span.context(), &mut headers);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_recorded_if_the_lowest_flag_says_so_and_not_if_there_are_none() {
        let sampled = |flags: &str| {
            let traceparent = format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331{flags}");
            TraceContext { traceparent, tracestate: None }.is_sampled()
        };
        assert!(sampled("-01") && sampled("-03"));
        assert!(!sampled("-00") && !sampled("-02") && !sampled("") && !sampled("-zz"));
    }
}
