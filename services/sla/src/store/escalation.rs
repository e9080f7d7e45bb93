//! Escalation tickets.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{TenantId, coded_enum};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::aside::Work;
use super::case::{Held, Key};
use super::{Corrupt, column};
use crate::domain::escalation::{Call, Ticket, Trigger};
use crate::domain::fact::FactRef;
use crate::error::Error;

coded_enum! {
    /// Where a ticket stands.
    TicketState {
        /// It waits for the office of whoever is called.
        Waiting = "waiting",
        /// Somebody is called.
        Raised = "raised",
        /// Somebody took it up.
        Acknowledged = "acknowledged",
        /// Nobody did in time; the next level is called.
        PassedOn = "passed_on",
        /// Its clock ended before anybody took it up.
        Settled = "settled",
    }
}

/// A ticket, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Whose, and of which complaint.
    pub key: Key,
    /// Who is called, and why.
    pub ticket: Ticket,
    /// What calls.
    pub call: Call,
    /// Where it stands.
    pub state: TicketState,
    /// Who took it up.
    pub acknowledged_by: Option<String>,
    /// When.
    pub acknowledged_at: Option<Timestamp>,
}

impl Stored {
    /// One that was just made.
    pub fn new(key: Key, ticket: Ticket, call: Call) -> Self {
        let state = TicketState::Waiting;
        Self { key, ticket, call, state, acknowledged_by: None, acknowledged_at: None }
    }

    /// When it is to be looked at again.
    fn next_at(&self) -> Option<Timestamp> {
        match self.state {
            TicketState::Waiting => Some(self.ticket.not_before),
            TicketState::Raised => self.ticket.acknowledge_by,
            TicketState::Acknowledged | TicketState::PassedOn | TicketState::Settled => None,
        }
    }
}

/// A call as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    trigger: String,
    definition: String,
    clock: Option<Uuid>,
    percent: Option<u8>,
    level: Option<u8>,
    at: Timestamp,
    cause: Option<FactRef>,
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant: String,
    ticket_id: Uuid,
    complaint_id: Uuid,
    clock_id: Option<Uuid>,
    level: i16,
    reason: String,
    target_role: String,
    state: String,
    raised_at: SqlTime,
    not_before: SqlTime,
    acknowledge_by: Option<SqlTime>,
    acknowledged_by: Option<String>,
    acknowledged_at: Option<SqlTime>,
    call: Json<Kept>,
}

impl TryFrom<Row> for Stored {
    type Error = Corrupt;

    fn try_from(row: Row) -> Result<Self, Corrupt> {
        let corrupt = |column, cause: String| Corrupt::new("escalation_ticket", column, row.ticket_id, cause);
        let Json(kept) = row.call;
        let trigger: Trigger = kept.trigger.parse().map_err(|_| corrupt("call", kept.trigger.clone()))?;
        let tenant: TenantId = row.tenant.parse().map_err(|_| corrupt("tenant", row.tenant.clone()))?;
        Ok(Self {
            key: (tenant, row.complaint_id),
            ticket: Ticket {
                id: row.ticket_id,
                level: u8::try_from(row.level).map_err(|error| corrupt("level", error.to_string()))?,
                reason: row.reason,
                target_role: row.target_role,
                clock: row.clock_id,
                raised_at: row.raised_at.to_jiff(),
                not_before: row.not_before.to_jiff(),
                acknowledge_by: row.acknowledge_by.map(SqlTime::to_jiff),
            },
            call: Call {
                trigger,
                definition: kept.definition,
                clock: kept.clock,
                percent: kept.percent,
                level: kept.level,
                at: kept.at,
                cause: kept.cause,
            },
            state: row.state.parse().map_err(|_| corrupt("state", row.state.clone()))?,
            acknowledged_by: row.acknowledged_by,
            acknowledged_at: row.acknowledged_at.map(SqlTime::to_jiff),
        })
    }
}

/// The tickets of a complaint by the time their causes arose.
pub async fn of_case(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: Uuid,
) -> Result<Vec<Stored>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM escalation_ticket WHERE tenant = $1 AND complaint_id = $2
         ORDER BY raised_at, level, ticket_id LIMIT 100",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Stored::try_from).collect::<Result<_, _>>()?)
}

/// Who took calls of a complaint up, and of which level.
pub async fn taken_up(conn: &mut PgConnection, key: &Key) -> Result<Vec<(String, u8)>, Error> {
    let rows: Vec<(String, i16)> = sqlx::query_as(
        "SELECT DISTINCT acknowledged_by, level FROM escalation_ticket
         WHERE tenant = $1 AND complaint_id = $2 AND acknowledged_by IS NOT NULL",
    )
    .bind(key.0.as_str())
    .bind(key.1)
    .fetch_all(conn)
    .await?;
    // The table allows 1 to 4.
    Ok(rows.into_iter().map(|(by, level)| (by, u8::try_from(level).unwrap_or(u8::MAX))).collect())
}

/// A ticket of the tenant's.
pub async fn find(conn: &mut PgConnection, tenant: &TenantId, id: Uuid) -> Result<Option<Stored>, Error> {
    let row: Option<Row> =
        sqlx::query_as("SELECT * FROM escalation_ticket WHERE tenant = $1 AND ticket_id = $2")
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(conn)
            .await?;
    Ok(row.map(Stored::try_from).transpose()?)
}

