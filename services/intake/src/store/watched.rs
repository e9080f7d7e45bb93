//! The versions of complaints that somebody watches.

use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column;
use crate::error::Error;

/// The lifecycle versions of `complaints`, in one query.
pub async fn versions(
    conn: &mut PgConnection,
    complaints: &[(TenantId, ComplaintId)],
) -> Result<Vec<((TenantId, ComplaintId), i32)>, Error> {
    let rows: Vec<(String, Uuid, i32)> = sqlx::query_as(
        "SELECT tenant, complaint_id, state_version FROM complaint
         WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))",
    )
    .bind(column(complaints, |(tenant, _)| tenant.as_str()))
    .bind(column(complaints, |(_, id)| *id.as_uuid()))
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|(tenant, id, version)| {
            Some(((tenant.parse().ok()?, ComplaintId::from_uuid(id)), version))
        })
        .collect())
}
