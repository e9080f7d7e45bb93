use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus::Registry;
use serde_json::json;

use super::Readiness;
use crate::telemetry::prometheus_text;

/// `/livez`, `/readyz` and `/metrics`, for the installation's own network only.
pub(crate) fn router(readiness: Readiness, registry: Registry) -> axum::Router {
    axum::Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(metrics).with_state(registry))
}

async fn readyz(State(readiness): State<Readiness>) -> impl IntoResponse {
    let failing = readiness.failing();
    let status = if failing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": failing.is_empty(), "failing": failing })))
}

async fn metrics(State(registry): State<Registry>) -> Result<impl IntoResponse, StatusCode> {
    let text = prometheus_text(&registry).map_err(|error| {
        tracing::error!(%error, "metrics could not be written");
        StatusCode::INTERNAL_SERVER_ERROR
    })?;
    Ok(([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text))
}
