//! Traces, metrics and logs.
//!
//! Exporters live on a thread of their own with a runtime of its own: a collector that is dead or hangs can hold up
//! neither a call nor the start nor the end of the process. Without an endpoint there is no exporter at all; ids are
//! still made and passed on, so that a trace begun outside reads through.

mod context;
mod json;
mod metrics;
mod otlp;
mod setup;

pub use context::{
    TRACEPARENT, TRACESTATE, TraceContext, context_of, current_context, extract, link, parent,
};
pub(crate) use metrics::{
    CALLS_SHED, HTTP_DURATION, RPC_DURATION, RPC_STATUS, TOKENS_REFUSED, prometheus_text,
};
pub(crate) use setup::Telemetry;
