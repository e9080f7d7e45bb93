use std::str::FromStr as _;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use sqlx::postgres::PgConnectOptions;

use crate::DbError;

/// How to reach the service's own database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresConfig {
    /// `postgres://user:password@host:port/database`, with `?sslmode=verify-full&sslrootcert=…` where TLS is wanted.
    pub url: SecretString,
    /// Connections of this process at most; at least 2.
    pub max_connections: u32,
    /// How long a caller waits for a free connection. 1,000–2,000: longer makes loops blind while the server is away.
    pub acquire_timeout_ms: u64,
    /// After which time the server breaks off one statement.
    pub statement_timeout_ms: u64,
    /// After which time the server breaks off a wait for a lock; below `statement_timeout_ms`.
    pub lock_timeout_ms: u64,
}

impl PostgresConfig {
    /// The proved values for `url`.
    pub fn at(url: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            max_connections: 10,
            acquire_timeout_ms: 2_000,
            statement_timeout_ms: 10_000,
            lock_timeout_ms: 5_000,
        }
    }

    /// What is wrong with the values taken together, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let url = self.url.expose_secret();
        // The library takes any scheme.
        let scheme = url.starts_with("postgres://") || url.starts_with("postgresql://");
        if !scheme || PgConnectOptions::from_str(url).is_err() {
            problems.push("url: is no PostgreSQL connection string".to_owned());
        }
        if self.max_connections < 2 {
            problems.push("max_connections: at least 2".to_owned());
        }
        for (key, value) in [
            ("acquire_timeout_ms", self.acquire_timeout_ms),
            ("statement_timeout_ms", self.statement_timeout_ms),
            ("lock_timeout_ms", self.lock_timeout_ms),
        ] {
            if value == 0 {
                problems.push(format!("{key}: at least 1"));
            }
        }
        if self.lock_timeout_ms >= self.statement_timeout_ms {
            problems.push("lock_timeout_ms: below statement_timeout_ms, else it never speaks".to_owned());
        }
        problems
    }

    pub(crate) fn acquire_timeout(&self) -> Duration {
        Duration::from_millis(self.acquire_timeout_ms)
    }

    /// How long this side waits for a statement: as long as the server may take, and for an answer on its way.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_millis(self.statement_timeout_ms) + Duration::from_secs(5)
    }

    /// The options of a connection, with what the server must enforce for us.
    pub(crate) fn connect_options(&self, application_name: &str) -> Result<PgConnectOptions, DbError> {
        // The library's error may quote the string, and the string holds the password.
        let options =
            PgConnectOptions::from_str(self.url.expose_secret()).map_err(|_| DbError::ConnectionString)?;
        Ok(options.application_name(application_name).options([
            ("statement_timeout", self.statement_timeout_ms.to_string()),
            ("lock_timeout", self.lock_timeout_ms.to_string()),
            // A process that is stopped inside a transaction holds its row locks until then.
            ("idle_in_transaction_session_timeout", "5000".to_owned()),
            // A vanished client is noticed within half a minute instead of two hours.
            ("tcp_keepalives_idle", "10".to_owned()),
            ("tcp_keepalives_interval", "5".to_owned()),
            ("tcp_keepalives_count", "4".to_owned()),
            // The ROLLBACK after each release would warn each time that there is no transaction.
            ("client_min_messages", "error".to_owned()),
            // Compiling took most of a page's time (0.4 s of 0.45) and made no long statement faster.
            ("jit", "off".to_owned()),
            // A plan that is kept is one for the table as it was: made while it was empty it reads all of it for each
            // batch (16 ms against 0.26 ms at 20,000 rows) until the statistics come, a minute later. Planning anew
            // takes 0.1 to 0.3 ms a statement, and statements are for batches.
            ("plan_cache_mode", "force_custom_plan".to_owned()),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_timeout_that_the_statement_timeout_forestalls_is_refused() {
        let config =
            PostgresConfig { lock_timeout_ms: 10_000, ..PostgresConfig::at("postgres://u:p@localhost/db") };
        assert!(config.problems().join("; ").contains("lock_timeout_ms"), "{:?}", config.problems());
    }

    #[test]
    fn every_problem_is_named_at_once_and_the_password_is_not() {
        let config = PostgresConfig {
            max_connections: 1,
            lock_timeout_ms: 0,
            ..PostgresConfig::at("nonsense://u:s3cret@h/db")
        };
        let problems = config.problems().join("; ");
        for key in ["url", "max_connections", "lock_timeout_ms"] {
            assert!(problems.contains(key), "{problems}");
        }
        assert!(!problems.contains("s3cret"));
        assert!(!format!("{config:?}").contains("s3cret"));
        assert_eq!(PostgresConfig::at("postgres://u:p@localhost/db").problems(), Vec::<String>::new());
    }
}
