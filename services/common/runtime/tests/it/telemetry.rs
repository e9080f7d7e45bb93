use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use redress_testkit::bearing;
use rustix::process::Signal;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use crate::process::Greeter;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Server::builder().add_service(TraceServiceServer::new(self.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        url
    }
}

fn traced(greeter: &Greeter) -> Request<String> {
    let mut request = bearing(&greeter.issuer.token(&[]), String::new());
    request.metadata_mut().insert("traceparent", format!("00-{TRACE}-{PARENT}-01").parse().unwrap());
    request
}

#[tokio::test]
async fn a_trace_goes_in_and_out_also_without_a_collector() {
    let greeter = Greeter::start().await;
    let answer: Value =
        serde_json::from_str(&greeter.send("Greet", traced(&greeter)).await.unwrap()).unwrap();
    let traceparent = answer["traceparent"].as_str().unwrap();
    assert!(
        traceparent.starts_with(&format!("00-{TRACE}-")) && !traceparent.contains(PARENT),
        "{traceparent}"
    );
    // The log line of the handler tells the same trace.
    let log = greeter.log();
    let line = log.lines().find(|line| line.contains("greeted")).expect("a line of the handler");
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!((line["trace_id"].as_str(), line["level"].as_str()), (Some(TRACE), Some("INFO")));
}

#[tokio::test]
async fn spans_reach_the_collector_before_the_process_has_gone() {
    let collector = Collector::default();
    let url = collector.start().await;
    let mut greeter = Greeter::start_with(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &url),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
    ])
    .await;
    greeter.send("Greet", traced(&greeter)).await.unwrap();
    greeter.signal(Signal::TERM);
    assert!(greeter.ended().await.success());
    let received = collector.0.lock().unwrap();
    let resources: Vec<_> = received.iter().flat_map(|request| &request.resource_spans).collect();
    let spans: Vec<_> = resources.iter().flat_map(|r| &r.scope_spans).flat_map(|s| &s.spans).collect();
    let span =
        spans.iter().find(|span| span.name == "redress.greeter.v1.GreeterService/Greet").expect("the span");
    assert_eq!(span.trace_id, u128::from_str_radix(TRACE, 16).unwrap().to_be_bytes());
    assert_eq!(span.parent_span_id, u64::from_str_radix(PARENT, 16).unwrap().to_be_bytes());
    let resource = format!("{:?}", resources[0].resource);
    for part in ["redress-greeter", "service.instance.id", "deployment.environment.name"] {
        assert!(resource.contains(part), "{part} is missing in {resource}");
    }
}

/// Start, calls and end with a collector that is not there or says nothing, on one worker.
async fn unharmed_by(endpoint: &str) {
    let began = Instant::now();
    let mut greeter = Greeter::start_with(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("TOKIO_WORKER_THREADS", "1"),
        // Exports begin at once, not at the end only.
        ("OTEL_BSP_SCHEDULE_DELAY", "10"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "10"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "50"),
    ])
    .await;
    let started = began.elapsed();
    for _ in 0..300 {
        greeter.greet("").await;
    }
    let asked = Instant::now();
    greeter.signal(Signal::TERM);
    assert!(greeter.ended().await.success(), "{}", greeter.log());
    let left = asked.elapsed();
    assert!(started < Duration::from_secs(5) && left < Duration::from_secs(5), "{started:?} {left:?}");
}

#[tokio::test]
async fn a_hanging_collector_delays_neither_start_nor_calls_nor_end() {
    // Takes connections and never says a word.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let hanging = tokio::spawn(async move {
        let mut connections = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            connections.push(connection);
        }
    });
    unharmed_by(&endpoint).await;
    hanging.abort();
}

#[tokio::test]
async fn a_dead_collector_delays_neither_start_nor_calls_nor_end() {
    unharmed_by("http://127.0.0.1:9").await;
}

#[tokio::test]
async fn a_disabled_sdk_makes_no_spans_and_no_metrics() {
    let greeter = Greeter::start_with(&[("OTEL_SDK_DISABLED", "true")]).await;
    assert_eq!(greeter.greet("").await["traceparent"], Value::Null);
    assert!(!greeter.metrics().await.contains("rpc_server"));
}
