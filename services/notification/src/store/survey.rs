//! Answers to surveys.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::error::Error;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The tenant.
    pub tenant: TenantId,
    /// The notice that asked.
    pub notice: Uuid,
    /// Its complaint.
    pub complaint: ComplaintId,
    /// With the result, 1 to 5.
    pub satisfaction: i16,
    /// With the way it was handled, 1 to 5, if told.
    pub process: Option<i16>,
    /// The side that answered, or the subject of the service on whose page it was answered.
    pub answered_by: String,
    /// When.
    pub answered_at: Timestamp,
}

/// Keeps an answer in the place of the one before. Its complaint is locked.
pub async fn keep(conn: &mut PgConnection, answer: &Answer) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO survey_answer (tenant, notice_id, complaint_id, satisfaction, process, answered_by, answered_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (tenant, notice_id) DO UPDATE
             SET satisfaction = excluded.satisfaction, process = excluded.process, answered_by = excluded.answered_by,
                 answered_at = excluded.answered_at",
    )
    .bind(answer.tenant.as_str())
    .bind(answer.notice)
    .bind(answer.complaint.as_uuid())
    .bind(answer.satisfaction)
    .bind(answer.process)
    .bind(&answer.answered_by)
    .bind(answer.answered_at.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}
