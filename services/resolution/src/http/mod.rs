//! The HTTP edge for parties: the JSON form of the same messages, under the same policy rows as the RPCs.

mod openapi;
mod verbs;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use redress_runtime::http::{Caller, ProblemResponse, authorized};

use crate::App;
use crate::error::Error;
use crate::policy;

type Answer = Result<Response, ProblemResponse>;

/// All routes.
pub fn routes(app: App) -> Router {
    let one = get(one).layer(authorized(policy::GET));
    Router::new()
        .route("/v1/resolutions/{id}", one.post(verbs::dispatch))
        .route("/openapi.json", get(openapi::document))
        .with_state(app)
}

async fn one(State(app): State<App>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    Ok(Json(app.queries.get(&caller, &id).await.map_err(refused)?).into_response())
}

/// The field of the messages that over HTTP is the header `Idempotency-Key`.
const REQUEST_ID: &str = "requestId";

/// A call's failure. What is wrong with the request id is told under the header's name.
fn refused(error: Error) -> ProblemResponse {
    let mut problem = error.into_problem();
    for violation in &mut problem.violations {
        if violation.field == REQUEST_ID {
            "Idempotency-Key".clone_into(&mut violation.field);
        }
    }
    problem.into()
}
