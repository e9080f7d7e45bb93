//! More time: asked for and decided.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::case::Key;
use super::{Corrupt, column};
use crate::domain::course::Extension;
use crate::error::Error;

/// What was granted to the clocks of the complaints `keys`.
pub async fn granted(conn: &mut PgConnection, keys: &[&Key]) -> Result<BTreeMap<Key, Vec<Extension>>, Error> {
    let mut all: BTreeMap<Key, Vec<Extension>> = BTreeMap::new();
    if keys.is_empty() {
        return Ok(all);
    }
    let rows: Vec<(String, Uuid, Uuid, i64)> = sqlx::query_as(
        "SELECT e.tenant, e.complaint_id, e.clock_id, e.amount
         FROM unnest($1::text[], $2::uuid[]) AS k(tenant, complaint_id)
              JOIN extension AS e USING (tenant, complaint_id)
         WHERE e.state = 'approved'",
    )
    .bind(column(keys, |(tenant, _)| tenant.as_str()))
    .bind(column(keys, |(_, complaint)| *complaint))
    .fetch_all(conn)
    .await?;
    for (tenant, complaint, clock, amount) in rows {
        let tenant = tenant.parse().map_err(|cause| Corrupt::new("extension", "tenant", complaint, cause))?;
        all.entry((tenant, complaint)).or_default().push(Extension { clock, amount });
    }
    Ok(all)
}

/// A request for more time, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its identity.
    pub id: Uuid,
    /// The complaint.
    pub complaint: Uuid,
    /// The clock.
    pub clock: Uuid,
    /// How much, in the clock's unit.
    pub amount: i64,
    /// Why.
    pub reason: String,
    /// requested, approved or refused.
    pub state: String,
    /// Who asked.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why it was not granted.
    pub decision: Option<String>,
    /// When the clock was due before.
    pub old_due_at: Option<Timestamp>,
    /// When it is due with it.
    pub new_due_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    extension_id: Uuid,
    complaint_id: Uuid,
    clock_id: Uuid,
    amount: i64,
    reason: String,
    state: String,
    requested_by: String,
    requested_at: SqlTime,
    decided_by: Option<String>,
    decided_at: Option<SqlTime>,
    decision: Option<String>,
    old_due_at: Option<SqlTime>,
    new_due_at: Option<SqlTime>,
}

impl From<Row> for Request {
    fn from(row: Row) -> Self {
        Self {
            id: row.extension_id,
            complaint: row.complaint_id,
            clock: row.clock_id,
            amount: row.amount,
            reason: row.reason,
            state: row.state,
            requested_by: row.requested_by,
            requested_at: row.requested_at.to_jiff(),
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(SqlTime::to_jiff),
            decision: row.decision,
            old_due_at: row.old_due_at.map(SqlTime::to_jiff),
            new_due_at: row.new_due_at.map(SqlTime::to_jiff),
        }
    }
}

/// A request of the tenant's.
pub async fn find(conn: &mut PgConnection, tenant: &TenantId, id: Uuid) -> Result<Option<Request>, Error> {
    let row: Option<Row> = sqlx::query_as("SELECT * FROM extension WHERE tenant = $1 AND extension_id = $2")
        .bind(tenant.as_str())
        .bind(id)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(Request::from))
}

/// The requests for a clock, in their order.
pub async fn of_clock(
    conn: &mut PgConnection,
    tenant: &TenantId,
    clock: Uuid,
) -> Result<Vec<Request>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM extension WHERE tenant = $1 AND clock_id = $2 ORDER BY requested_at, extension_id",
    )
    .bind(tenant.as_str())
    .bind(clock)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Request::from).collect())
}

/// Who decided on requests for the clocks of a complaint.
pub async fn deciders(conn: &mut PgConnection, key: &Key) -> Result<Vec<String>, Error> {
    let deciders = sqlx::query_scalar(
        "SELECT DISTINCT decided_by FROM extension
         WHERE tenant = $1 AND complaint_id = $2 AND decided_by IS NOT NULL",
    );
    Ok(deciders.bind(key.0.as_str()).bind(key.1).fetch_all(conn).await?)
}

/// Writes a request, or what became of it.
pub async fn save(conn: &mut PgConnection, tenant: &TenantId, request: &Request) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO extension (tenant, extension_id, complaint_id, clock_id, amount, reason, state, requested_by,
                                requested_at, decided_by, decided_at, decision, old_due_at, new_due_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (tenant, extension_id) DO UPDATE
             SET state = excluded.state, decided_by = excluded.decided_by, decided_at = excluded.decided_at,
                 decision = excluded.decision, old_due_at = excluded.old_due_at, new_due_at = excluded.new_due_at",
    )
    .bind(tenant.as_str())
    .bind(request.id)
    .bind(request.complaint)
    .bind(request.clock)
    .bind(request.amount)
    .bind(&request.reason)
    .bind(&request.state)
    .bind(&request.requested_by)
    .bind(request.requested_at.to_sqlx())
    .bind(&request.decided_by)
    .bind(request.decided_at.map(ToSqlx::to_sqlx))
    .bind(&request.decision)
    .bind(request.old_due_at.map(ToSqlx::to_sqlx))
    .bind(request.new_due_at.map(ToSqlx::to_sqlx))
    .execute(conn)
    .await?;
    Ok(())
}
