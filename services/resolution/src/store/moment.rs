//! The course of cases: what the lifecycle told and what was published here.

use jiff::Timestamp;
use jiff_sqlx::Timestamp as SqlTime;
use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

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
