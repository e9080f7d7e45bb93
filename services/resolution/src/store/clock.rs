//! How the clocks of cases ended.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column;
use crate::error::Error;

/// What is kept of a clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// The clock's id.
    pub clock_id: String,
    /// Its definition.
    pub definition: String,
    /// Where it stands.
    pub state: String,
    /// When it was due.
    pub due_at: Option<Timestamp>,
    /// When that was told.
    pub told_at: Timestamp,
}

/// Writes what sla told last of each clock; each clock once.
pub async fn upsert(conn: &mut PgConnection, clocks: &[(TenantId, Uuid, Clock)]) -> Result<(), Error> {
    if clocks.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO clock_result (tenant, complaint_id, clock_id, definition, state, due_at, told_at)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
              $7::timestamptz[]) AS new (tenant, complaint, clock, definition, state, due_at, told_at)
         ORDER BY tenant, complaint, clock
         ON CONFLICT (tenant, complaint_id, clock_id) DO UPDATE
         SET state = excluded.state, due_at = coalesce(excluded.due_at, clock_result.due_at),
             told_at = excluded.told_at",
    )
    .bind(column(clocks, |(tenant, ..)| tenant.as_str()))
    .bind(column(clocks, |(_, id, _)| *id))
    .bind(column(clocks, |(.., clock)| clock.clock_id.as_str()))
    .bind(column(clocks, |(.., clock)| clock.definition.as_str()))
    .bind(column(clocks, |(.., clock)| clock.state.as_str()))
    .bind(column(clocks, |(.., clock)| clock.due_at.map(ToSqlx::to_sqlx)))
    .bind(column(clocks, |(.., clock)| clock.told_at.to_sqlx()))
    .execute(conn)
    .await?;
    Ok(())
}

/// The clocks of a case, by definition.
pub async fn of_case(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
) -> Result<Vec<Clock>, Error> {
    let rows: Vec<(String, String, String, Option<SqlTime>, SqlTime)> = sqlx::query_as(
        "SELECT clock_id, definition, state, due_at, told_at FROM clock_result
         WHERE tenant = $1 AND complaint_id = $2 ORDER BY definition, clock_id",
    )
    .bind(tenant.as_str())
    .bind(*id.as_uuid())
    .fetch_all(conn)
    .await?;
    let clock = |(clock_id, definition, state, due_at, told_at): (_, _, _, Option<SqlTime>, SqlTime)| Clock {
        clock_id,
        definition,
        state,
        due_at: due_at.map(SqlTime::to_jiff),
        told_at: told_at.to_jiff(),
    };
    Ok(rows.into_iter().map(clock).collect())
}
