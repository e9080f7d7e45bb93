use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use redress_domain::{ErrorKind, Problem};
use serde_json::{Value, json};

/// A problem as the answer of an HTTP call (RFC 9457).
///
/// Members: `type`, `title`, `status`, `detail`, `reason`, and where there are such `violations`, `retryAfterMs`,
/// `metadata`. The header `Retry-After` carries the delay in whole seconds, rounded up.
#[derive(Debug)]
pub struct ProblemResponse(pub Problem);

impl From<Problem> for ProblemResponse {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for ProblemResponse {
    fn into_response(self) -> Response {
        let problem = self.0;
        let status = status_of(&problem);
        let mut body = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": problem.message,
            "reason": problem.reason,
        });
        if !problem.violations.is_empty() {
            let violations = problem.violations.iter().map(|violation| {
                json!({
                    "field": violation.field,
                    "reason": violation.reason,
                    "description": violation.description,
                })
            });
            body["violations"] = violations.collect();
        }
        if !problem.metadata.is_empty() {
            body["metadata"] = problem
                .metadata
                .iter()
                .map(|(key, value)| ((*key).to_owned(), Value::from(value.as_str())))
                .collect();
        }
        if let Some(delay) = problem.retry_after {
            body["retryAfterMs"] = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX).into();
        }
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(delay) = problem.retry_after {
            let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if problem.kind == ErrorKind::Unauthenticated {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// HTTP tells some things apart that are one kind here.
fn status_of(problem: &Problem) -> StatusCode {
    match problem.reason {
        "BODY_TOO_LARGE" => StatusCode::PAYLOAD_TOO_LARGE,
        "METHOD_NOT_ALLOWED" => StatusCode::METHOD_NOT_ALLOWED,
        _ => StatusCode::from_u16(problem.kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use redress_domain::Violations;

    use super::*;

    #[tokio::test]
    async fn violations_and_the_delay_stand_in_the_body_and_the_delay_rounded_up_in_the_header() {
        let mut violations = Violations::default();
        violations.add("text", "TOO_LONG", "at most 20,000 characters");
        let problem = Problem::invalid(violations).after(Duration::from_millis(1200)).with("limit", "20000");
        let response = ProblemResponse(problem).into_response();
        assert_eq!(
            (response.status().as_u16(), &response.headers()[RETRY_AFTER]),
            (400, &HeaderValue::from(2))
        );
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&body).unwrap(),
            json!({
                "type": "about:blank",
                "title": "Bad Request",
                "status": 400,
                "detail": "the request has fields that do not fit",
                "reason": "INVALID_INPUT",
                "violations": [
                    { "field": "text", "reason": "TOO_LONG", "description": "at most 20,000 characters" },
                ],
                "metadata": { "limit": "20000" },
                "retryAfterMs": 1200,
            })
        );
    }
}
