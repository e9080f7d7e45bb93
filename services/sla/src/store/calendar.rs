//! Calendars that tenants published.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;

use super::{Corrupt, column};
use crate::domain::calendar::{Calendar, Draft};
use crate::error::Error;

/// The versions of `tenant` that are not among `known`. What is published never changes.
pub async fn unknown(
    conn: &mut PgConnection,
    tenant: &TenantId,
    known: &[(&str, u32)],
) -> Result<Vec<(String, u32, Calendar)>, Error> {
    let rows: Vec<(String, i32, Json<Draft>)> = sqlx::query_as(
        "SELECT calendar_id, version, body FROM calendar
         WHERE tenant = $1 AND (calendar_id, version) NOT IN (SELECT * FROM unnest($2::text[], $3::int[]))",
    )
    .bind(tenant.as_str())
    .bind(column(known, |(id, _)| *id))
    .bind(column(known, |(_, version)| i32::try_from(*version).unwrap_or(i32::MAX)))
    .fetch_all(conn)
    .await?;
    let read = |(id, version, body): (String, i32, Json<Draft>)| {
        let calendar = Calendar::try_from(&body.0).map_err(|found| {
            Corrupt::new("calendar", "body", &id, format!("{} faults", found.iter().count()))
        })?;
        // Positive, by the table's own check.
        Ok((id, version.unsigned_abs(), calendar))
    };
    rows.into_iter().map(read).collect()
}

/// Keeps others from publishing the same calendar until the transaction ends.
pub async fn lock(conn: &mut PgConnection, tenant: &TenantId, id: &str) -> Result<(), Error> {
    // There may be no row yet to lock. Two names that share a hash wait for each other, no more.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('calendar/' || $1 || '/' || $2, 0))")
        .bind(tenant.as_str())
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// The newest published version; none if the tenant published none.
pub async fn newest(conn: &mut PgConnection, tenant: &TenantId, id: &str) -> Result<Option<u32>, Error> {
    let newest: Option<i32> =
        sqlx::query_scalar("SELECT max(version) FROM calendar WHERE tenant = $1 AND calendar_id = $2")
            .bind(tenant.as_str())
            .bind(id)
            .fetch_one(conn)
            .await?;
    Ok(newest.map(i32::unsigned_abs))
}

/// Writes a version.
pub async fn insert(
    conn: &mut PgConnection,
    tenant: &TenantId,
    (id, version, body): (&str, u32, &Draft),
    published_by: &str,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO calendar (tenant, calendar_id, version, body, published_by, published_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(i32::try_from(version).unwrap_or(i32::MAX))
    .bind(Json(body))
    .bind(published_by)
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}
