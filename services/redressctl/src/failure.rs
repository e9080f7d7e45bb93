//! What went wrong, as a sentence with what to do about it, and the exit code that says of what kind it was.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use redress_domain::Violations;
use redress_runtime::grpc::{code_name, problem_of};
use serde::Serialize;
use tonic::{Code, Status};

use crate::installation::Service;

/// The kinds, each with its exit code. 0 is success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The service refused, or what was asked for was found wanting.
    Refused,
    /// The arguments, the settings or a file do not fit.
    Usage,
    /// Nobody answered, or a dependency of the service is away: the same call may succeed later.
    Unreachable,
}

impl Kind {
    pub(crate) const fn exit(self) -> u8 {
        match self {
            Self::Refused => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
        }
    }
}

/// One field of a request or a file that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names that programs read, as the services tell them")]
pub(crate) struct Field {
    pub(crate) field: String,
    pub(crate) reason: String,
    pub(crate) description: String,
}

/// A failure. Boxed, since it is rare and large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure(Box<Told>);

/// What is told of it. As JSON these are the keys of the object `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Told {
    #[serde(skip)]
    pub(crate) kind: Kind,
    /// The gRPC code's name; empty where no service was asked.
    pub(crate) code: &'static str,
    /// The service's reason code; empty where there is none.
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) remedy: String,
    pub(crate) fields: Vec<Field>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_ms: Option<u64>,
}

impl Failure {
    /// The arguments, the settings or a file do not fit.
    pub(crate) fn usage(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::plain(Kind::Usage, message, remedy)
    }

    /// A request was refused, not by a service's status.
    pub(crate) fn refused(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::plain(Kind::Refused, message, remedy)
    }

    fn plain(kind: Kind, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self(Box::new(Told {
            kind,
            code: "",
            reason: String::new(),
            message: message.into(),
            remedy: remedy.into(),
            fields: Vec::new(),
            retry_after_ms: None,
        }))
    }

    /// A file does not have the form of its message.
    pub(crate) fn of_file(file: &str, violations: &Violations) -> Self {
        let mut failure = Self::usage(
            format!("{file} does not have the form that is expected"),
            "Correct the fields named below; proto/ describes them, and names may be written orderNo or order_no.",
        );
        failure.0.fields = violations
            .iter()
            .map(|violation| Field {
                field: violation.field.clone(),
                reason: violation.reason.to_owned(),
                description: violation.description.to_string(),
            })
            .collect();
        failure
    }

    /// What `service` at `url` answered, or that it did not.
    pub(crate) fn of_status(service: Service, url: &str, status: &Status) -> Self {
        let received = problem_of(status);
        let code = status.code();
        let kind = match code {
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => Kind::Unreachable,
            _ => Kind::Refused,
        };
        let name = service.name();
        let Some(received) = received else {
            let (message, remedy) = of_no_service(name, url, status);
            let mut failure = Self::plain(kind, message, remedy);
            failure.0.code = code_name(code);
            return failure;
        };
        let retry_after = received.retry_after;
        Self(Box::new(Told {
            kind,
            code: code_name(code),
            remedy: remedy(code, &received.reason, retry_after),
            reason: received.reason,
            message: match kind {
                Kind::Unreachable => format!("{name} cannot do it now: {}", received.message),
                _ => format!("{name} refused: {}", received.message),
            },
            fields: received
                .violations
                .into_iter()
                .map(|violation| Field {
                    field: violation.field,
                    reason: violation.reason,
                    description: violation.description,
                })
                .collect(),
            retry_after_ms: retry_after.map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
        }))
    }

    /// The same with a remedy that the command knows better.
    #[must_use]
    pub(crate) fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.0.remedy = remedy.into();
        self
    }

    pub(crate) fn told(&self) -> &Told {
        &self.0
    }

    pub(crate) fn exit(&self) -> ExitCode {
        self.0.kind.exit().into()
    }

    /// Whether the service said that there is nothing of that name.
    pub(crate) fn is_not_found(&self) -> bool {
        self.0.code == code_name(Code::NotFound)
    }

    /// After which time a repetition makes sense, if the service said so.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after_ms.map(Duration::from_millis)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = &self.0;
        write!(f, "error: {}", told.message)?;
        match (told.code, told.reason.as_str()) {
            ("", _) => {}
            (code, "") => write!(f, " ({code})")?,
            (code, reason) => write!(f, " ({code}, {reason})")?,
        }
        for field in &told.fields {
            let name = if field.field.is_empty() { "the whole" } else { &field.field };
            write!(f, "\n  {name}: {} ({})", field.description, field.reason)?;
        }
        if !told.remedy.is_empty() {
            write!(f, "\n{}", told.remedy)?;
        }
        Ok(())
    }
}

