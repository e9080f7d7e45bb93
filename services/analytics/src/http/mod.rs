//! The HTTP edge: the JSON form of the same messages, under the same policy rows as the RPCs.

mod openapi;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use redress_domain::Problem;
use redress_proto::analytics::v1 as wire;
use redress_runtime::http::{Caller, ProblemResponse, authorized};
use serde::de::DeserializeOwned;

use crate::App;
use crate::error::Error;
use crate::policy;

type Answer = Result<Response, ProblemResponse>;

/// All routes.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/v1/metrics", get(metrics).layer(authorized(policy::QUERY)))
        .route("/v1/metrics/definitions", get(definitions).layer(authorized(policy::DEFINITIONS)))
        .route("/v1/metrics/cases", get(cases).layer(authorized(policy::DRILL_DOWN)))
        .route("/v1/facts.csv", get(export).layer(authorized(policy::EXPORT)))
        .route("/v1/facts/{complaintId}", get(case).layer(authorized(policy::CASE_FACTS)))
        .route("/openapi.json", get(openapi::document))
        .with_state(app)
}

async fn definitions(State(app): State<App>) -> Response {
    Json(app.questions.definitions()).into_response()
}

async fn metrics(State(app): State<App>, Caller(caller): Caller, RawQuery(query): RawQuery) -> Answer {
    let answer = app.questions.query(&caller, asked(query.as_deref())?).await.map_err(Error::into_problem)?;
    Ok(Json(answer).into_response())
}

async fn cases(State(app): State<App>, Caller(caller): Caller, RawQuery(query): RawQuery) -> Answer {
    let answer =
        app.questions.drill_down(&caller, asked(query.as_deref())?).await.map_err(Error::into_problem)?;
    Ok(Json(answer).into_response())
}

async fn case(State(app): State<App>, Caller(caller): Caller, Path(complaint_id): Path<String>) -> Answer {
    let request = wire::GetCaseFactsRequest { complaint_id };
    let facts = app.questions.case(&caller, &request).await.map_err(Error::into_problem)?;
    Ok(Json(facts).into_response())
}

/// A failure within the file breaks the transfer off, so that half a file is not taken for a whole one.
async fn export(State(app): State<App>, Caller(caller): Caller, RawQuery(query): RawQuery) -> Answer {
    let request: wire::ExportDatasetRequest = asked(query.as_deref())?;
    let chunks = app.questions.export(&caller, &request).map_err(Error::into_problem)?;
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=facts.csv")];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

/// The message whose fields stand in the query string.
fn asked<M: DeserializeOwned + prost::Name>(query: Option<&str>) -> Result<M, ProblemResponse> {
    let message = redress_proto::json::read_query(query.unwrap_or_default());
    message.map_err(|found| Problem::invalid(found).into())
}
