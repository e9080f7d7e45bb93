//! The HTTP edge: the JSON form of the same messages, under the same policy rows as the RPCs.

mod acts;
mod openapi;
mod watch;

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use redress_domain::{Problem, Violations};
use redress_proto::json::{Reading, reading_of_query};
use redress_proto::sla::v1 as wire;
use redress_runtime::http::{Caller, ProblemResponse, RequestBody, authorized};

use crate::App;
use crate::app::{calendars, clocks, escalations, explain, preview};
use crate::domain::preview::decode;
use crate::error::Error;
use crate::policy;

type Answer = Result<Response, ProblemResponse>;

/// All routes.
pub fn routes(app: App) -> Router {
    let calendar = get(calendar).layer(authorized(policy::GET_CALENDAR));
    Router::new()
        .route("/v1/deadlines:preview", post(preview_deadline).layer(authorized(policy::PREVIEW_DEADLINE)))
        .route("/v1/clocks", get(list).layer(authorized(policy::LIST_CLOCKS)))
        .route("/v1/clocks:watch", get(watch::stream).layer(authorized(policy::WATCH_DUE_SOON)))
        .route("/v1/clocks/{clockId}/deadline", get(deadline).layer(authorized(policy::EXPLAIN_DEADLINE)))
        .route("/v1/clocks/{clockId}/policy", get(explained).layer(authorized(policy::EXPLAIN_POLICY)))
        .route(
            "/v1/clocks/{clockId}/extensions",
            post(acts::request_extension).layer(authorized(policy::REQUEST_EXTENSION)),
        )
        .route(
            "/v1/extensions/{extensionId}/decision",
            post(acts::decide_extension).layer(authorized(policy::DECIDE_EXTENSION)),
        )
        .route("/v1/milestones", post(acts::record_milestone).layer(authorized(policy::RECORD_MILESTONE)))
        .route("/v1/calendars/{calendarId}", calendar)
        .route("/v1/calendars", post(acts::publish_calendar).layer(authorized(policy::PUBLISH_CALENDAR)))
        .route("/v1/clock-policies", post(acts::publish_policy).layer(authorized(policy::PUBLISH_POLICY)))
        .route("/v1/escalations", get(listed_escalations).layer(authorized(policy::LIST_ESCALATIONS)))
        .route(
            "/v1/escalations/{ticketId}/acknowledgement",
            post(acts::acknowledge).layer(authorized(policy::ACKNOWLEDGE)),
        )
        .route("/openapi.json", get(openapi::document))
        .with_state(app)
}

/// The contract's very shapes: the answer keeps the offsets of the calendar's zone.
async fn preview_deadline(
    State(app): State<App>,
    Caller(caller): Caller,
    headers: HeaderMap,
    RequestBody(body): RequestBody,
) -> Answer {
    let language = preview::language(headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()));
    let request = decode(&body).map_err(Problem::invalid)?;
    let answer = preview::answer(&app.desk, &caller, &request, language).await.map_err(refused)?;
    Ok(Json(answer).into_response())
}

async fn list(State(app): State<App>, Caller(caller): Caller, RawQuery(query): RawQuery) -> Answer {
    let Reading { message, violations } = asked::<wire::ListClocksRequest>(query.as_deref())?;
    Ok(Json(clocks::list(&app.desk, &caller, message, violations).await.map_err(refused)?).into_response())
}

async fn deadline(State(app): State<App>, Caller(caller): Caller, Path(clock_id): Path<String>) -> Answer {
    let request = wire::ExplainDeadlineRequest { clock_id };
    Ok(Json(explain::deadline(&app.desk, &caller, &request).await.map_err(refused)?).into_response())
}

async fn explained(State(app): State<App>, Caller(caller): Caller, Path(clock_id): Path<String>) -> Answer {
    let request = wire::ExplainPolicyRequest { clock_id };
    Ok(Json(explain::policy(&app.desk, &caller, &request).await.map_err(refused)?).into_response())
}

async fn calendar(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(calendar_id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let Reading { message, violations } = asked::<wire::GetCalendarRequest>(query.as_deref())?;
    if !violations.is_empty() {
        return Err(Problem::invalid(violations).into());
    }
    let request = wire::GetCalendarRequest { calendar_id, ..message };
    Ok(Json(calendars::get(&app.desk, &caller, &request).await.map_err(refused)?).into_response())
}

async fn listed_escalations(
    State(app): State<App>,
    Caller(caller): Caller,
    RawQuery(query): RawQuery,
) -> Answer {
    let Reading { message, violations } = asked::<wire::ListEscalationsRequest>(query.as_deref())?;
    if !violations.is_empty() {
        return Err(Problem::invalid(violations).into());
    }
    Ok(Json(escalations::list(&app.desk, &caller, &message).await.map_err(refused)?).into_response())
}

/// The message whose fields stand in the query string.
fn asked<M: serde::de::DeserializeOwned + prost::Name>(
    query: Option<&str>,
) -> Result<Reading<M>, ProblemResponse> {
    reading_of_query(query.unwrap_or_default()).map_err(|found: Violations| Problem::invalid(found).into())
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
