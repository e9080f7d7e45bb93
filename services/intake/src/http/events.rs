//! `GET /v1/complaints/{id}/events`: the changes of a complaint as server-sent events.
//!
//! The id of an event is the version it led to, so a browser that reconnects goes on where it left off.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use http::{HeaderMap, StatusCode};
use redress_proto::intake::v1 as wire;
use redress_runtime::http::{Caller, ProblemResponse};

use crate::App;
use crate::error::Error;

pub(super) async fn stream(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ProblemResponse> {
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let request = wire::WatchComplaintRequest { complaint_id: id, after_version: seen.unwrap_or_default() };
    let Some(changes) = app.watch.watch(&caller, request).await.map_err(Error::into_problem)? else {
        // The one answer after which a browser does not connect again.
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(told(changes)).keep_alive(alive).into_response())
}

/// A failure ends the stream; the browser reconnects.
fn told(
    changes: impl Stream<Item = Result<wire::HistoryEntry, Error>> + Send + 'static,
) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
    changes.take_while(|change| futures::future::ready(change.is_ok())).filter_map(|change| async move {
        let entry = change.ok()?;
        let data = serde_json::to_string(&entry).ok()?;
        Some(Ok(Event::default().id(entry.version.to_string()).event(entry.event).data(data)))
    })
}
