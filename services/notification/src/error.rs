//! Everything that can go wrong in notification, classified once.

use std::time::Duration;

use redress_domain::{ErrorKind, Problem};
use redress_outbox::Call;
use redress_postgres::{TransactionError, constraint_of, kind_of, summary_of};
use redress_vault::VaultError;
use thiserror::Error;

use crate::domain::templates::Unwritable;
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
    /// Sealing or opening failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A stored value does not read.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// A letter could not be written.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
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

impl Error {
    /// The kind, from which a consumer's disposition follows too.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Told(problem) => problem.kind,
            Self::Database(error) => kind_of(error),
            // Keys are given out with a tenant's admission: without them it is none of this installation's.
            Self::Vault(VaultError::UnknownTenant(_)) => ErrorKind::PermissionDenied,
            Self::Vault(error) => error.kind(),
            Self::Corrupt(_) | Self::Unwritable(_) => ErrorKind::Internal,
        }
    }

    /// What a caller is told. What is not the caller's matter is logged here, once, and told without its details.
    pub fn into_problem(self) -> Problem {
        let kind = self.kind();
        match self {
            Self::Told(problem) => return problem,
            // The lock on what a call changes keeps its twins apart: whoever meets here gave two calls one name.
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
            ErrorKind::PermissionDenied => {
                Problem::new(kind, "TENANT_UNKNOWN", "this installation has no such tenant")
            }
            ErrorKind::Aborted | ErrorKind::AlreadyExists => {
                Problem::new(ErrorKind::Aborted, "CONCURRENT_CHANGE", "somebody else was faster; repeat")
                    .after(RETRY_AFTER)
            }
            _ => {
                tracing::error!(error = %self, "a call failed");
                Problem::internal()
            }
        }
    }
}
