use std::collections::HashMap;
use std::time::Duration;

use redress_domain::{ErrorKind, Problem};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

/// `ErrorInfo.domain` of every error of this platform.
const DOMAIN: &str = "redress";

/// The status of a problem: `ErrorInfo` always, `BadRequest` with violations, `RetryInfo` with a delay.
pub fn status(problem: Problem) -> Status {
    let metadata: HashMap<String, String> =
        problem.metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let mut details = ErrorDetails::with_error_info(problem.reason, DOMAIN, metadata);
    if !problem.violations.is_empty() {
        let violations = problem.violations.into_iter().map(|violation| FieldViolation {
            field: violation.field,
            description: violation.description.into_owned(),
            reason: violation.reason.to_owned(),
            localized_message: None,
        });
        details.set_bad_request(violations.collect::<Vec<_>>());
    }
    if let Some(delay) = problem.retry_after {
        details.set_retry_info(Some(delay));
    }
    Status::with_error_details(Code::from(problem.kind.grpc_code()), problem.message, details)
}

/// A problem as another process told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The kind.
    pub kind: ErrorKind,
    /// The stable code, upper snake case.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
    /// What is wrong with which field.
    pub violations: Vec<ReceivedViolation>,
    /// After which time a repetition makes sense.
    pub retry_after: Option<Duration>,
    /// Further facts for programs.
    pub metadata: HashMap<String, String>,
}

/// One field's problem as another process told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedViolation {
    /// The field's path.
    pub field: String,
    /// The stable code, upper snake case.
    pub reason: String,
    /// A sentence for people.
    pub description: String,
}

/// The problem in a status of this platform; `None` for any other status.
pub fn problem_of(status: &Status) -> Option<Received> {
    let details = status.check_error_details().ok()?;
    let info = details.error_info().filter(|info| info.domain == DOMAIN)?;
    let violations = details.bad_request().map_or(&[][..], |bad| &bad.field_violations);
    Some(Received {
        kind: ErrorKind::from_grpc_code(status.code().into())?,
        reason: info.reason.clone(),
        message: status.message().to_owned(),
        violations: violations
            .iter()
            .map(|violation| ReceivedViolation {
                field: violation.field.clone(),
                reason: violation.reason.clone(),
                description: violation.description.clone(),
            })
            .collect(),
        retry_after: details.retry_info().and_then(|info| info.retry_delay),
        metadata: info.metadata.clone(),
    })
}

#[cfg(test)]
mod tests {
    use redress_domain::Violations;

    use super::*;

    #[test]
    fn a_problem_of_each_kind_survives_the_way_through_a_status() {
        for kind in ErrorKind::ALL {
            let mut violations = Violations::default();
            violations.add("respondents[0].kind", "UNKNOWN", "no such kind");
            let sent = Problem {
                kind,
                violations: violations.into_vec(),
                ..Problem::new(kind, "SOME_REASON", "a sentence")
                    .after(Duration::from_millis(250))
                    .with("complaint", "c1")
            };
            let received = problem_of(&status(sent)).unwrap();
            assert_eq!(received.kind, kind);
            assert_eq!((received.reason.as_str(), received.message.as_str()), ("SOME_REASON", "a sentence"));
            assert_eq!(received.retry_after, Some(Duration::from_millis(250)));
            assert_eq!(received.metadata["complaint"], "c1");
            let violation = &received.violations[0];
            assert_eq!(violation.field, "respondents[0].kind");
            assert_eq!(
                (violation.reason.as_str(), violation.description.as_str()),
                ("UNKNOWN", "no such kind")
            );
        }
    }

    #[test]
    fn a_status_of_someone_else_is_no_problem_of_ours() {
        assert_eq!(problem_of(&Status::unavailable("proxy")), None);
        let details = ErrorDetails::with_error_info("R", "elsewhere.example", HashMap::new());
        assert_eq!(problem_of(&Status::with_error_details(Code::NotFound, "m", details)), None);
    }
}
