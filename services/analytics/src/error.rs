//! Everything that can go wrong in analytics, classified once.

use std::time::Duration;

use redress_domain::{ErrorKind, Problem};
use redress_postgres::{kind_of, summary_of};
use thiserror::Error;

use crate::store::Corrupt;

/// After which delay a caller should repeat while the database is away.
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
    /// Facts could not be written as CSV.
    #[error("writing CSV: {0}")]
    Csv(#[from] csv::Error),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Told(problem)
    }
}

impl Error {
    /// The kind, from which a consumer's disposition follows too.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Told(problem) => problem.kind,
            Self::Database(error) => kind_of(error),
            Self::Corrupt(_) | Self::Csv(_) => ErrorKind::Internal,
        }
    }

    /// What a caller is told. What is not the caller's matter is logged here, once, and told without its details.
    pub fn into_problem(self) -> Problem {
        let kind = self.kind();
        match self {
            Self::Told(problem) => problem,
            // The server broke the statement off: more facts than can be counted in a call's time.
            Self::Database(_) if kind == ErrorKind::DeadlineExceeded => {
                tracing::warn!("a question was broken off by the database's time limit");
                Problem::new(kind, "TOO_MUCH_ASKED", "counting took too long; ask for a shorter time")
            }
            other if kind == ErrorKind::Unavailable => {
                tracing::warn!(error = %other, "the database is away");
                Problem::unavailable("DEPENDENCY_UNAVAILABLE", RETRY_AFTER)
            }
            other => {
                tracing::error!(error = %other, "a call failed");
                Problem::internal()
            }
        }
    }
}
