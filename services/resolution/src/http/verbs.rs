//! `POST /v1/resolutions/{id}:{verb}`: what parties do. The router knows no pattern for half a path segment, so the verb
//! is taken off here; each verb then passes the layer of its own RPC.

use std::convert::Infallible;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use redress_domain::{Problem, Violations};
use redress_proto::json::{self, Reading};
use redress_proto::resolution::v1 as wire;
use redress_runtime::http::{Caller, ProblemResponse, RequestBody, authorized};
use serde::de::DeserializeOwned;
use tower::{Layer, ServiceExt, service_fn};

use super::{Answer, REQUEST_ID, refused};
use crate::App;
use crate::app::commands::Act;
use crate::policy;

type Answered = BoxFuture<'static, Response>;
type Call = fn(App, String, Request) -> Answered;

pub(super) fn dispatch(State(app): State<App>, Path(target): Path<String>, request: Request) -> Answered {
    let Some((id, verb)) = target.rsplit_once(':') else { return not_found() };
    let id = id.to_owned();
    let (path, call): (_, Call) = match verb {
        "respondToOffer" => (policy::RESPOND_TO_OFFER, act::<wire::RespondToOfferRequest>),
        "requestIntervention" => (policy::REQUEST_INTERVENTION, act::<wire::RequestInterventionRequest>),
        "respondToResult" => (policy::RESPOND_TO_RESULT, act::<wire::RespondToResultRequest>),
        "fileAppeal" => (policy::FILE_APPEAL, act::<wire::FileAppealRequest>),
        "replyToAppeal" => (policy::REPLY_TO_APPEAL, act::<wire::ReplyToAppealRequest>),
        "requestHumanReview" => (policy::REQUEST_HUMAN_REVIEW, act::<wire::RequestHumanReviewRequest>),
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

fn act<M: Act + DeserializeOwned>(app: App, id: String, request: Request) -> Answered {
    Box::pin(async { execute::<M>(app, id, request).await.unwrap_or_else(IntoResponse::into_response) })
}

/// An empty body is an empty message. What path and header say counts; a body may say it again, but not otherwise.
async fn execute<M: Act + DeserializeOwned>(app: App, id: String, request: Request) -> Answer {
    let (mut head, body) = request.into_parts();
    let Caller(caller) = Caller::from_request_parts(&mut head, &()).await?;
    let mut found = Violations::default();
    let Some(key) = head.headers.get("idempotency-key") else {
        found.add("Idempotency-Key", "REQUIRED", "the header Idempotency-Key is mandatory");
        return Err(Problem::invalid(found).into());
    };
    let key = String::from_utf8_lossy(key.as_bytes()).into_owned();
    let RequestBody(body) = RequestBody::from_request(Request::from_parts(head, body), &()).await?;
    let Reading { mut message, violations } = if body.is_empty() {
        Reading { message: M::default(), violations: Violations::default() }
    } else {
        json::read::<M>(&body).map_err(Problem::invalid)?
    };
    found = violations;
    tell(message.request_id_mut(), key, REQUEST_ID, &mut found);
    tell(message.complaint_id_mut(), id, "complaintId", &mut found);
    let done = app.commands.execute(&caller, message, found).await.map_err(refused)?;
    Ok(Json(done).into_response())
}

fn tell(field: &mut String, told: String, name: &str, found: &mut Violations) {
    if !field.is_empty() && *field != told {
        found.add_unless_known(name, "CONTRADICTION", "the body says otherwise than path or header");
    }
    *field = told;
}

fn not_found() -> Answered {
    futures::future::ready(ProblemResponse(Problem::not_found()).into_response()).boxed()
}
