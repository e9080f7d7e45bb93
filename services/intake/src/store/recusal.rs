//! Who may do nothing more on a complaint.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;

use super::column;
use crate::error::Error;

/// Somebody who takes no part in a complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recusal {
    /// The complaint's tenant.
    pub tenant: TenantId,
    /// The complaint.
    pub complaint: ComplaintId,
    /// The subject of their token.
    pub subject: String,
    /// When it was told.
    pub told_at: Timestamp,
}

/// Whether somebody is recused from a complaint.
pub async fn is_recused(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, ComplaintId),
    subject: &str,
) -> Result<bool, Error> {
    let found = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM recusal WHERE tenant = $1 AND complaint_id = $2 AND subject = $3)",
    )
    .bind(tenant.as_str())
    .bind(complaint.as_uuid())
    .bind(subject)
    .fetch_one(conn)
    .await?;
    Ok(found)
}

/// Keeps recusals. What is told again changes nothing.
pub async fn save(conn: &mut PgConnection, told: &[Recusal]) -> Result<(), Error> {
    if told.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO recusal (tenant, complaint_id, subject, told_at)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[])
         ON CONFLICT ON CONSTRAINT recusal_pkey DO NOTHING",
    )
    .bind(column(told, |one| one.tenant.as_str()))
    .bind(column(told, |one| *one.complaint.as_uuid()))
    .bind(column(told, |one| one.subject.as_str()))
    .bind(column(told, |one| one.told_at.to_sqlx()))
    .execute(conn)
    .await?;
    Ok(())
}
