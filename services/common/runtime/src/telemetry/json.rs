use std::fmt;
use std::io::Write as _;

use opentelemetry::Context as OtelContext;
use opentelemetry::trace::TraceContextExt as _;
use redress_domain::Clock as _;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use crate::SystemClock;

/// Writes each event as one line of JSON to standard output, with the ids of its trace and span.
///
/// Not the subscriber crate's own JSON form: that knows no trace ids and formats the fields of every span, also of
/// those in which nothing is ever logged.
pub(super) struct JsonLines;

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut line = Map::new();
        line.insert("timestamp".into(), SystemClock.now().to_string().into());
        line.insert("level".into(), metadata.level().as_str().into());
        line.insert("target".into(), metadata.target().into());
        OtelContext::map_current(|context| {
            let span = context.span();
            let span = span.span_context();
            if span.is_valid() {
                line.insert("trace_id".into(), span.trace_id().to_string().into());
                line.insert("span_id".into(), span.span_id().to_string().into());
            }
        });
        event.record(&mut Fields(&mut line));
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        // There is nowhere to tell that telling failed.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
}
