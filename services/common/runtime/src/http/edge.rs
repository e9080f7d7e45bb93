use std::sync::Arc;

use axum::Extension;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use opentelemetry::KeyValue;
use redress_domain::{ErrorKind, Problem};
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::ProblemResponse;
use crate::admission::Admission;
use crate::telemetry;

/// A service's router with what every HTTP edge has: admission within reach of its routes, problems in one form also
/// where no route fits, a span and a duration per call.
pub(crate) fn edge(routes: axum::Router, admission: Arc<Admission>) -> axum::Router {
    routes
        .fallback(async || ProblemResponse(Problem::not_found()))
        .method_not_allowed_fallback(async || {
            ProblemResponse(Problem::new(
                ErrorKind::InvalidArgument,
                "METHOD_NOT_ALLOWED",
                "this path does not take this method",
            ))
        })
        .layer(Extension(admission))
        .layer(from_fn(observed))
}

async fn observed(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = method_name(request.method());
    // The pattern, not the path: paths hold ids.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "_OTHER".into(), |path| path.as_str().to_owned());
    let span = tracing::info_span!(
        "http",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        url.scheme = "http",
        http.response.status_code = Empty,
        error.r#type = Empty,
    );
    if let Some(context) = telemetry::extract(request.headers()) {
        telemetry::parent(&span, &context);
    }
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    let mut attributes = vec![
        KeyValue::new("http.request.method", method),
        KeyValue::new("http.route", route),
        KeyValue::new("url.scheme", "http"),
        KeyValue::new("http.response.status_code", i64::from(status.as_u16())),
    ];
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", status.as_str());
        attributes.push(KeyValue::new("error.type", status.as_str().to_owned()));
    }
    telemetry::HTTP_DURATION.record(began.elapsed().as_secs_f64(), &attributes);
    response
}

/// Methods are a caller's text; only known ones become names.
fn method_name(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    }
}
