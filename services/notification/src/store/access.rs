//! Who opened personal fields and letters. Written before they are used.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::{ComplaintId, TenantId};
use redress_vault::Purpose;
use sqlx::postgres::PgConnection;

use super::column;
use crate::error::Error;

/// Records that `subject` opens fields of `complaints`, one entry each.
pub async fn record(
    conn: &mut PgConnection,
    complaints: &[(TenantId, ComplaintId)],
    subject: &str,
    purpose: Purpose,
    now: Timestamp,
) -> Result<(), Error> {
    if complaints.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO access_record (tenant, complaint_id, subject, purpose, accessed_at)
         SELECT tenant, complaint_id, $3, $4, $5 FROM unnest($1::text[], $2::uuid[]) AS new (tenant, complaint_id)",
    )
    .bind(column(complaints, |(tenant, _)| tenant.as_str()))
    .bind(column(complaints, |(_, id)| *id.as_uuid()))
    .bind(subject)
    .bind(purpose.code())
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}
