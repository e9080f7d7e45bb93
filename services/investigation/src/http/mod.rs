//! The HTTP edge for parties: what is asked of them, more time, what they should bring, and the course of events. Each
//! route stands under the policy row of the RPC that it mirrors.

mod openapi;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::HeaderMap;
use redress_domain::{Problem, Violations};
use redress_proto::investigation::v1 as wire;
use redress_runtime::http::{Caller, ProblemResponse, authorized};
use serde::Deserialize;

use crate::App;
use crate::app::{checklist, requests, timeline};
use crate::error::Error;
use crate::policy;

/// All routes.
pub fn routes(app: App) -> Router {
    let listed = authorized(policy::LIST_EVIDENCE_REQUESTS);
    Router::new()
        .route("/v1/evidence-requests", get(list_mine).layer(listed))
        .route("/v1/complaints/{complaint_id}/evidence-requests", get(list_of_complaint).layer(listed))
        .route(
            "/v1/complaints/{complaint_id}/evidence-requests/{evidence_request_id}/extension",
            post(extend).layer(authorized(policy::EXTEND_EVIDENCE_REQUEST)),
        )
        .route(
            "/v1/complaints/{complaint_id}/checklist",
            get(get_checklist).layer(authorized(policy::GET_CHECKLIST)),
        )
        .route(
            "/v1/complaints/{complaint_id}/timeline",
            get(get_timeline).layer(authorized(policy::GET_TIMELINE)),
        )
        .route("/openapi.json", get(openapi::document))
        .with_state(app)
}

/// Which page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Page {
    #[serde(default)]
    page_size: i32,
    #[serde(default)]
    page_token: String,
}

type Answer = Result<Response, ProblemResponse>;

async fn list_mine(State(app): State<App>, Caller(caller): Caller, Query(page): Query<Page>) -> Answer {
    list(&app, &caller, String::new(), page).await
}

async fn list_of_complaint(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(complaint_id): Path<String>,
    Query(page): Query<Page>,
) -> Answer {
    list(&app, &caller, complaint_id, page).await
}

async fn list(app: &App, caller: &redress_domain::Principal, complaint_id: String, page: Page) -> Answer {
    let Page { page_size, page_token } = page;
    let request = wire::ListEvidenceRequestsRequest { complaint_id, page_size, page_token };
    let found = requests::list(&app.desk, caller, &request).await.map_err(Error::into_problem)?;
    Ok(Json(found).into_response())
}

async fn extend(
    State(app): State<App>,
    Caller(caller): Caller,
    Path((complaint_id, evidence_request_id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let request_id = idempotency_key(&headers)?;
    let request = wire::ExtendEvidenceRequestRequest { request_id, complaint_id, evidence_request_id };
    let extended = requests::extend(&app.desk, &caller, request).await.map_err(Error::into_problem)?;
    Ok(Json(extended).into_response())
}

async fn get_checklist(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(complaint_id): Path<String>,
) -> Answer {
    let request = wire::GetChecklistRequest { complaint_id, ..wire::GetChecklistRequest::default() };
    let found = checklist::get(&app.desk, &caller, &request).await.map_err(Error::into_problem)?;
    Ok(Json(found).into_response())
}

async fn get_timeline(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(complaint_id): Path<String>,
    Query(page): Query<Page>,
) -> Answer {
    let Page { page_size, page_token } = page;
    let request = wire::GetTimelineRequest { complaint_id, page_size, page_token };
    let found = timeline::get(&app.desk, &caller, &request).await.map_err(Error::into_problem)?;
    Ok(Json(found).into_response())
}

/// The call's name, as the header `Idempotency-Key`.
fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let value = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    value.map(str::to_owned).ok_or_else(|| {
        let mut found = Violations::default();
        found.add("Idempotency-Key", "REQUIRED", "the header names the call");
        Problem::invalid(found)
    })
}
