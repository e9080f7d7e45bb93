//! The course of cases: what the lifecycle told and what was published here.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column;
use crate::error::Error;

/// A moment of a case.
#[derive(Debug, Clone)]
pub struct Moment {
    /// The tenant.
    pub tenant: TenantId,
    /// The complaint.
    pub complaint: Uuid,
    /// The event.
    pub event_id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// Its name, without the package.
    pub event: String,
}

/// Writes moments that are new.
pub async fn insert(conn: &mut PgConnection, moments: &[Moment]) -> Result<(), Error> {
    if moments.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO moment (tenant, complaint_id, event_id, at, event)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[])
         ON CONFLICT (tenant, complaint_id, event_id) DO NOTHING",
    )
    .bind(column(moments, |moment| moment.tenant.as_str()))
    .bind(column(moments, |moment| moment.complaint))
    .bind(column(moments, |moment| moment.event_id))
    .bind(column(moments, |moment| moment.at.to_sqlx()))
    .bind(column(moments, |moment| moment.event.as_str()))
    .execute(conn)
    .await?;
    Ok(())
}

/// The moments of a case in their order.
pub async fn of_case(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
) -> Result<Vec<(Timestamp, String)>, Error> {
    let rows: Vec<(SqlTime, String)> = sqlx::query_as(
        "SELECT at, event FROM moment WHERE tenant = $1 AND complaint_id = $2 ORDER BY at, event, event_id",
    )
    .bind(tenant.as_str())
    .bind(*id.as_uuid())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(at, event)| (at.to_jiff(), event)).collect())
}