/// Sentence and remedy for an answer that none of the platform's services wrote: a transport's, a proxy's.
fn of_no_service(name: &str, url: &str, status: &Status) -> (String, String) {
    match status.code() {
        Code::Unavailable => (
            format!("{name} does not answer at {url}: {}", cause(status)),
            format!(
                "Check that {name} runs and that the address is right: --at {name}=URL, REDRESSCTL_AT or the \
                 section [services] of the settings file. `redressctl doctor` looks at all of them."
            ),
        ),
        Code::DeadlineExceeded | Code::Cancelled => (
            format!("{name} at {url} did not answer in time; the outcome is unknown"),
            "Repeat the call (with the same --request-id, where it has one), or give it more time: --timeout SECONDS."
                .to_owned(),
        ),
        Code::Unimplemented => (
            format!("{name} at {url} does not know this call"),
            format!("The address is another service's, or {name} is older than this redressctl: compare the versions."),
        ),
        _ => (
            format!("what answers at {url} is none of the platform's services: {}", status.message()),
            format!("Check the address of {name}: --at {name}=URL."),
        ),
    }
}

/// The innermost cause of a transport's failure: the outer ones say only that there is one.
fn cause(status: &Status) -> String {
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(status);
    let mut text = status.message().to_owned();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}

fn remedy(code: Code, reason: &str, retry_after: Option<Duration>) -> String {
    let again = |what: &str| match retry_after {
        Some(delay) => format!("{what} after {} ms.", delay.as_millis()),
        None => format!("{what}."),
    };
    match (code, reason) {
        (Code::Unauthenticated, "TOKEN_MISSING") => {
            "Give a token: --token-file FILE, the variable REDRESSCTL_TOKEN, or token_file in the settings file.".into()
        }
        (Code::Unauthenticated, "TOKEN_EXPIRED") => "Get a fresh token from your identity provider.".into(),
        (Code::Unauthenticated, _) => {
            "Check that the token is for this installation: issuer and audience must be those of runtime.auth in the \
             service's configuration."
                .into()
        }
        (Code::PermissionDenied, "OPERATOR_REQUIRED") => {
            "An administrator of the installation's operator may do this: the tenant named by \
             runtime.auth.operator_tenant."
                .into()
        }
        (Code::PermissionDenied, _) => "Use a token with a role that may do this.".into(),
        (Code::NotFound, "BEING_REGISTERED") => again("It was accepted and is being registered: repeat"),
        (Code::NotFound, _) => {
            "Check the id or number, and whether the token's holder may see it: strangers' things look like none.".into()
        }
        (Code::AlreadyExists, "IDEMPOTENCY_KEY_REUSED") => {
            "The same --request-id was used for other content: take a new one, or send the same content.".into()
        }
        (Code::Aborted, _) => "Somebody else was faster: read again, then decide again.".into(),
        (Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange, _) => {
            "Correct what is named above.".into()
        }
        (Code::ResourceExhausted, _) => again("Repeat"),
        (Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled, _) => {
            again("The outcome may be unknown: repeat with the same --request-id, where the command has one,")
        }
        (Code::Internal | Code::Unknown | Code::DataLoss, _) => {
            "Look at the service's log at this time; `redressctl doctor` looks at what it stands on.".into()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use redress_domain::{ErrorKind, Problem};
    use redress_runtime::grpc::status;

    use super::*;

    fn told(status: &Status) -> Failure {
        Failure::of_status(Service::Intake, "http://127.0.0.1:7001", status)
    }

    #[test]
    fn what_a_service_refuses_is_told_with_its_codes_its_fields_and_what_to_do() {
        let mut violations = Violations::default();
        violations.add("submission.text", "REQUIRED", "must not be empty");
        let failure = told(&status(Problem::invalid(violations)));
        assert_eq!(failure.told().kind.exit(), 1);
        let text = failure.to_string();
        for part in
            ["INVALID_ARGUMENT, INVALID_INPUT", "submission.text: must not be empty (REQUIRED)", "Correct"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn silence_and_a_dependency_that_is_away_are_unreachable_and_say_where() {
        let silent = told(&Status::unavailable("connection refused"));
        assert_eq!(silent.told().kind, Kind::Unreachable);
        assert!(
            silent.to_string().contains("http://127.0.0.1:7001")
                && silent.to_string().contains("--at intake=URL")
        );
        let away = told(&status(Problem::unavailable("LOG_UNAVAILABLE", Duration::from_millis(500))));
        assert_eq!((away.told().kind.exit(), away.told().reason.as_str()), (3, "LOG_UNAVAILABLE"));
        assert_eq!(away.retry_after(), Some(Duration::from_millis(500)));
        assert_eq!(told(&Status::cancelled("Timeout expired")).told().kind.exit(), 3);
    }

    #[test]
    fn a_token_that_is_missing_or_too_weak_is_told_apart() {
        let missing = Problem::new(ErrorKind::Unauthenticated, "TOKEN_MISSING", "a bearer token is required");
        assert!(told(&status(missing)).to_string().contains("REDRESSCTL_TOKEN"));
        let weak = told(&status(Problem::permission_denied()));
        assert!(weak.to_string().contains("role") && weak.told().kind == Kind::Refused);
    }

    #[test]
    fn as_json_the_keys_are_those_that_programs_read() {
        let failure = told(&status(Problem::not_found().after(Duration::from_millis(200))));
        let json = serde_json::to_value(failure.told()).unwrap();
        assert_eq!(json["code"], "NOT_FOUND");
        assert_eq!(json["reason"], "NOT_FOUND");
        assert_eq!(json["retryAfterMs"], 200);
        assert!(json["message"].is_string() && json["remedy"].is_string() && json["fields"].is_array());
    }
}
