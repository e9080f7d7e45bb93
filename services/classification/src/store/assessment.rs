//! Assessments: written once, read newest first.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use prost::Message;
use redress_domain::{DecidedBy, TenantId};
use redress_proto::classification::v1::Assessment;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::error::Error;

/// An assessment as kept.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The tenant.
    pub tenant: TenantId,
    /// The complaint.
    pub complaint: Uuid,
    /// From 1; the highest counts.
    pub ordinal: i32,
    /// Its id.
    pub id: Uuid,
    /// The one it superseded.
    pub supersedes: Option<Uuid>,
    /// What it says.
    pub content: Assessment,
    /// What kind of decider.
    pub decided_by: DecidedBy,
    /// Who made it.
    pub actor: String,
    /// Why it superseded the one before; empty on the first.
    pub reason: String,
    /// When it was made.
    pub made_at: Timestamp,
}

/// Writes assessments.
pub async fn insert(conn: &mut PgConnection, new: &[Stored]) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO assessment (tenant, complaint_id, ordinal, assessment_id, supersedes, content, rule_set,
                                 decided_by, actor, reason, made_at)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::integer[], $4::uuid[], $5::uuid[], $6::bytea[], $7::text[],
                              $8::text[], $9::text[], $10::text[], $11::timestamptz[])",
    )
    .bind(column(new, |a| a.tenant.as_str()))
    .bind(column(new, |a| a.complaint))
    .bind(column(new, |a| a.ordinal))
    .bind(column(new, |a| a.id))
    .bind(column(new, |a| a.supersedes))
    .bind(column(new, |a| a.content.encode_to_vec()))
    .bind(column(new, |a| a.content.rule_set.as_str()))
    .bind(column(new, |a| a.decided_by.code()))
    .bind(column(new, |a| a.actor.as_str()))
    .bind(column(new, |a| a.reason.as_str()))
    .bind(column(new, |a| a.made_at.to_sqlx()))
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    complaint_id: Uuid,
    ordinal: i32,
    assessment_id: Uuid,
    supersedes: Option<Uuid>,
    content: Vec<u8>,
    decided_by: String,
    actor: String,
    reason: String,
    made_at: SqlTime,
}

/// The assessments of a complaint, the latest first.
pub async fn of_complaint(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: Uuid,
) -> Result<Vec<Stored>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT complaint_id, ordinal, assessment_id, supersedes, content, decided_by, actor, reason, made_at
         FROM assessment WHERE tenant = $1 AND complaint_id = $2 ORDER BY ordinal DESC",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| row.read(tenant)).collect()
}

/// The assessments of `complaints`, the latest of each last.
pub async fn of_complaints(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaints: &[Uuid],
) -> Result<Vec<Stored>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT complaint_id, ordinal, assessment_id, supersedes, content, decided_by, actor, reason, made_at
         FROM assessment WHERE tenant = $1 AND complaint_id = ANY ($2) ORDER BY complaint_id, ordinal",
    )
    .bind(tenant.as_str())
    .bind(complaints)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| row.read(tenant)).collect()
}

impl Row {
    fn read(self, tenant: &TenantId) -> Result<Stored, Error> {
        let corrupt = |column, cause: String| Corrupt::new("assessment", column, self.assessment_id, cause);
        Ok(Stored {
            tenant: tenant.clone(),
            complaint: self.complaint_id,
            ordinal: self.ordinal,
            id: self.assessment_id,
            supersedes: self.supersedes,
            content: Assessment::decode(&*self.content).map_err(|e| corrupt("content", e.to_string()))?,
            decided_by: self.decided_by.parse().map_err(|e| corrupt("decided_by", format!("{e}")))?,
            actor: self.actor,
            reason: self.reason,
            made_at: self.made_at.to_jiff(),
        })
    }
}
