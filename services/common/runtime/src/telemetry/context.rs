use std::collections::HashMap;

use http::{HeaderMap, HeaderName};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The header of a trace's and a span's ids.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The header of what the systems on a trace's way say of it to each other.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// A W3C trace context as two texts, to travel in Kafka headers, outbox rows and calls.
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

    /// Writes it into the headers of a call. What is no header value is left out.
    pub fn write(&self, headers: &mut HeaderMap) {
        let texts = [(TRACEPARENT, Some(&self.traceparent)), (TRACESTATE, self.tracestate.as_ref())];
        for (name, text) in texts {
            if let Some(value) = text.and_then(|text| text.parse().ok()) {
                headers.insert(name, value);
            }
        }
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
    let traceparent = text(TRACEPARENT)?.to_owned();
    Some(TraceContext { traceparent, tracestate: text(TRACESTATE).map(str::to_owned) })
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
    fn what_is_written_into_headers_is_read_from_them_and_nothing_that_is_no_value() {
        let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned();
        for (tracestate, read) in [(None, None), (Some("a=1"), Some("a=1")), (Some("a\nb"), None)] {
            let mut headers = HeaderMap::new();
            let tracestate = tracestate.map(str::to_owned);
            TraceContext { traceparent: traceparent.clone(), tracestate }.write(&mut headers);
            let tracestate = read.map(str::to_owned);
            assert_eq!(
                extract(&headers),
                Some(TraceContext { traceparent: traceparent.clone(), tracestate })
            );
        }
    }

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
