use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt as _};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use opentelemetry::KeyValue;
use redress_domain::Problem;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::{code_name, undecodable};
use crate::Rpc;
use crate::admission::Admission;
use crate::expiry::{UntilExpiry, expired};
use crate::telemetry;

/// Services that are open to everyone: probes and, where switched on, reflection.
const OPEN: [&str; 2] = ["/grpc.health.v1.Health/", "/grpc.reflection."];

/// What every call passes: span, policy, token, room, deadline, duration.
#[derive(Clone)]
pub(crate) struct CallLayer(pub(crate) Arc<Admission>);

impl<S> Layer<S> for CallLayer {
    type Service = CallService<S>;

    fn layer(&self, inner: S) -> CallService<S> {
        CallService { admission: Arc::clone(&self.0), inner }
    }
}

#[derive(Clone)]
pub(crate) struct CallService<S> {
    admission: Arc<Admission>,
    inner: S,
}

impl<S> Service<Request<Body>> for CallService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The clone takes the place of the one that was polled ready.
        let next = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, next);
        if OPEN.iter().any(|open| request.uri().path().starts_with(open)) {
            return inner_call(inner, request).boxed();
        }
        observed(Arc::clone(&self.admission), inner, request).boxed()
    }
}

async fn inner_call<S>(mut inner: S, request: Request<Body>) -> Result<Response<Body>, Infallible>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    inner.call(request).await
}

async fn observed<S>(
    admission: Arc<Admission>,
    inner: S,
    request: Request<Body>,
) -> Result<Response<Body>, Infallible>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let began = Instant::now();
    let rpc = admission.rpc(request.uri().path());
    // Paths are a caller's text: only those of the policy become names of spans and series.
    let method = rpc.map_or("_OTHER", |rpc| rpc.method());
    let span = tracing::info_span!(
        "rpc",
        otel.name = method,
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.system.name = "grpc",
        rpc.method = method,
        rpc.response.status_code = Empty,
        error.r#type = Empty,
    );
    if let Some(context) = telemetry::extract(request.headers()) {
        telemetry::parent(&span, &context);
    }
    let response = match admitted(&admission, rpc, inner, request).instrument(span.clone()).await {
        Ok(response) => response,
        Err(problem) => super::status(problem).into_http(),
    };
    record(&span, method, code_of(&response), began);
    Ok(response)
}

async fn admitted<S>(
    admission: &Admission,
    rpc: Option<Rpc>,
    mut inner: S,
    mut request: Request<Body>,
) -> Result<Response<Body>, Problem>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let admitted = admission.admit(rpc, request.headers()).await?;
    admitted.tell(request.extensions_mut());
    if rpc.is_some_and(|rpc| admission.policy.is_upload(rpc)) {
        request = request.map(|body| Body::new(body.map_err(broken_off)));
    }
    let until = admitted.proved_until();
    let Ok(response) = admitted.bounded(inner.call(request)).await?;
    match Status::from_header_map(response.headers()) {
        Some(status) => Ok(undecodable::told(&status).unwrap_or(response)),
        None => Ok(response.map(|body| Body::new(UntilExpiry::new(body, until, expiry_trailers)))),
    }
}

/// A caller that resets its stream is told to handlers as a stream that failed. tonic takes CANCELLED there for the
/// stream's end: half of a file would count as a whole one.
fn broken_off(status: Status) -> Status {
    match status.code() {
        Code::Cancelled => Status::aborted("the caller broke the stream off"),
        _ => status,
    }
}

fn expiry_trailers() -> Option<http::HeaderMap> {
    let mut trailers = http::HeaderMap::new();
    super::status(expired()).add_header(&mut trailers).ok()?;
    Some(trailers)
}

/// A handler's error stands in the headers; a stream that fails later has been answered OK here.
pub(super) fn code_of(response: &Response<Body>) -> Code {
    Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code())
}

fn record(span: &Span, method: &'static str, code: Code, began: Instant) {
    let name = code_name(code);
    span.record("rpc.response.status_code", name);
    let mut attributes = vec![
        KeyValue::new("rpc.system.name", "grpc"),
        KeyValue::new("rpc.method", method),
        KeyValue::new(telemetry::RPC_STATUS, name),
    ];
    // Of the server's errors only these are its own fault; the others say something about the call.
    let fault = matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    );
    if fault {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", name);
        attributes.push(KeyValue::new("error.type", name));
    }
    telemetry::RPC_DURATION.record(began.elapsed().as_secs_f64(), &attributes);
}
