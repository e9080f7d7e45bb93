//! Escalation tickets.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::case::Key;
use super::column;
use crate::error::Error;

/// Who was called, why, and who took it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its identity.
    pub id: Uuid,
    /// The complaint.
    pub complaint: Uuid,
    /// The clock that is the cause, if one is.
    pub clock: Option<Uuid>,
    /// The level, 1 to 4.
    pub level: i16,
    /// Why.
    pub reason: String,
    /// The role that is called.
    pub target_role: String,
    /// raised, acknowledged or `passed_on`.
    pub state: String,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// By when it is to be taken up.
    pub acknowledge_by: Option<Timestamp>,
    /// Who took it up.
    pub acknowledged_by: Option<String>,
    /// When.
    pub acknowledged_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    ticket_id: Uuid,
    complaint_id: Uuid,
    clock_id: Option<Uuid>,
    level: i16,
    reason: String,
    target_role: String,
    state: String,
    raised_at: SqlTime,
    acknowledge_by: Option<SqlTime>,
    acknowledged_by: Option<String>,
    acknowledged_at: Option<SqlTime>,
}

impl From<Row> for Ticket {
    fn from(row: Row) -> Self {
        Self {
            id: row.ticket_id,
            complaint: row.complaint_id,
            clock: row.clock_id,
            level: row.level,
            reason: row.reason,
            target_role: row.target_role,
            state: row.state,
            raised_at: row.raised_at.to_jiff(),
            acknowledge_by: row.acknowledge_by.map(SqlTime::to_jiff),
            acknowledged_by: row.acknowledged_by,
            acknowledged_at: row.acknowledged_at.map(SqlTime::to_jiff),
        }
    }
}

/// The tickets of a complaint by the time they were raised.
pub async fn of_case(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: Uuid,
) -> Result<Vec<Ticket>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM escalation_ticket WHERE tenant = $1 AND complaint_id = $2
         ORDER BY raised_at, level, ticket_id LIMIT 100",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Ticket::from).collect())
}

/// A ticket of the tenant's.
pub async fn find(conn: &mut PgConnection, tenant: &TenantId, id: Uuid) -> Result<Option<Ticket>, Error> {
    let row: Option<Row> =
        sqlx::query_as("SELECT * FROM escalation_ticket WHERE tenant = $1 AND ticket_id = $2")
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(conn)
            .await?;
    Ok(row.map(Ticket::from))
}

/// Writes tickets, or what became of them.
pub async fn save(conn: &mut PgConnection, tickets: &[(Key, Ticket)]) -> Result<(), Error> {
    if tickets.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO escalation_ticket AS t (tenant, complaint_id, ticket_id, clock_id, level, reason, target_role,
                                             state, raised_at, acknowledge_by, acknowledged_by, acknowledged_at)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::smallint[], $6::text[], $7::text[],
                              $8::text[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::timestamptz[])
         ON CONFLICT (tenant, ticket_id) DO UPDATE
             SET state = excluded.state, acknowledged_by = excluded.acknowledged_by,
                 acknowledged_at = excluded.acknowledged_at",
    )
    .bind(column(tickets, |((tenant, _), _)| tenant.as_str()))
    .bind(column(tickets, |((_, complaint), _)| *complaint))
    .bind(column(tickets, |(_, ticket)| ticket.id))
    .bind(column(tickets, |(_, ticket)| ticket.clock))
    .bind(column(tickets, |(_, ticket)| ticket.level))
    .bind(column(tickets, |(_, ticket)| ticket.reason.as_str()))
    .bind(column(tickets, |(_, ticket)| ticket.target_role.as_str()))
    .bind(column(tickets, |(_, ticket)| ticket.state.as_str()))
    .bind(column(tickets, |(_, ticket)| ticket.raised_at.to_sqlx()))
    .bind(column(tickets, |(_, ticket)| ticket.acknowledge_by.map(ToSqlx::to_sqlx)))
    .bind(column(tickets, |(_, ticket)| ticket.acknowledged_by.as_deref()))
    .bind(column(tickets, |(_, ticket)| ticket.acknowledged_at.map(ToSqlx::to_sqlx)))
    .execute(conn)
    .await?;
    Ok(())
}
