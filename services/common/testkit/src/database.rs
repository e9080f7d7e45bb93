use redress_devstack::Endpoints;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::unique_name;

/// An empty database of one test. Dropping it drops the database, also while connections are open.
#[derive(Debug)]
pub struct TestDatabase {
    /// The superuser's URL of the database.
    pub url: String,
    name: String,
    server: String,
}

impl TestDatabase {
    /// Makes a database whose name begins with `prefix`.
    ///
    /// # Panics
    /// When the server cannot make it: the test cannot go on.
    pub async fn create(stack: &Endpoints, prefix: &str) -> Self {
        let name = unique_name(prefix);
        let server = stack.postgres.clone();
        // From template0: nobody is ever connected to it, so tests may make databases at the same time.
        let made = execute(&server, &format!(r#"CREATE DATABASE "{name}" TEMPLATE template0"#)).await;
        if let Err(error) = made {
            panic!("no database for the test: {error}");
        }
        let (base, _) = server.rsplit_once('/').unwrap_or((&server, ""));
        Self { url: format!("{base}/{name}"), name, server }
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

async fn execute(server: &str, statement: &str) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect(server).await?;
    // Names of databases cannot be bound; these are our own.
    connection.execute(AssertSqlSafe(statement)).await?;
    connection.close().await
}

impl Drop for TestDatabase {
    /// On a thread with a runtime of its own, since the test's runtime may have only the thread that is dropping this.
    /// Best effort: the database also goes with its stack.
    fn drop(&mut self) {
        let statement = format!(r#"DROP DATABASE IF EXISTS "{}" WITH (FORCE)"#, self.name);
        let server = self.server.clone();
        let dropping = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(async {
                    let limit = std::time::Duration::from_secs(5);
                    tokio::time::timeout(limit, execute(&server, &statement)).await
                })?
                .map_err(std::io::Error::other)
        });
        let _best_effort = dropping.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_devstack::shared;

    async fn databases() -> Vec<String> {
        let mut connection = PgConnection::connect(&shared().await.postgres).await.unwrap();
        sqlx::query_scalar("SELECT datname FROM pg_database").fetch_all(&mut connection).await.unwrap()
    }

    #[tokio::test]
    async fn each_test_has_its_own_database_that_goes_with_it_although_connections_are_open() {
        let (one, two) = tokio::join!(
            TestDatabase::create(shared().await, "kit"),
            TestDatabase::create(shared().await, "kit")
        );
        let mut left_open = PgConnection::connect(&one.url).await.unwrap();
        left_open.execute("CREATE TABLE mine (n int)").await.unwrap();
        let mut other = PgConnection::connect(&two.url).await.unwrap();
        assert!(other.execute("SELECT n FROM mine").await.is_err());

        let (gone, stays) = (one.name().to_owned(), two.name().to_owned());
        drop(one);
        let databases = databases().await;
        assert!(!databases.contains(&gone));
        assert!(databases.contains(&stays));
    }
}
