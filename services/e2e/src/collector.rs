//! A collector of OpenTelemetry in the test's own process: keeps what it is sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{LogsService, LogsServiceServer};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span as Wire;
use prost::Message;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// Listens for the services' telemetry.
#[derive(Clone, Default)]
pub struct Collector(Arc<Mutex<Received>>);

/// What came in, signal by signal, as the bytes that it was.
#[derive(Clone, Default)]
pub struct Received {
    /// Spans.
    pub spans: Vec<u8>,
    /// Metrics.
    pub metrics: Vec<u8>,
    /// Logs.
    pub logs: Vec<u8>,
}

/// A span as it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// `service.name` of whoever told it.
    pub service: String,
    /// Name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The id of the span above it, within its trace; empty for none.
    pub parent: String,
    /// Spans that it points to.
    pub links: Vec<Place>,
    /// Attributes that are texts or whole numbers.
    pub attributes: BTreeMap<String, String>,
}

/// A span's two ids, in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The trace.
    pub trace: String,
    /// The span.
    pub span: String,
}

impl Collector {
    /// Listens on a free port of loopback: its URL.
    pub async fn start(&self) -> anyhow::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port for a collector")?;
        let url = format!("http://{}", listener.local_addr()?);
        let server = Server::builder()
            .add_service(TraceServiceServer::new(self.clone()))
            .add_service(MetricsServiceServer::new(self.clone()))
            .add_service(LogsServiceServer::new(self.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Ok(url)
    }

    /// Everything so far.
    pub fn received(&self) -> Received {
        self.kept().clone()
    }

    /// The spans so far.
    pub fn spans(&self) -> anyhow::Result<Vec<Span>> {
        // Messages behind each other are one message with all their parts.
        let all = ExportTraceServiceRequest::decode(self.kept().spans.as_slice())?;
        let mut found = Vec::new();
        for of_service in all.resource_spans {
            let resource = of_service.resource.map(|resource| texts(&resource.attributes));
            let service = resource.and_then(|mut it| it.remove("service.name")).unwrap_or_default();
            let spans = of_service.scope_spans.into_iter().flat_map(|scope| scope.spans);
            found.extend(spans.map(|span| Span::of(&service, span)));
        }
        Ok(found)
    }

    fn kept(&self) -> MutexGuard<'_, Received> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Span {
    fn of(service: &str, told: Wire) -> Self {
        let place = |trace: &[u8], span: &[u8]| Place { trace: hex::encode(trace), span: hex::encode(span) };
        Self {
            service: service.to_owned(),
            place: place(&told.trace_id, &told.span_id),
            parent: hex::encode(&told.parent_span_id),
            links: told.links.iter().map(|link| place(&link.trace_id, &link.span_id)).collect(),
            attributes: texts(&told.attributes),
            name: told.name,
        }
    }

    /// An attribute's value; empty if it has none of that name.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |attribute: &KeyValue| {
        let value = match attribute.value.as_ref()?.value.as_ref()? {
            Value::StringValue(text) => text.clone(),
            Value::IntValue(number) => number.to_string(),
            _ => return None,
        };
        Some((attribute.key.clone(), value))
    };
    attributes.iter().filter_map(text).collect()
}

fn keep(kept: &mut Vec<u8>, message: &impl Message) {
    kept.extend(message.encode_to_vec());
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        keep(&mut self.kept().spans, request.get_ref());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        keep(&mut self.kept().metrics, request.get_ref());
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Collector {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        keep(&mut self.kept().logs, request.get_ref());
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}
