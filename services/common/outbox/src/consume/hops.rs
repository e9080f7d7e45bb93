//! What keeps a trace whole across batches.
//!
//! A batch has as many causes as it has events, so its own span belongs to none of their traces and points to them by
//! links. Each event whose trace is recorded has a hop besides: a span within its trace, the child of whoever wrote the
//! event, and the parent of what the handler makes of it, since handlers give their events the context of their cause. So
//! one trace leads from the first call through every topic and service.
//!
//! Refused: the events' spans in the batch's trace (the first call would end at the first topic), the context of the cause
//! handed on as it came (every hop would hang on the first call, and nobody would see which came of which).

use redress_messaging::EventMeta;
use redress_runtime::telemetry::{self, TraceContext};
use tracing::Span;

use super::item::Item;

/// Spans of events that a batch's span points to, at most.
const LINKS: usize = 32;

/// Points from the batch's span to what wrote its events.
pub(super) fn link<E>(batch: &Span, items: &[Item<E>]) {
    for context in items.iter().filter_map(|item| recorded(item.meta.as_deref()?)).take(LINKS) {
        telemetry::link(batch, &context);
    }
}

/// Begins the hop of each event that is to be applied, and makes it the event's context. They end when they are dropped.
pub(super) fn begin<E>(batch: &Span, topic: &'static str, group: &str, items: &mut [Item<E>]) -> Vec<Span> {
    let of_batch = telemetry::context_of(batch);
    let mut hops = Vec::new();
    for item in items.iter_mut().filter(|item| item.delivery.is_some()) {
        let Some(cause) = item.meta.as_deref().and_then(recorded) else { continue };
        let hop = tracing::info_span!(
            parent: None,
            "hop",
            otel.name = format!("process {topic}"),
            otel.kind = "consumer",
            messaging.system = "kafka",
            messaging.operation.name = "process",
            messaging.operation.type = "process",
            messaging.destination.name = topic,
            messaging.destination.partition.id = item.record.partition,
            messaging.kafka.offset = item.record.offset,
            messaging.consumer.group.name = group,
        );
        telemetry::parent(&hop, &cause);
        if let Some(of_batch) = &of_batch {
            telemetry::link(&hop, of_batch);
        }
        // Where this process makes no spans, or records none, the trace goes on without the hop.
        if let Some(context) = telemetry::context_of(&hop).filter(TraceContext::is_sampled) {
            item.goes_on_within(context);
            hops.push(hop);
        }
    }
    hops
}

/// The event's context if its trace is recorded: another leads nowhere.
fn recorded(meta: &EventMeta) -> Option<TraceContext> {
    let traceparent = meta.traceparent.clone()?;
    Some(TraceContext { traceparent, tracestate: meta.tracestate.clone() }).filter(TraceContext::is_sampled)
}