/// Locks the complaints of tickets that are to be looked at, and leaves out those that another has at this moment. The
/// time of the transaction decides.
pub async fn claim(conn: &mut PgConnection, limit: i64) -> Result<Vec<Held>, Error> {
    let rows: Vec<(String, Uuid, i64, bool)> = sqlx::query_as(
        "SELECT c.tenant, c.complaint_id, c.stream_version, c.extended
         FROM escalation_ticket AS t JOIN case_file AS c USING (tenant, complaint_id)
         WHERE t.next_at <= redress_time(now())
               AND NOT EXISTS (SELECT 1 FROM set_aside AS s
                               WHERE s.tenant = c.tenant AND s.complaint_id = c.complaint_id
                                     AND s.work = $2 AND s.until > now())
         ORDER BY t.next_at LIMIT $1 FOR UPDATE OF c SKIP LOCKED",
    )
    .bind(limit)
    .bind(Work::Escalation.code())
    .fetch_all(conn)
    .await?;
    let held = |(tenant, complaint, stream_version, extended): (String, Uuid, i64, bool)| {
        let tenant = tenant.parse().map_err(|cause| Corrupt::new("case_file", "tenant", complaint, cause))?;
        Ok(Held { key: (tenant, complaint), stream_version, extended })
    };
    rows.into_iter().map(held).collect()
}

/// The tickets of the complaints `keys`, which are locked, that are to be looked at; and what time it is.
pub async fn due(
    conn: &mut PgConnection,
    keys: impl IntoIterator<Item = &Key> + Clone,
) -> Result<(Vec<Stored>, Timestamp), Error> {
    let now: SqlTime = sqlx::query_scalar("SELECT redress_time(now())").fetch_one(&mut *conn).await?;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT t.* FROM unnest($1::text[], $2::uuid[]) AS k(tenant, complaint_id)
              JOIN escalation_ticket AS t USING (tenant, complaint_id)
         WHERE t.next_at <= redress_time(now()) ORDER BY t.next_at, t.ticket_id",
    )
    .bind(column(keys.clone(), |(tenant, _)| tenant.as_str()))
    .bind(column(keys, |(_, complaint)| *complaint))
    .fetch_all(conn)
    .await?;
    Ok((rows.into_iter().map(Stored::try_from).collect::<Result<_, _>>()?, now.to_jiff()))
}

/// Lets open tickets of the complaints `keys` be looked at, of which something was heard: it may have ended what they are
/// about, also at the highest level, which nothing else looks at again.
pub async fn look_again(conn: &mut PgConnection, keys: &BTreeSet<Key>) -> Result<(), Error> {
    sqlx::query(
        "UPDATE escalation_ticket AS t SET next_at = redress_time(now())
         FROM unnest($1::text[], $2::uuid[]) AS k(tenant, complaint_id)
         WHERE t.tenant = k.tenant AND t.complaint_id = k.complaint_id AND t.state IN ('waiting', 'raised')",
    )
    .bind(column(keys, |(tenant, _)| tenant.as_str()))
    .bind(column(keys, |(_, complaint)| *complaint))
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes tickets that were made: one that is there already stays as it is.
pub async fn insert(conn: &mut PgConnection, tickets: &[Stored]) -> Result<(), Error> {
    write(conn, tickets, false).await
}

/// Writes what became of tickets.
pub async fn save(conn: &mut PgConnection, tickets: &[Stored]) -> Result<(), Error> {
    write(conn, tickets, true).await
}

async fn write(conn: &mut PgConnection, tickets: &[Stored], over: bool) -> Result<(), Error> {
    if tickets.is_empty() {
        return Ok(());
    }
    let kept = |stored: &Stored| Kept {
        trigger: stored.call.trigger.code().to_owned(),
        definition: stored.call.definition.clone(),
        clock: stored.call.clock,
        percent: stored.call.percent,
        level: stored.call.level,
        at: stored.call.at,
        cause: stored.call.cause.clone(),
    };
    sqlx::query(
        "INSERT INTO escalation_ticket AS t (tenant, complaint_id, ticket_id, clock_id, level, reason, target_role, state,
                                             raised_at, not_before, acknowledge_by, acknowledged_by, acknowledged_at,
                                             next_at, call)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::smallint[], $6::text[], $7::text[],
                              $8::text[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::text[],
                              $13::timestamptz[], $14::timestamptz[], $15::jsonb[])
         ON CONFLICT (tenant, ticket_id) DO UPDATE
             SET state = excluded.state, acknowledged_by = excluded.acknowledged_by,
                 acknowledged_at = excluded.acknowledged_at, next_at = excluded.next_at,
                 acknowledge_by = excluded.acknowledge_by
             WHERE $16",
    )
    .bind(column(tickets, |stored| stored.key.0.as_str()))
    .bind(column(tickets, |stored| stored.key.1))
    .bind(column(tickets, |stored| stored.ticket.id))
    .bind(column(tickets, |stored| stored.ticket.clock))
    .bind(column(tickets, |stored| i16::from(stored.ticket.level)))
    .bind(column(tickets, |stored| stored.ticket.reason.as_str()))
    .bind(column(tickets, |stored| stored.ticket.target_role.as_str()))
    .bind(column(tickets, |stored| stored.state.code()))
    .bind(column(tickets, |stored| stored.ticket.raised_at.to_sqlx()))
    .bind(column(tickets, |stored| stored.ticket.not_before.to_sqlx()))
    .bind(column(tickets, |stored| stored.ticket.acknowledge_by.map(ToSqlx::to_sqlx)))
    .bind(column(tickets, |stored| stored.acknowledged_by.as_deref()))
    .bind(column(tickets, |stored| stored.acknowledged_at.map(ToSqlx::to_sqlx)))
    .bind(column(tickets, |stored| stored.next_at().map(ToSqlx::to_sqlx)))
    .bind(column(tickets, |stored| Json(kept(stored))))
    .bind(over)
    .execute(conn)
    .await?;
    Ok(())
}
