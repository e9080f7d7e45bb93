//! The HTTP edge: assessing as a dry run, under the same policy row as the RPC.

mod openapi;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use redress_domain::Problem;
use redress_proto::types::v1::Submission;
use redress_runtime::http::{Caller, ProblemResponse, RequestBody, authorized};

use crate::App;
use crate::app::preview::preview;
use crate::error::Error;
use crate::policy;

/// All routes.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/v1/assessments:preview", post(assess).layer(authorized(policy::ASSESS)))
        .route("/openapi.json", get(openapi::document))
        .with_state(app)
}

async fn assess(
    State(app): State<App>,
    Caller(caller): Caller,
    RequestBody(body): RequestBody,
) -> Result<Response, ProblemResponse> {
    let reading = redress_proto::json::read::<Submission>(&body).map_err(Problem::invalid)?;
    let assessed = preview(&app.assessor, &caller, reading.message, reading.violations).await;
    Ok(Json(assessed.map_err(Error::into_problem)?).into_response())
}
