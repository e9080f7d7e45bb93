//! Declarations of clocks that tenants published.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;

use super::{Corrupt, column};
use crate::domain::policy::Policy;
use crate::error::Error;

/// A version that holds from an instant on.
#[derive(Debug, Clone)]
pub struct Published {
    /// Its version.
    pub version: u32,
    /// From when on.
    pub effective_at: Timestamp,
    /// What it declares.
    pub policy: Policy,
}

/// The versions of `tenant` that are not among `known`. What is published never changes.
pub async fn unknown(
    conn: &mut PgConnection,
    tenant: &TenantId,
    known: &[u32],
) -> Result<Vec<Published>, Error> {
    let rows: Vec<(i32, String, SqlTime)> = sqlx::query_as(
        "SELECT version, body, effective_at FROM clock_policy WHERE tenant = $1 AND version <> ALL ($2::int[])",
    )
    .bind(tenant.as_str())
    .bind(column(known, |version| i32::try_from(*version).unwrap_or(i32::MAX)))
    .fetch_all(conn)
    .await?;
    let read = |(version, body, effective_at): (i32, String, SqlTime)| {
        let policy = Policy::parse(&body).map_err(|found| {
            Corrupt::new("clock_policy", "body", version, format!("{} faults", found.iter().count()))
        })?;
        // Positive, by the table's own check.
        Ok(Published { version: version.unsigned_abs(), effective_at: effective_at.to_jiff(), policy })
    };
    rows.into_iter().map(read).collect()
}

/// Keeps others from publishing until the transaction ends, and gives the newest version and from when on it holds.
pub async fn lock(conn: &mut PgConnection, tenant: &TenantId) -> Result<Option<(u32, Timestamp)>, Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('clock_policy/' || $1, 0))")
        .bind(tenant.as_str())
        .execute(&mut *conn)
        .await?;
    let newest: Option<(i32, SqlTime)> = sqlx::query_as(
        "SELECT version, effective_at FROM clock_policy WHERE tenant = $1 ORDER BY version DESC LIMIT 1",
    )
    .bind(tenant.as_str())
    .fetch_optional(conn)
    .await?;
    Ok(newest.map(|(version, at)| (version.unsigned_abs(), at.to_jiff())))
}

/// Writes a version.
pub async fn insert(
    conn: &mut PgConnection,
    tenant: &TenantId,
    (version, body, effective_at): (u32, &str, Timestamp),
    move_running: bool,
    published_by: &str,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO clock_policy (tenant, version, body, effective_at, published_by, published_at, move_running)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tenant.as_str())
    .bind(i32::try_from(version).unwrap_or(i32::MAX))
    .bind(body)
    .bind(effective_at.to_sqlx())
    .bind(published_by)
    .bind(now.to_sqlx())
    .bind(move_running)
    .execute(conn)
    .await?;
    Ok(())
}
