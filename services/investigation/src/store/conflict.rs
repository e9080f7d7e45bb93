//! Who may not be impartial.

use jiff_sqlx::{Timestamp as Stored, ToSqlx};
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{column, read};
use crate::domain::conflict::Conflict;
use crate::error::Error;

/// The declared conflicts of a case.
pub async fn of(conn: &mut PgConnection, tenant: &TenantId, complaint: Uuid) -> Result<Vec<Conflict>, Error> {
    let rows: Vec<(String, String, bool, String, Stored)> = sqlx::query_as(
        "SELECT subject, kind, recused, declared_by, declared_at FROM conflict
         WHERE tenant = $1 AND complaint_id = $2 ORDER BY declared_at, subject",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .fetch_all(conn)
    .await?;
    let conflict = |(subject, kind, recused, declared_by, at): (String, String, bool, String, Stored)| {
        let kind = read("conflict", "kind", complaint, &kind)?;
        Ok(Conflict { subject, kind, recused, declared_by, declared_at: at.to_jiff() })
    };
    rows.into_iter().map(conflict).collect()
}

/// Writes conflicts, at most one of a person in a case. Who is recused stays so.
pub async fn save(conn: &mut PgConnection, declared: &[(TenantId, Uuid, Conflict)]) -> Result<(), Error> {
    if declared.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO conflict (tenant, complaint_id, subject, kind, recused, declared_by, declared_at)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::boolean[], $6::text[],
                              $7::timestamptz[])
         ON CONFLICT ON CONSTRAINT conflict_pkey DO UPDATE
         SET kind = excluded.kind, recused = conflict.recused OR excluded.recused,
             declared_by = excluded.declared_by, declared_at = excluded.declared_at",
    )
    .bind(column(declared, |(tenant, ..)| tenant.as_str()))
    .bind(column(declared, |(_, complaint, _)| *complaint))
    .bind(column(declared, |(.., conflict)| conflict.subject.as_str()))
    .bind(column(declared, |(.., conflict)| conflict.kind.code()))
    .bind(column(declared, |(.., conflict)| conflict.recused))
    .bind(column(declared, |(.., conflict)| conflict.declared_by.as_str()))
    .bind(column(declared, |(.., conflict)| conflict.declared_at.to_sqlx()))
    .execute(conn)
    .await?;
    Ok(())
}
