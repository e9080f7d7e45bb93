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
use redress_domain::{Principal, Problem, Violations};
use redress_proto::intake::v1 as wire;
use redress_runtime::http::{Caller, ProblemResponse, RequestBody, authorized};
use serde::de::DeserializeOwned;
use tower::{Layer, ServiceExt, service_fn};

use super::{Answer, request};
use crate::App;
use crate::app::commands::CaseCommand;
use crate::policy;

type Answered = BoxFuture<'static, Response>;
type Call = fn(App, String, Request) -> Answered;

/// The verbs, each with its RPC.
const VERBS: &[(&str, &str, Call)] = &[
    ("supplyCompletion", policy::SUPPLY_COMPLETION, run::<wire::SupplyCompletionRequest>),
    ("decideAdmissibility", policy::DECIDE_ADMISSIBILITY, run::<wire::DecideAdmissibilityRequest>),
    ("withdraw", policy::WITHDRAW, run::<wire::WithdrawComplaintRequest>),
    ("requestReview", policy::REQUEST_REVIEW, run::<wire::RequestRefusalReviewRequest>),
    ("merge", policy::MERGE, run::<wire::MergeComplaintsRequest>),
    ("unmerge", policy::UNMERGE, run::<wire::UnmergeComplaintRequest>),
    ("refer", policy::REFER, run::<wire::ReferExternallyRequest>),
    ("recordOutcome", policy::RECORD_OUTCOME, run::<wire::RecordReferralOutcomeRequest>),
    ("suspend", policy::SUSPEND, run::<wire::SuspendCaseRequest>),
    ("resume", policy::RESUME, run::<wire::ResumeCaseRequest>),
    ("reopen", policy::REOPEN, run::<wire::ReopenComplaintRequest>),
    ("transfer", policy::TRANSFER, run::<wire::TransferComplaintRequest>),
    ("escalate", policy::ESCALATE, run::<wire::EscalateComplaintRequest>),
    ("splitMatter", policy::SPLIT_MATTER, run::<wire::SplitMatterRequest>),
];

pub(super) fn dispatch(State(app): State<App>, Path(target): Path<String>, request: Request) -> Answered {
    let Some((id, verb)) = target.rsplit_once(':') else { return not_found() };
    let Some(&(_, path, call)) = VERBS.iter().find(|(name, ..)| *name == verb) else { return not_found() };
    let id = id.to_owned();
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

/// Any command, from its JSON form.
fn run<C: CaseCommand + DeserializeOwned>(app: App, id: String, request: Request) -> Answered {
    Box::pin(async move { answer::<C>(app, id, request).await.unwrap_or_else(IntoResponse::into_response) })
}

async fn answer<C: CaseCommand + DeserializeOwned>(app: App, id: String, request: Request) -> Answer {
    let (caller, command, found) = parts::<C>(id, request).await?;
    let complaint = app.commands.run(&caller, command, found).await.map_err(request::refused)?;
    Ok(Json(complaint).into_response())
}

/// Caller and message of a call, and what is wrong with it so far. An empty body is an empty message.
async fn parts<C>(id: String, request: Request) -> Result<(Principal, C, Violations), ProblemResponse>
where
    C: CaseCommand + DeserializeOwned,
{
    let (mut head, body) = request.into_parts();
    let Caller(caller) = Caller::from_request_parts(&mut head, &()).await?;
    let mut found = Violations::default();
    let key = request::idempotency_key(&head.headers, &mut found);
    let RequestBody(body) = RequestBody::from_request(Request::from_parts(head, body), &()).await?;
    let mut message = if body.is_empty() { C::default() } else { request::body::<C>(&body, &mut found)? };
    tell(message.request_id_mut(), key, request::REQUEST_ID, &mut found);
    tell(message.complaint_id_mut(), id, "complaintId", &mut found);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_is_named_once_and_leads_to_an_rpc_of_its_own_with_a_row() {
        for (index, (verb, path, _)) in VERBS.iter().enumerate() {
            assert!(VERBS[..index].iter().all(|(other, of, _)| other != verb && of != path), "{verb}");
            assert!(policy::POLICY.iter().any(|row| row.path == *path), "{verb}");
        }
    }
}
