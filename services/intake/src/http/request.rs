//! Reading the parts of a request that are no body.

use axum::extract::{FromRequestParts, RawQuery};
use http::HeaderMap;
use http::request::Parts;
use redress_domain::{Problem, Violations};
use redress_runtime::http::ProblemResponse;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The header that makes a mutating call repeatable; mandatory.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let given = headers.get("idempotency-key").map(|value| value.to_str().map(str::to_owned));
    let problem = match given {
        Some(Ok(key)) if !key.is_empty() => return Ok(key),
        Some(Err(_)) => ("MALFORMED", "1 to 128 visible ASCII characters are expected"),
        _ => ("REQUIRED", "the header Idempotency-Key is mandatory"),
    };
    let mut found = Violations::default();
    found.add("Idempotency-Key", problem.0, problem.1);
    Err(Problem::invalid(found))
}

/// A message whose fields stand in the query string. The same rules as for a body: what does not fit is told at once.
pub(super) struct Query<M>(pub(super) M);

impl<S: Send + Sync, M: DeserializeOwned + prost::Name + Send> FromRequestParts<S> for Query<M> {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        let RawQuery(query) = RawQuery::from_request_parts(parts, state).await.unwrap_or(RawQuery(None));
        let fields: Map<String, Value> = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect();
        let body = Value::Object(fields).to_string();
        let reading = redress_proto::json::read::<M>(body.as_bytes()).map_err(Problem::invalid)?;
        if reading.violations.is_empty() {
            Ok(Self(reading.message))
        } else {
            Err(Problem::invalid(reading.violations).into())
        }
    }
}
