use std::borrow::Cow;
use std::time::Duration;

use crate::{ErrorKind, Violation, Violations};

/// A failure as it is told to a caller: the one form from which gRPC statuses and `application/problem+json` are made.
///
/// Carries no text of a database, broker or library: those are logged where they happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The kind, which decides status codes.
    pub kind: ErrorKind,
    /// Stable code for programs, upper snake case (`ErrorInfo.reason`, `reason` in JSON).
    pub reason: &'static str,
    /// A sentence for people.
    pub message: Cow<'static, str>,
    /// What is wrong with which field.
    pub violations: Vec<Violation>,
    /// After which time a repetition makes sense.
    pub retry_after: Option<Duration>,
    /// Further facts for programs (`ErrorInfo.metadata`); no personal data.
    pub metadata: Vec<(&'static str, String)>,
}

impl Problem {
    /// A problem without further detail.
    pub fn new(kind: ErrorKind, reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            reason,
            message: message.into(),
            violations: Vec::new(),
            retry_after: None,
            metadata: Vec::new(),
        }
    }

    /// The input does not fit: all that is wrong with it.
    pub fn invalid(violations: Violations) -> Self {
        Self {
            violations: violations.into_vec(),
            ..Self::new(ErrorKind::InvalidArgument, "INVALID_INPUT", "the request has fields that do not fit")
        }
    }

    /// There is nothing of that name that the caller may know of. The same answer for another tenant's thing.
    pub fn not_found() -> Self {
        Self::new(ErrorKind::NotFound, "NOT_FOUND", "there is nothing of that name")
    }

    /// The caller may not do this.
    pub fn permission_denied() -> Self {
        Self::new(ErrorKind::PermissionDenied, "PERMISSION_DENIED", "the caller lacks the right")
    }

    /// A dependency is away for now.
    pub fn unavailable(reason: &'static str, retry_after: Duration) -> Self {
        Self::new(ErrorKind::Unavailable, reason, "temporarily unavailable; repeat with the same key")
            .after(retry_after)
    }

    /// A defect on this side; the details are in the log under the request's trace.
    pub fn internal() -> Self {
        Self::new(ErrorKind::Internal, "INTERNAL", "an error on this side; it has been logged")
    }

    /// The same with a delay after which a repetition makes sense.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The same with a further fact for programs.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.metadata.push((key, value.into()));
        self
    }
}
