//! Who opened personal fields. Written before they are shown.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::{ComplaintId, TenantId};
use redress_vault::Purpose;
use sqlx::postgres::PgConnection;

use crate::error::Error;

/// Records one opening.
pub async fn record(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: ComplaintId,
    subject: &str,
    purpose: Purpose,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO access_record (tenant, complaint_id, subject, purpose, accessed_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(tenant.as_str())
    .bind(complaint.as_uuid())
    .bind(subject)
    .bind(purpose.code())
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}
