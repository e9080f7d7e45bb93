//! Other departments' views.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stored, ToSqlx};
use redress_domain::TenantId;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column, read};
use crate::domain::consultation::Consultation;
use crate::error::Error;

const TABLE: &str = "consultation";

/// A consultation with the case it belongs to.
pub type Kept = (TenantId, Uuid, Consultation);

#[derive(Debug, FromRow)]
struct Row {
    tenant: String,
    complaint_id: Uuid,
    consultation_id: Uuid,
    round: i32,
    state: String,
    department: String,
    consulted: String,
    asked_by: String,
    question: Vec<u8>,
    answer: Vec<u8>,
    due_at: Stored,
    asked_at: Stored,
    ended_at: Option<Stored>,
    announced: i64,
}

fn kept(row: Row) -> Result<Kept, Corrupt> {
    let id = row.consultation_id;
    let consultation = Consultation {
        id,
        round: row.round,
        state: read(TABLE, "state", id, &row.state)?,
        department: row.department,
        consulted: row.consulted,
        asked_by: row.asked_by,
        question: row.question,
        answer: row.answer,
        due_at: row.due_at.to_jiff(),
        asked_at: row.asked_at.to_jiff(),
        ended_at: row.ended_at.map(Stored::to_jiff),
        announced: row.announced,
    };
    Ok((read(TABLE, "tenant", id, &row.tenant)?, row.complaint_id, consultation))
}

/// The consultations of cases, oldest first.
pub async fn of_cases(conn: &mut PgConnection, cases: &[(TenantId, Uuid)]) -> Result<Vec<Kept>, Error> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM consultation
         WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
         ORDER BY asked_at, consultation_id",
    )
    .bind(column(cases, |(tenant, _)| tenant.as_str()))
    .bind(column(cases, |(_, id)| *id))
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(kept).collect::<Result<_, _>>()?)
}

/// Writes a consultation of a case that is locked, new or changed.
pub async fn save(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: Uuid,
    consultation: &Consultation,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO consultation (tenant, complaint_id, consultation_id, round, state, department, consulted, asked_by,
                                   question, answer, due_at, asked_at, ended_at, announced)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT ON CONSTRAINT consultation_pkey DO UPDATE
         SET state = excluded.state, answer = excluded.answer, ended_at = excluded.ended_at",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(consultation.id)
    .bind(consultation.round)
    .bind(consultation.state.code())
    .bind(&consultation.department)
    .bind(&consultation.consulted)
    .bind(&consultation.asked_by)
    .bind(&consultation.question)
    .bind(&consultation.answer)
    .bind(consultation.due_at.to_sqlx())
    .bind(consultation.asked_at.to_sqlx())
    .bind(consultation.ended_at.map(ToSqlx::to_sqlx))
    .bind(consultation.announced)
    .execute(conn)
    .await?;
    Ok(())
}

/// How many wait for an answer that was due before `now`, of all tenants.
pub async fn overdue(conn: &mut PgConnection, now: Timestamp) -> Result<i64, Error> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM consultation WHERE state = 'asked' AND due_at < $1")
        .bind(now.to_sqlx())
        .fetch_one(conn)
        .await?)
}
