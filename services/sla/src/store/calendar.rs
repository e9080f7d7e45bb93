//! Calendars: those that tenants published and, under the empty tenant, those that come with the product.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;

use super::{Corrupt, column};
use crate::domain::calendar::{Calendar, Draft};
use crate::error::Error;

/// As which tenant those that come with the product are kept; no tenant has this name.
pub const SHIPPED: &str = "";

/// A version of a calendar.
#[derive(Debug, Clone)]
pub struct Version {
    /// Whether it comes with the product.
    pub shipped: bool,
    /// Its calendar.
    pub id: String,
    /// Its number.
    pub version: u32,
    /// What it says.
    pub calendar: Calendar,
}

/// The versions of `tenant`, and those that come with the product, that are not among `known` (of the tenant, and of the
/// product). What is published never changes.
pub async fn unknown<'k>(
    conn: &mut PgConnection,
    tenant: &TenantId,
    (own, shipped): (impl Iterator<Item = Name<'k>>, impl Iterator<Item = Name<'k>>),
) -> Result<Vec<Version>, Error> {
    let own = own.map(|name| (tenant.as_str(), name));
    let known: Vec<(&str, Name<'_>)> = own.chain(shipped.map(|name| (SHIPPED, name))).collect();
    let rows: Vec<(String, String, i32, Json<Draft>)> = sqlx::query_as(
        "SELECT tenant, calendar_id, version, body FROM calendar
         WHERE tenant IN ($1, $2)
               AND (tenant, calendar_id, version) NOT IN (SELECT * FROM unnest($3::text[], $4::text[], $5::int[]))",
    )
    .bind(tenant.as_str())
    .bind(SHIPPED)
    .bind(column(&known, |(tenant, _)| *tenant))
    .bind(column(&known, |(_, (id, _))| *id))
    .bind(column(&known, |(_, (_, version))| i32::try_from(*version).unwrap_or(i32::MAX)))
    .fetch_all(conn)
    .await?;
    let read = |(tenant, id, version, body): (String, String, i32, Json<Draft>)| {
        let calendar = Calendar::try_from(&body.0).map_err(|found| {
            Corrupt::new("calendar", "body", &id, format!("{} faults", found.iter().count()))
        })?;
        // Positive, by the table's own check.
        Ok(Version { shipped: tenant == SHIPPED, id, version: version.unsigned_abs(), calendar })
    };
    rows.into_iter().map(read).collect()
}

/// A calendar and the number of a version.
pub type Name<'k> = (&'k str, u32);

/// Keeps others from publishing the same calendar of `owner` until the transaction ends.
pub async fn lock(conn: &mut PgConnection, owner: &str, id: &str) -> Result<(), Error> {
    // There may be no row yet to lock. Two names that share a hash wait for each other, no more.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('calendar/' || $1 || '/' || $2, 0))")
        .bind(owner)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// The newest version that clocks of the tenant count in: its own, else the product's; none if there is no row.
pub async fn newest(conn: &mut PgConnection, tenant: &TenantId, id: &str) -> Result<Option<u32>, Error> {
    let newest: Option<i32> = sqlx::query_scalar(
        "SELECT coalesce(max(version) FILTER (WHERE tenant = $1), max(version)) FROM calendar
         WHERE tenant IN ($1, $2) AND calendar_id = $3",
    )
    .bind(tenant.as_str())
    .bind(SHIPPED)
    .bind(id)
    .fetch_one(conn)
    .await?;
    Ok(newest.map(i32::unsigned_abs))
}

/// What every version of a calendar says that comes with the product, by its number.
pub async fn shipped(conn: &mut PgConnection, id: &str) -> Result<Vec<(u32, Draft)>, Error> {
    let rows: Vec<(i32, Json<Draft>)> = sqlx::query_as(
        "SELECT version, body FROM calendar WHERE tenant = $1 AND calendar_id = $2 ORDER BY version",
    )
    .bind(SHIPPED)
    .bind(id)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(version, Json(body))| (version.unsigned_abs(), body)).collect())
}

/// Writes a version.
pub async fn insert(
    conn: &mut PgConnection,
    owner: &str,
    (id, version, body): (&str, u32, &Draft),
    published_by: &str,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO calendar (tenant, calendar_id, version, body, published_by, published_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(owner)
    .bind(id)
    .bind(i32::try_from(version).unwrap_or(i32::MAX))
    .bind(Json(body))
    .bind(published_by)
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}
