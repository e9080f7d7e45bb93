use std::collections::HashMap;

use sqlx::migrate::{Migration, Migrator};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::{Db, DbError};

/// The advisory lock that one migrating process holds at a time.
const LOCK: i64 = 0x0072_6564_7265_7373;

/// Brings the schema up to date: all `migrators` as one history, ordered by version.
///
/// The kit's migrations carry the versions 1 to 99, a service's start at 100. A lock in the database lets several
/// processes call this at once: the others wait for as long as the first one takes, as an index on a large table may.
/// A migration waits for the locks of others only as long as a request does, for whoever comes after it waits too; the
/// job is then repeated. Versions that the database has and the code has not are left alone, so that an older
/// release can run beside a newer one during a roll-out. Errors: [`DbError::Migrate`].
pub async fn migrate(db: &Db, migrators: &[&Migrator]) -> Result<(), DbError> {
    let mut all = Migrator::with_migrations(merged(migrators));
    // The library's own lock would be waited for under the limit of a request.
    all.set_ignore_missing(true).set_locking(false);
    // A connection of its own: its limits must not come back to the pool. With it goes the lock.
    let options = (*db.pool().connect_options()).clone();
    let mut connection = PgConnection::connect_with(&options.options([("statement_timeout", "0")])).await?;
    let lock_timeout: String = sqlx::query_scalar("SHOW lock_timeout").fetch_one(&mut connection).await?;
    connection.execute("SET lock_timeout = 0").await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await?;
    connection.execute(AssertSqlSafe(format!("SET lock_timeout = '{lock_timeout}'"))).await?;
    // Not `run`: its lifetimes do not fit a future that must be `Send`.
    all.run_direct(None, &mut connection, false).await?;
    connection.close().await?;
    Ok(())
}

/// Whether every migration of `migrators` has been applied as the code has it; for readiness.
pub async fn schema_is_current(db: &Db, migrators: &[&Migrator]) -> Result<bool, sqlx::Error> {
    let history: Option<String> =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations')::text").fetch_one(db).await?;
    if history.is_none() {
        return Ok(false);
    }
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success").fetch_all(db).await?;
    let applied: HashMap<i64, Vec<u8>> = rows.into_iter().collect();
    Ok(merged(migrators).iter().all(|m| applied.get(&m.version).is_some_and(|sum| **sum == *m.checksum)))
}

fn merged(migrators: &[&Migrator]) -> Vec<Migration> {
    migrators.iter().flat_map(|migrator| migrator.iter()).cloned().collect()
}
