use thiserror::Error;

/// Why Redis gave no answer. To a caller both mean "nothing remembered"; only the second is worth a log line.
#[derive(Debug, Clone, Error)]
pub enum RedisError {
    /// Away, too slow, or known to be so: the breaker is open. Logged once, when the breaker opens.
    #[error("Redis is not available")]
    Unavailable,
    /// Redis answered, but refused the command or gave a value of another form.
    #[error("Redis gave an unexpected answer")]
    Unexpected(#[source] redis::RedisError),
}

/// Why a configuration cannot be used. The url is left out, since it may hold a password.
#[derive(Debug, Error)]
pub enum RedisConfigError {
    /// Not the url of a Redis.
    #[error("`url` is not of the form redis://[user:password@]host:port[/database]")]
    Url,
    /// No time at all.
    #[error("`timeout_ms` must be at least 1")]
    Timeout,
}

/// Whether an error says that the server is not fit to answer now, as opposed to having answered.
pub(crate) fn is_outage(error: &redis::RedisError) -> bool {
    use redis::{ErrorKind, ServerErrorKind as Server};
    matches!(
        error.kind(),
        ErrorKind::Io
            | ErrorKind::Server(
                Server::BusyLoading
                    | Server::ClusterDown
                    | Server::MasterDown
                    | Server::ReadOnly
                    | Server::TryAgain
            )
    )
}
