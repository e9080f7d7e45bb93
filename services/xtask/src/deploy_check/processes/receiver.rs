//! A receiver of OpenTelemetry on loopback, where a collector sends to: notes who sent what.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
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
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1::Resource as Sent;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// The attributes of a sender that are texts.
pub(super) type Resource = BTreeSet<(String, String)>;

/// Senders of spans and senders of metrics.
type Senders = (BTreeSet<Resource>, BTreeSet<Resource>);

/// Listens as long as the runtime lives.
#[derive(Clone, Default)]
pub(super) struct Receiver(Arc<Mutex<Senders>>);

impl Receiver {
    /// Listens on a free port: its URL.
    pub(super) async fn listen(&self) -> anyhow::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on loopback")?;
        let url = format!("http://{}", listener.local_addr()?);
        // A collector compresses what it sends unless it is told otherwise.
        let traces = TraceServiceServer::new(self.clone()).accept_compressed(CompressionEncoding::Gzip);
        let metrics = MetricsServiceServer::new(self.clone()).accept_compressed(CompressionEncoding::Gzip);
        let server = Server::builder().add_service(traces).add_service(metrics);
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Ok(url)
    }

    /// Who has sent spans, and who metrics.
    pub(super) fn received(&self) -> (Vec<Resource>, Vec<Resource>) {
        let (spans, metrics) = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (spans.into_iter().collect(), metrics.into_iter().collect())
    }
}

fn texts(sent: Option<&Sent>) -> Resource {
    let attributes = sent.into_iter().flat_map(|resource| &resource.attributes);
    attributes
        .filter_map(|attribute| match attribute.value.as_ref()?.value.as_ref()? {
            Value::StringValue(text) => Some((attribute.key.clone(), text.clone())),
            _ => None,
        })
        .collect()
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let sent = request.get_ref().resource_spans.iter().map(|spans| texts(spans.resource.as_ref()));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.extend(sent);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Receiver {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let sent = request.get_ref().resource_metrics.iter().map(|metrics| texts(metrics.resource.as_ref()));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.extend(sent);
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
