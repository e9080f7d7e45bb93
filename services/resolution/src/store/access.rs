//! When texts were opened. Written in the transaction of what was made of them.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::TenantId;
use redress_vault::Purpose;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column;
use crate::error::Error;

/// Records that the texts of `complaints` were opened by `subject`.
pub async fn record(
    conn: &mut PgConnection,
    complaints: &[(TenantId, Uuid)],
    subject: &str,
    purpose: Purpose,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO access_record (tenant, complaint_id, subject, purpose, accessed_at)
         SELECT tenant, complaint_id, $3, $4, $5 FROM unnest($1::text[], $2::uuid[]) AS opened (tenant, complaint_id)",
    )
    .bind(column(complaints, |(tenant, _)| tenant.as_str()))
    .bind(column(complaints, |(_, id)| *id))
    .bind(subject)
    .bind(purpose.code())
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}
