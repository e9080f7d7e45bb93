//! When sealed words were opened, by whom and what for.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::TenantId;
use redress_vault::Purpose;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::error::Error;

/// Records that words of a case were opened by `subject`.
pub async fn record(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    subject: &str,
    purpose: Purpose,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO access_record (tenant, complaint_id, subject, purpose, accessed_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(subject)
    .bind(purpose.code())
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}
