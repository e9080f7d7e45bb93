//! Whether the OpenTelemetry collector takes traces.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use redress_runtime::grpc::ClientTls;
use tonic::{Code, Request, Status};

use super::finding::{Finding, Level};
use super::{LIMIT, unnamed};
use crate::context::Context;

const CHECK: &str = "collector";

/// Sends an export of nothing, as services send theirs: a port that merely listens would not answer it.
pub(super) async fn look(context: &Context) -> Vec<Finding> {
    let Some(url) = &context.settings.collector else {
        return vec![unnamed(CHECK, "OpenTelemetry", "collector")];
    };
    // Telemetry holds no personal data: it may go in clear.
    let tls = ClientTls { allow_plaintext: true, ..ClientTls::default() };
    let endpoint = match tls.endpoint(url) {
        Ok(endpoint) => endpoint,
        Err(error) => {
            let wrong = Finding::new(CHECK, url, Level::Problem, format!("cannot be asked: {error:#}"));
            return vec![
                wrong.remedy("Correct collector.url in the settings file, or OTEL_EXPORTER_OTLP_ENDPOINT."),
            ];
        }
    };
    let mut client = TraceServiceClient::new(endpoint.connect_timeout(LIMIT).connect_lazy());
    let mut request = Request::new(ExportTraceServiceRequest::default());
    request.set_timeout(LIMIT);
    vec![judge(url, client.export(request).await.map(drop))]
}

fn judge(url: &str, answer: Result<(), Status>) -> Finding {
    match answer {
        Ok(()) => Finding::new(CHECK, url, Level::Ok, "takes traces"),
        Err(status) if status.code() == Code::Unimplemented => {
            Finding::new(CHECK, url, Level::Problem, "answers and takes no traces by gRPC").remedy(
                "Add the receiver otlp with protocols.grpc and a pipeline of traces to the collector.",
            )
        }
        Err(status) => {
            let message = format!("does not take traces: {} {}", status.code(), status.message());
            Finding::new(CHECK, url, Level::Problem, message).remedy(
                "Check that the collector runs and that the address is that of OTLP by gRPC (usually port 4317). Services \
                 go on without it.",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_takes_an_export_is_a_collector() {
        assert!(judge("u", Ok(())).is(Level::Ok));
        assert!(judge("u", Err(Status::unimplemented(""))).text().contains("receiver otlp"));
        assert!(judge("u", Err(Status::unavailable("refused"))).text().contains("4317"));
    }
}
