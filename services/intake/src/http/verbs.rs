//! `POST /v1/complaints/{id}:{verb}`: the mutating calls on one complaint.
//!
//! The router knows no pattern for half a path segment, so the verb is taken off here; each verb then passes the layer
//! of its own RPC.

use std::convert::Infallible;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use prost::Name;
use redress_domain::{Principal, Problem};
use redress_proto::intake::v1 as wire;
use redress_runtime::http::{Caller, ProblemResponse, RequestBody, authorized};
use serde::de::DeserializeOwned;
use tower::{Layer, ServiceExt, service_fn};

use super::{Answer, request};
use crate::App;
use crate::error::Error;
use crate::policy;

type Answered = BoxFuture<'static, Response>;
type Call = fn(App, String, Request) -> Answered;

pub(super) fn dispatch(State(app): State<App>, Path(target): Path<String>, request: Request) -> Answered {
    let Some((id, verb)) = target.rsplit_once(':') else { return not_found() };
    let id = id.to_owned();
    let (path, call): (_, Call) = match verb {
        "supplyCompletion" => (policy::SUPPLY_COMPLETION, supply_completion),
        "decideAdmissibility" => (policy::DECIDE_ADMISSIBILITY, decide_admissibility),
        "withdraw" => (policy::WITHDRAW, withdraw),
        _ => return not_found(),
    };
    let service = service_fn(move |request: Request| {
        let answered = call(app.clone(), id.clone(), request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    authorized(path)
        .layer(service)
        .oneshot(request)
        .map(|answer| match answer {
            Ok(response) => response,
        })
        .boxed()
}

fn supply_completion(app: App, id: String, request: Request) -> Answered {
    Box::pin(async move {
        answer(async {
            let (caller, key, message) = parts::<wire::SupplyCompletionRequest>(request).await?;
            let message = wire::SupplyCompletionRequest { request_id: key, complaint_id: id, ..message };
            shown(app.commands.supply_completion(&caller, message).await)
        })
        .await
    })
}

fn decide_admissibility(app: App, id: String, request: Request) -> Answered {
    Box::pin(async move {
        answer(async {
            let (caller, key, message) = parts::<wire::DecideAdmissibilityRequest>(request).await?;
            let message = wire::DecideAdmissibilityRequest { request_id: key, complaint_id: id, ..message };
            shown(app.commands.decide_admissibility(&caller, message).await)
        })
        .await
    })
}

fn withdraw(app: App, id: String, request: Request) -> Answered {
    Box::pin(async move {
        answer(async {
            let (caller, key, message) = parts::<wire::WithdrawComplaintRequest>(request).await?;
            let message = wire::WithdrawComplaintRequest { request_id: key, complaint_id: id, ..message };
            shown(app.commands.withdraw(&caller, message).await)
        })
        .await
    })
}

async fn answer(call: impl Future<Output = Answer>) -> Response {
    call.await.unwrap_or_else(IntoResponse::into_response)
}

fn shown(outcome: Result<wire::Complaint, Error>) -> Answer {
    Ok(Json(outcome.map_err(Error::into_problem)?).into_response())
}

/// Caller, key and body of a call. An empty body is an empty message.
async fn parts<M>(request: Request) -> Result<(Principal, String, M), ProblemResponse>
where
    M: DeserializeOwned + Name + Default,
{
    let (mut head, body) = request.into_parts();
    let Caller(caller) = Caller::from_request_parts(&mut head, &()).await?;
    let key = request::idempotency_key(&head.headers)?;
    let RequestBody(body) = RequestBody::from_request(Request::from_parts(head, body), &()).await?;
    if body.is_empty() {
        return Ok((caller, key, M::default()));
    }
    let reading = redress_proto::json::read::<M>(&body).map_err(Problem::invalid)?;
    if !reading.violations.is_empty() {
        return Err(Problem::invalid(reading.violations).into());
    }
    Ok((caller, key, reading.message))
}

fn not_found() -> Answered {
    futures::future::ready(ProblemResponse(Problem::not_found()).into_response()).boxed()
}
