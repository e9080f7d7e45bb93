//! Calls to servers of somebody else's, each as a part of the trace that it belongs to.

use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt as _};
use http::{Request, Response};
use tonic::Code;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint, Error};
use tower::Service;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::code_name;
use super::layer::code_of;
use crate::telemetry;

/// The server at `endpoint`; nothing is connected before the first call.
///
/// Every client of a service is made of this, so that the other side's spans join the trace of what caused the call.
pub fn connect(endpoint: &Endpoint) -> TracedChannel {
    TracedChannel(endpoint.connect_lazy())
}

/// A channel whose calls are spans and carry their W3C context. Clones share the connection.
#[derive(Debug, Clone)]
pub struct TracedChannel(Channel);

impl Service<Request<Body>> for TracedChannel {
    type Response = Response<Body>;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Response<Body>, Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The generated client's path: a method of a contract, and nobody's text.
        let method = request.uri().path().trim_start_matches('/');
        let span = tracing::info_span!(
            "call",
            otel.name = method,
            otel.kind = "client",
            otel.status_code = Empty,
            rpc.system.name = "grpc",
            rpc.method = method,
            rpc.response.status_code = Empty,
            error.r#type = Empty,
        );
        if let Some(context) = telemetry::context_of(&span) {
            context.write(request.headers_mut());
        }
        let answer = self.0.call(request);
        let observed = async move {
            let answer = answer.await;
            record(&Span::current(), answer.as_ref().map_or(Code::Unavailable, code_of));
            answer
        };
        observed.instrument(span).boxed()
    }
}

/// To a client every status but OK is an error.
fn record(span: &Span, code: Code) {
    let name = code_name(code);
    span.record("rpc.response.status_code", name);
    if code != Code::Ok {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", name);
    }
}
