//! `GET /v1/clocks:watch`: clocks that come near their due time, as server-sent events.
//!
//! There is nothing to go on from: whoever connects again is told again of what is near.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use redress_domain::Problem;
use redress_proto::json::Reading;
use redress_proto::sla::v1 as wire;
use redress_runtime::http::{Caller, ProblemResponse};

use super::{asked, refused};
use crate::App;
use crate::error::Error;

/// How events are named.
const NEAR: &str = "clock";

pub(super) async fn stream(
    State(app): State<App>,
    Caller(caller): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ProblemResponse> {
    let Reading { message, violations } = asked::<wire::WatchDueSoonRequest>(query.as_deref())?;
    if !violations.is_empty() {
        return Err(Problem::invalid(violations).into());
    }
    let clocks = app.due_soon.watch(&caller, message).map_err(refused)?;
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(told(clocks)).keep_alive(alive).into_response())
}

/// A failure ends the stream; whoever watches connects again.
fn told(
    clocks: impl Stream<Item = Result<wire::WatchDueSoonResponse, Error>> + Send + 'static,
) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
    clocks.take_while(|clock| futures::future::ready(clock.is_ok())).filter_map(|near| async move {
        let data = serde_json::to_string(&near.ok()?.clock?).ok()?;
        Some(Ok(Event::default().event(NEAR).data(data)))
    })
}
