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
use redress_domain::{Principal, Problem, Violations};
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
    answer(async move {
        let (caller, message, found) = parts(id, request).await?;
        shown(app.commands.supply_completion(&caller, message, found).await)
    })
}

fn decide_admissibility(app: App, id: String, request: Request) -> Answered {
    answer(async move {
        let (caller, message, found) = parts(id, request).await?;
        shown(app.commands.decide_admissibility(&caller, message, found).await)
    })
}

fn withdraw(app: App, id: String, request: Request) -> Answered {
    answer(async move {
        let (caller, message, found) = parts(id, request).await?;
        shown(app.commands.withdraw(&caller, message, found).await)
    })
}

fn answer(call: impl Future<Output = Answer> + Send + 'static) -> Answered {
    Box::pin(async { call.await.unwrap_or_else(IntoResponse::into_response) })
}

fn shown(outcome: Result<wire::Complaint, Error>) -> Answer {
    Ok(Json(outcome.map_err(request::refused)?).into_response())
}

/// A message of which path and header tell a part.
trait Verb: DeserializeOwned + Name + Default {
    /// The request id, which stands in the header.
    fn request_id(&mut self) -> &mut String;
    /// The complaint, which stands in the path.
    fn complaint_id(&mut self) -> &mut String;
}

macro_rules! verbs {
    ($($message:ident),+) => {$(
        impl Verb for wire::$message {
            fn request_id(&mut self) -> &mut String {
                &mut self.request_id
            }

            fn complaint_id(&mut self) -> &mut String {
                &mut self.complaint_id
            }
        }
    )+};
}

verbs!(SupplyCompletionRequest, DecideAdmissibilityRequest, WithdrawComplaintRequest);

/// Caller and message of a call, and what is wrong with it so far. An empty body is an empty message.
async fn parts<M: Verb>(id: String, request: Request) -> Result<(Principal, M, Violations), ProblemResponse> {
    let (mut head, body) = request.into_parts();
    let Caller(caller) = Caller::from_request_parts(&mut head, &()).await?;
    let mut found = Violations::default();
    let key = request::idempotency_key(&head.headers, &mut found);
    let RequestBody(body) = RequestBody::from_request(Request::from_parts(head, body), &()).await?;
    let mut message = if body.is_empty() { M::default() } else { request::body::<M>(&body, &mut found)? };
    tell(message.request_id(), key, request::REQUEST_ID, &mut found);
    tell(message.complaint_id(), id, "complaintId", &mut found);
    Ok((caller, message, found))
}

/// What path and header say counts. A body may say it again, but not otherwise.
fn tell(field: &mut String, told: String, name: &str, found: &mut Violations) {
    if !field.is_empty() && *field != told {
        found.add_unless_known(name, "CONTRADICTION", "the body says otherwise than path or header");
    }
    *field = told;
}

fn not_found() -> Answered {
    futures::future::ready(ProblemResponse(Problem::not_found()).into_response()).boxed()
}
