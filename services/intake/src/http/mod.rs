//! The HTTP edge: the JSON form of the same messages, under the same policy rows as the RPCs.

mod events;
mod openapi;
mod request;
mod verbs;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use http::{HeaderMap, StatusCode};
use redress_domain::Violations;
use redress_proto::intake::v1 as wire;
use redress_proto::json::Reading;
use redress_proto::types::v1::Submission;
use redress_runtime::Deadline;
use redress_runtime::http::{Caller, ProblemResponse, RequestBody, authorized};

use crate::App;
use crate::policy;

type Answer = Result<Response, ProblemResponse>;

/// All routes.
pub fn routes(app: App) -> Router {
    let submit = axum::routing::post(submit).layer(authorized(policy::SUBMIT));
    let list = get(list).layer(authorized(policy::LIST));
    let one = get(one).layer(authorized(policy::GET));
    let events = get(events::stream).layer(authorized(policy::WATCH));
    Router::new()
        .route("/v1/complaints", submit.merge(list))
        .route("/v1/complaints/{id}", one.post(verbs::dispatch))
        .route("/v1/complaints/{id}/events", events)
        .route("/openapi.json", get(openapi::document))
        .with_state(app)
}

async fn submit(
    State(app): State<App>,
    Caller(caller): Caller,
    Extension(deadline): Extension<Deadline>,
    headers: HeaderMap,
    RequestBody(body): RequestBody,
) -> Answer {
    let mut found = Violations::default();
    let key = request::idempotency_key(&headers, &mut found);
    let submission = request::body::<Submission>(&body, &mut found)?;
    let accepted = app
        .accept
        .accept(&caller, &key, submission, found, Some(deadline.0))
        .await
        .map_err(request::refused)?;
    Ok((StatusCode::ACCEPTED, Json(wire::SubmitComplaintResponse::from(&accepted))).into_response())
}

async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    request::Query(Reading { message, violations }): request::Query<wire::ListComplaintsRequest>,
) -> Answer {
    let page = app.queries.list(&caller, message, violations).await.map_err(request::refused)?;
    Ok(Json(page).into_response())
}

async fn one(State(app): State<App>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    // Whoever reads a number from a letter may paste it where the id goes.
    let request = match uuid::Uuid::try_parse(&id) {
        Ok(_) => wire::GetComplaintRequest { complaint_id: id, complaint_no: String::new() },
        Err(_) => wire::GetComplaintRequest { complaint_id: String::new(), complaint_no: id },
    };
    let complaint = app.queries.get(&caller, request).await.map_err(request::refused)?;
    Ok(Json(complaint).into_response())
}
