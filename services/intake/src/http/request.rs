//! Reading a request, and telling all that is wrong with it at once: key, form and rules note what they find in one list.

use axum::extract::{FromRequestParts, RawQuery};
use http::HeaderMap;
use http::request::Parts;
use redress_domain::{Problem, Violations};
use redress_proto::json::{self, Reading};
use redress_runtime::http::ProblemResponse;
use serde::de::DeserializeOwned;

use crate::app::accept::name_of_call;
use crate::error::Error;

/// The field of the messages that over HTTP is the header `Idempotency-Key`.
pub(super) const REQUEST_ID: &str = "requestId";

/// The header that makes a mutating call repeatable; mandatory. What is not ASCII is no key, and is told so.
pub(super) fn idempotency_key(headers: &HeaderMap, found: &mut Violations) -> String {
    let Some(value) = headers.get("idempotency-key") else {
        found.add(REQUEST_ID, "REQUIRED", "the header Idempotency-Key is mandatory");
        return String::new();
    };
    let key = String::from_utf8_lossy(value.as_bytes()).into_owned();
    name_of_call(&key, found);
    key
}

/// What a body says, as far as it can be read; `found` learns what does not fit.
pub(super) fn body<M>(bytes: &[u8], found: &mut Violations) -> Result<M, ProblemResponse>
where
    M: DeserializeOwned + prost::Name,
{
    let (message, unfit) = match json::read(bytes) {
        Ok(Reading { message, violations }) => (Some(message), violations),
        Err(violations) => (None, violations),
    };
    for violation in unfit.into_vec() {
        found.add(violation.field, violation.reason, violation.description);
    }
    message.ok_or_else(|| refused(Problem::invalid(std::mem::take(found)).into()))
}

/// A call's failure. Over HTTP the request id stands in a header, so what is wrong with it is told under the header's name.
pub(super) fn refused(error: Error) -> ProblemResponse {
    let mut problem = error.into_problem();
    for violation in &mut problem.violations {
        if violation.field == REQUEST_ID {
            "Idempotency-Key".clone_into(&mut violation.field);
        }
    }
    problem.into()
}

/// A message whose fields stand in the query string, under the same rules as a body.
pub(super) struct Query<M>(pub(super) Reading<M>);

impl<S: Send + Sync, M: DeserializeOwned + prost::Name + Send> FromRequestParts<S> for Query<M> {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        let RawQuery(query) = RawQuery::from_request_parts(parts, state).await.unwrap_or(RawQuery(None));
        let reading = json::reading_of_query(query.as_deref().unwrap_or_default());
        reading.map(Self).map_err(|found| Problem::invalid(found).into())
    }
}
