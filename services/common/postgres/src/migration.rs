use std::collections::HashMap;

use sqlx::migrate::{Migration, Migrator};

use crate::{Db, DbError};

/// Brings the schema up to date: all `migrators` as one history, ordered by version.
///
/// The kit's migrations carry the versions 1 to 99, a service's start at 100. A lock in the database lets several
/// processes call this at once. Versions that the database has and the code has not are left alone, so that an older
/// release can run beside a newer one during a roll-out. Errors: [`DbError::Migrate`].
pub async fn migrate(db: &Db, migrators: &[&Migrator]) -> Result<(), DbError> {
    let mut all = Migrator::with_migrations(merged(migrators));
    all.set_ignore_missing(true);
    all.run(db.pool()).await?;
    Ok(())
}

/// Whether every migration of `migrators` has been applied as the code has it; for readiness.
pub async fn schema_is_current(db: &Db, migrators: &[&Migrator]) -> Result<bool, sqlx::Error> {
    let history: Option<String> =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations')::text").fetch_one(db.pool()).await?;
    if history.is_none() {
        return Ok(false);
    }
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success")
            .fetch_all(db.pool())
            .await?;
    let applied: HashMap<i64, Vec<u8>> = rows.into_iter().collect();
    Ok(merged(migrators).iter().all(|m| applied.get(&m.version).is_some_and(|sum| **sum == *m.checksum)))
}

fn merged(migrators: &[&Migrator]) -> Vec<Migration> {
    migrators.iter().flat_map(|migrator| migrator.iter()).cloned().collect()
}
