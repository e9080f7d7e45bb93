//! Everything that can go wrong in classification, classified once.

use std::borrow::Cow;
use std::time::Duration;

use redress_domain::{Disposition, ErrorKind, Problem};
use redress_outbox::{Call, HandlerError};
use redress_postgres::{TransactionError, constraint_of, kind_of, summary_of};
use redress_proto::personal::Undecodable;
use redress_vault::VaultError;
use thiserror::Error;
use tokio::task::JoinError;

use crate::store::Corrupt;

/// After which delay a caller should repeat while a dependency is away.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Keys at which two batches meet that both are right.
const MET: [&str; 2] = ["complaint_pkey", "incident_member_complaint_key"];

/// What can go wrong.
#[derive(Debug, Error)]
pub enum Error {
    /// Something the caller is told as it is.
    #[error("{}", .0.message)]
    Told(Problem),
    /// The database failed.
    #[error("database: {}", summary_of(.0))]
    Database(#[from] sqlx::Error),
    /// Opening a sealed text failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// An opened field does not read.
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
    /// A stored value does not read.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// Something on this side is not as it must be.
    #[error("{0}")]
    Defect(Cow<'static, str>),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Told(problem)
    }
}

impl TransactionError for Error {
    fn database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}

/// What a failure means to the kit.
impl From<Error> for HandlerError {
    fn from(error: Error) -> Self {
        match error {
            // Two batches met at a complaint: the one that comes second reads what the first wrote, and goes on.
            Error::Database(error) if MET.iter().any(|met| constraint_of(&error) == Some(*met)) => {
                Self::Conflict("another batch wrote the same complaint or member".into())
            }
            Error::Database(error) => error.into(),
            other if other.kind().disposition() == Disposition::Retry => {
                Self::Unavailable(other.to_string().into())
            }
            other => Self::poison(other.to_string()),
        }
    }
}

impl Error {
    /// A delivery was applied whose text was not read before.
    pub(crate) const fn unprepared() -> Self {
        Self::Defect(Cow::Borrowed("a delivery was applied without having been prepared"))
    }

    /// An assessment of our own lacks a label.
    pub(crate) const fn unlabelled() -> Self {
        Self::Defect(Cow::Borrowed("an assessment lacks a label"))
    }

    /// Reading texts ended without a result. The panic's message may quote a text, so it is not told.
    pub(crate) fn unread(_: JoinError) -> Self {
        Self::Defect(Cow::Borrowed("reading a text failed"))
    }

    /// The kind, from which a consumer's disposition follows too.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Told(problem) => problem.kind,
            Self::Database(error) => kind_of(error),
            Self::Vault(error) => error.kind(),
            Self::Corrupt(_) | Self::Undecodable(_) | Self::Defect(_) => ErrorKind::Internal,
        }
    }

    /// What a caller is told. What is not the caller's matter is logged here, once, and told without its details.
    pub fn into_problem(self) -> Problem {
        let kind = self.kind();
        if let Self::Told(problem) = self {
            return problem;
        }
        // The lock on what a call changes keeps its twins apart: whoever meets here gave two calls one name.
        if self.database().and_then(constraint_of) == Some(Call::CONSTRAINT) {
            return Call::reused();
        }
        match kind {
            ErrorKind::Unavailable | ErrorKind::DeadlineExceeded => {
                tracing::warn!(error = %self, "a dependency is away");
                Problem::unavailable("DEPENDENCY_UNAVAILABLE", RETRY_AFTER)
            }
            ErrorKind::Aborted | ErrorKind::AlreadyExists => Problem::new(
                ErrorKind::Aborted,
                "CONCURRENT_CHANGE",
                "somebody else was faster; read again and repeat",
            ),
            _ => {
                tracing::error!(error = %self, "a call failed");
                Problem::internal()
            }
        }
    }
}
