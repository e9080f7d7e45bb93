//! What people do: the body is the message; its name for itself is the header `Idempotency-Key`, and what the path names
//! may stand in the body again, but not otherwise.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use http::HeaderMap;
use redress_domain::{Problem, Violations};
use redress_proto::json::{self, Reading};
use redress_proto::sla::v1 as wire;
use redress_runtime::http::{Caller, ProblemResponse, RequestBody};
use serde::de::DeserializeOwned;

use super::{Answer, REQUEST_ID, refused};
use crate::App;
use crate::app::{calendars, escalations, extensions, milestones, policies};

pub(super) async fn request_extension(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(clock_id): Path<String>,
    headers: HeaderMap,
    RequestBody(body): RequestBody,
) -> Answer {
    let Reading { mut message, violations: mut found } = read::<wire::RequestExtensionRequest>(&body)?;
    tell(&mut message.request_id, key(&headers)?, REQUEST_ID, &mut found);
    tell(&mut message.clock_id, clock_id, "clockId", &mut found);
    let asked = extensions::request(&app.desk, &caller, message, found).await.map_err(refused)?;
    Ok(Json(asked).into_response())
}

pub(super) async fn decide_extension(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(extension_id): Path<String>,
    headers: HeaderMap,
    RequestBody(body): RequestBody,
) -> Answer {
    let Reading { mut message, violations: mut found } = read::<wire::DecideExtensionRequest>(&body)?;
    tell(&mut message.request_id, key(&headers)?, REQUEST_ID, &mut found);
    tell(&mut message.extension_id, extension_id, "extensionId", &mut found);
    let decided = extensions::decide(&app.desk, &caller, message, found).await.map_err(refused)?;
    Ok(Json(decided).into_response())
}

pub(super) async fn record_milestone(
    State(app): State<App>,
    Caller(caller): Caller,
    headers: HeaderMap,
    RequestBody(body): RequestBody,
) -> Answer {
    let Reading { mut message, violations: mut found } = read::<wire::RecordMilestoneRequest>(&body)?;
    tell(&mut message.request_id, key(&headers)?, REQUEST_ID, &mut found);
    let recorded = milestones::record(&app.desk, &caller, message, found).await.map_err(refused)?;
    Ok(Json(recorded).into_response())
}

pub(super) async fn publish_calendar(
    State(app): State<App>,
    Caller(caller): Caller,
    headers: HeaderMap,
    RequestBody(body): RequestBody,
) -> Answer {
    let Reading { mut message, violations: mut found } = read::<wire::PublishCalendarRequest>(&body)?;
    tell(&mut message.request_id, key(&headers)?, REQUEST_ID, &mut found);
    let published = calendars::publish(&app.desk, &caller, message, found).await.map_err(refused)?;
    Ok(Json(published).into_response())
}

pub(super) async fn publish_policy(
    State(app): State<App>,
    Caller(caller): Caller,
    headers: HeaderMap,
    RequestBody(body): RequestBody,
) -> Answer {
    let Reading { mut message, violations: mut found } = read::<wire::PublishClockPolicyRequest>(&body)?;
    tell(&mut message.request_id, key(&headers)?, REQUEST_ID, &mut found);
    let published = policies::publish(&app.desk, &caller, message, found).await.map_err(refused)?;
    Ok(Json(published).into_response())
}

pub(super) async fn acknowledge(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(ticket_id): Path<String>,
    headers: HeaderMap,
    RequestBody(body): RequestBody,
) -> Answer {
    let Reading { mut message, violations: mut found } = read::<wire::AcknowledgeEscalationRequest>(&body)?;
    tell(&mut message.request_id, key(&headers)?, REQUEST_ID, &mut found);
    tell(&mut message.ticket_id, ticket_id, "ticketId", &mut found);
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let taken_up = escalations::acknowledge(&app.desk, &caller, message).await.map_err(refused)?;
    Ok(Json(taken_up).into_response())
}

/// An empty body is an empty message.
fn read<M: DeserializeOwned + Default + prost::Name>(body: &[u8]) -> Result<Reading<M>, ProblemResponse> {
    if body.is_empty() {
        return Ok(Reading { message: M::default(), violations: Violations::default() });
    }
    json::read(body).map_err(|found| Problem::invalid(found).into())
}

fn key(headers: &HeaderMap) -> Result<String, ProblemResponse> {
    let Some(key) = headers.get("idempotency-key") else {
        let mut found = Violations::default();
        found.add("Idempotency-Key", "REQUIRED", "the header Idempotency-Key is mandatory");
        return Err(Problem::invalid(found).into());
    };
    Ok(String::from_utf8_lossy(key.as_bytes()).into_owned())
}

fn tell(field: &mut String, told: String, name: &str, found: &mut Violations) {
    if !field.is_empty() && *field != told {
        found.add_unless_known(name, "CONTRADICTION", "the body says otherwise than path or header");
    }
    *field = told;
}
