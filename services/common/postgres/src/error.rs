use redress_domain::ErrorKind;
use thiserror::Error;

/// What can go wrong outside a statement.
#[derive(Debug, Error)]
pub enum DbError {
    /// The configured URL is no connection string. It is not quoted here: it holds a password.
    #[error("the database url is no PostgreSQL connection string")]
    ConnectionString,
    /// A migration failed or does not fit what the database has seen.
    #[error("migrating the schema")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A statement failed.
    #[error("asking the database")]
    Database(#[from] sqlx::Error),
}

/// The name of the constraint that was violated, if one was.
pub fn constraint_of(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error()?.constraint()
}

/// What an error means to a caller, by its SQLSTATE.
pub fn kind_of(error: &sqlx::Error) -> ErrorKind {
    match error {
        sqlx::Error::RowNotFound => ErrorKind::NotFound,
        sqlx::Error::Database(database) => database.code().map_or(ErrorKind::Internal, |code| of_state(&code)),
        // This side waited for the answer as long as it may: see `Db` and `Db::run_tx`.
        sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => ErrorKind::DeadlineExceeded,
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        // The server went away in the middle of an answer.
        | sqlx::Error::Protocol(_)
        | sqlx::Error::BeginFailed => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    }
}

/// The kind of an SQLSTATE (PostgreSQL, appendix A).
fn of_state(state: &str) -> ErrorKind {
    match state {
        // Serialization failure, deadlock; division by zero is how a guarded statement says that somebody was faster.
        "40001" | "40P01" | "22012" => ErrorKind::Aborted,
        // Lock not available, and a lock or statement that took too long.
        "55P03" | "57014" => ErrorKind::DeadlineExceeded,
        // Idle-in-transaction timeout; read only after a failover.
        "25P03" | "25006" => ErrorKind::Unavailable,
        "23505" => ErrorKind::AlreadyExists,
        "23503" | "23514" | "23P01" => ErrorKind::FailedPrecondition,
        // Connection exceptions; insufficient resources; operator intervention; system errors.
        _ if ["08", "53", "57", "58"].iter().any(|class| state.starts_with(class)) => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    }
}

/// Whether the values are to blame, so that the same statement with others may well succeed: class 22 without 22012, by
/// which a guarded statement says that somebody was faster, and class 23; a row that is not there; a value that does not
/// encode.
///
/// A missing table or column, a right that was not granted, a defect of the server: none of them is a value's fault.
pub fn blames_values(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::RowNotFound | sqlx::Error::Encode(_) => true,
        sqlx::Error::Database(database) => database
            .code()
            .is_some_and(|state| state != "22012" && (state.starts_with("22") || state.starts_with("23"))),
        _ => false,
    }
}

/// An error in words that carry no row content: the server's own message may quote values.
pub fn summary_of(error: &sqlx::Error) -> String {
    let Some(database) = error.as_database_error() else {
        return match error {
            sqlx::Error::ColumnDecode { index, .. } => format!("column {index} does not decode"),
            sqlx::Error::Decode(_) => "a value does not decode".to_owned(),
            sqlx::Error::Encode(_) => "a value does not encode".to_owned(),
            other => other.to_string(),
        };
    };
    let mut text = format!("SQLSTATE {}", database.code().unwrap_or_default());
    for (what, name) in [("table", database.table()), ("constraint", database.constraint())] {
        if let Some(name) = name {
            text.extend([", ", what, " ", name]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_away_is_never_taken_for_a_defect() {
        for state in ["08006", "53300", "57P01", "57P02", "57P03", "57P04", "57P05", "58030", "25P03"] {
            assert_eq!(of_state(state), ErrorKind::Unavailable, "{state}");
        }
        for state in ["40001", "40P01", "22012"] {
            assert_eq!(of_state(state), ErrorKind::Aborted, "{state}");
        }
        assert_eq!(of_state("42P01"), ErrorKind::Internal);
        assert_eq!(kind_of(&sqlx::Error::PoolTimedOut), ErrorKind::Unavailable);
    }
}
