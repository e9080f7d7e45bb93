//! Everything that can go wrong in sla, classified once.

use std::borrow::Cow;
use std::time::Duration;

use redress_domain::{Disposition, ErrorKind, Problem};
use redress_outbox::{Call, HandlerError};
use redress_postgres::{TransactionError, constraint_of, kind_of, summary_of};
use thiserror::Error;

use crate::domain::course::Fault;
use crate::store::Corrupt;

/// After which delay a caller should repeat while a dependency is away.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// What can go wrong.
#[derive(Debug, Error)]
pub enum Error {
    /// Something the caller is told as it is.
    #[error("{}", .0.message)]
    Told(Problem),
    /// The database failed.
    #[error("database: {}", summary_of(.0))]
    Database(#[from] sqlx::Error),
    /// A stored value does not read.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// The clocks of a case cannot be computed.
    #[error(transparent)]
    Clocks(#[from] Fault),
    /// More was heard of a complaint than its clocks are computed from.
    #[error("more than {} facts were heard of a complaint", crate::store::fact::MOST)]
    Crowded,
    /// The complaint ended longer ago than complaints are kept, and its facts are gone.
    #[error("the complaint is forgotten: it ended longer ago than complaints are kept")]
    Forgotten,
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
            Error::Database(error) => error.into(),
            other if other.kind().disposition() == Disposition::Retry => {
                Self::Unavailable(other.to_string().into())
            }
            other => Self::poison(other.to_string()),
        }
    }
}

impl Error {
    /// The kind, from which a consumer's disposition follows too.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Told(problem) => problem.kind,
            Self::Database(error) => kind_of(error),
            Self::Corrupt(_) | Self::Clocks(_) | Self::Crowded | Self::Forgotten | Self::Defect(_) => {
                ErrorKind::Internal
            }
        }
    }

    /// What failed, as a code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Told(_) => "refused",
            Self::Database(_) => "database",
            Self::Corrupt(_) => "unreadable",
            Self::Clocks(_) => "clocks",
            Self::Crowded => "crowded",
            Self::Forgotten => "forgotten",
            Self::Defect(_) => "defect",
        }
    }

    /// What a caller is told. What is not the caller's matter is logged here, once, and told without its details.
    pub fn into_problem(self) -> Problem {
        let kind = self.kind();
        match self {
            Self::Told(problem) => return problem,
            Self::Database(ref error) if constraint_of(error) == Some(Call::CONSTRAINT) => {
                return Call::reused();
            }
            _ => {}
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
