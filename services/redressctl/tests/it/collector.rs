use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use redress_devstack::free_port;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use crate::world::{Ctl, Ended, World};

/// Takes traces and keeps none.
struct Collector;

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        _: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn look(intake: &str, collector: &str) -> Ended {
    Ctl::new(&["doctor", "intake", "-o", "json"])
        .with("REDRESSCTL_AT", &format!("intake=http://{intake}"))
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", collector)
        .run()
        .await
}

fn level(ended: &Ended) -> Value {
    let report = ended.json();
    let mut findings = report["findings"].as_array().unwrap().iter();
    findings.find(|finding| finding["check"] == "collector").unwrap()["level"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_is_what_takes_an_export_not_what_listens() {
    let world = World::shared().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = Server::builder().add_service(TraceServiceServer::new(Collector));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let well = look(&world.at.grpc, &url).await;
    assert_eq!((level(&well), well.code), ("ok".into(), 0), "{well:?}");
    for other in [format!("http://{}", world.at.grpc), format!("http://127.0.0.1:{}", free_port())] {
        let ended = look(&world.at.grpc, &other).await;
        assert_eq!((level(&ended), ended.code), ("problem".into(), 1), "{other}: {ended:?}");
    }
}
