//! Who has taken which case, as classification tells.

use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column;
use crate::error::Error;

/// Who has a case; an empty handler for nobody.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The tenant.
    pub tenant: TenantId,
    /// The complaint.
    pub complaint: Uuid,
    /// Who has it.
    pub handler: String,
}

/// Writes who has which case, one row per case.
pub async fn save(conn: &mut PgConnection, rows: &[Assignment]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO assignment (tenant, complaint_id, handler)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[])
         ON CONFLICT ON CONSTRAINT assignment_pkey DO UPDATE SET handler = excluded.handler",
    )
    .bind(column(rows, |row| row.tenant.as_str()))
    .bind(column(rows, |row| row.complaint))
    .bind(column(rows, |row| row.handler.as_str()))
    .execute(conn)
    .await?;
    Ok(())
}
