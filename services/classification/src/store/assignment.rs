//! Where complaints stand on their way to a person.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::TenantId;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::complaint::{Labels, NewComplaint};
use super::{Corrupt, column};
use crate::domain::assignment::{AssignmentState, Offer, Queue, ROUNDS, Waiting};
use crate::error::Error;

/// Cases of one queue that are looked at in one round of offers.
const LOOKED_AT: i64 = 100;
/// Cases of one queue that are counted at most, waiting ones and held ones each: more is told as so many.
pub const COUNTED: i64 = 10_000;
/// Cases of all tenants that the watch counts at most of each kind: whoever does not assign here has millions that wait.
pub const WATCHED: i64 = 10_000;

/// An assignment that is locked.
#[derive(Debug, Clone)]
pub struct Held {
    /// Where it stands.
    pub state: AssignmentState,
    /// To whom it is offered or who has it; empty otherwise.
    pub handler: String,
    /// Until when an offer can be taken.
    pub expires_at: Option<Timestamp>,
}

/// A queue with what is in it.
#[derive(Debug, Clone, FromRow)]
pub struct Counted {
    /// Category, severity and language.
    pub category: String,
    /// The severity.
    pub severity: String,
    /// The language.
    pub language: String,
    /// Cases that wait.
    pub waiting: i64,
    /// Cases offered.
    pub offered: i64,
    /// Cases taken.
    pub taken: i64,
    /// Since when the oldest waits.
    pub oldest: Option<SqlTime>,
}

/// Puts complaints that were assessed for the first time into their queues.
pub async fn insert(conn: &mut PgConnection, new: &[NewComplaint]) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO assignment (tenant, complaint_id, category, severity, language, urgent, state, waiting_since)
         SELECT tenant, id, category, severity, language, urgent, 'waiting', since
         FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
              AS new (tenant, id, category, severity, language, urgent, since)",
    )
    .bind(column(new, |c| c.tenant.as_str()))
    .bind(column(new, |c| c.id))
    .bind(column(new, |c| c.labels.category.code()))
    .bind(column(new, |c| c.labels.severity.code()))
    .bind(column(new, |c| c.labels.language.as_str()))
    .bind(column(new, |c| c.labels.urgent))
    .bind(column(new, |c| c.received_at.to_sqlx()))
    .execute(conn)
    .await?;
    Ok(())
}

/// Moves a complaint to the queue of its new labels. Whoever has it keeps it.
pub async fn requeue(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: Uuid,
    labels: &Labels,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE assignment SET category = $3, severity = $4, language = $5, urgent = $6
         WHERE tenant = $1 AND complaint_id = $2",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(labels.category.code())
    .bind(labels.severity.code())
    .bind(&labels.language)
    .bind(labels.urgent)
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes complaints that need nobody any more out of the queues, and puts those back that were opened again since.
/// `needed` tells which; each complaint is named once.
pub async fn settle(
    conn: &mut PgConnection,
    complaints: &[(TenantId, Uuid, bool, Timestamp)],
) -> Result<(), Error> {
    if complaints.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE assignment a
         SET state = CASE WHEN new.needed THEN 'waiting' ELSE 'ended' END, handler = '', expires_at = NULL,
             passed_by = '{}', passed_at = NULL, rounds = 0,
             waiting_since = CASE WHEN new.needed THEN new.at ELSE a.waiting_since END
         FROM unnest($1::text[], $2::uuid[], $3::boolean[], $4::timestamptz[]) AS new (tenant, id, needed, at)
         WHERE (a.tenant, a.complaint_id) = (new.tenant, new.id) AND (a.state = 'ended') = new.needed",
    )
    .bind(column(complaints, |(tenant, ..)| tenant.as_str()))
    .bind(column(complaints, |(_, id, ..)| *id))
    .bind(column(complaints, |(.., needed, _)| *needed))
    .bind(column(complaints, |(.., at)| at.to_sqlx()))
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks an assignment; its complaint is locked before.
pub async fn lock(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: Uuid,
) -> Result<Option<Held>, Error> {
    let row: Option<(String, String, Option<SqlTime>)> = sqlx::query_as(
        "SELECT state, handler, expires_at FROM assignment WHERE tenant = $1 AND complaint_id = $2 FOR UPDATE",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .fetch_optional(conn)
    .await?;
    row.map(|(state, handler, expires_at)| {
        let state = state.parse().map_err(|e| Corrupt::new("assignment", "state", complaint, e))?;
        Ok(Held { state, handler, expires_at: expires_at.map(SqlTime::to_jiff) })
    })
    .transpose()
}

/// An offer was taken.
pub async fn take(conn: &mut PgConnection, tenant: &TenantId, complaint: Uuid) -> Result<(), Error> {
    sqlx::query(
        "UPDATE assignment SET state = 'taken', expires_at = NULL WHERE tenant = $1 AND complaint_id = $2",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .execute(conn)
    .await?;
    Ok(())
}

/// A case goes back to its queue; it waits there as if nobody had had it. Gives how often it came back by now.
pub async fn give_back(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: Uuid,
    now: Timestamp,
) -> Result<i32, Error> {
    Ok(sqlx::query_scalar(
        "UPDATE assignment
         SET state = 'waiting', handler = '', expires_at = NULL, passed_at = $3, rounds = rounds + 1,
             passed_by = CASE WHEN handler = ANY (passed_by) THEN passed_by ELSE passed_by || handler END
         WHERE tenant = $1 AND complaint_id = $2
         RETURNING rounds",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(now.to_sqlx())
    .fetch_one(conn)
    .await?)
}

/// The same for those of `complaints` whose offer nobody took until `now`; gives them, each with its rounds.
pub async fn give_back_expired(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaints: &[Uuid],
    now: Timestamp,
) -> Result<Vec<(Uuid, i32)>, Error> {
    if complaints.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as(
        "UPDATE assignment
         SET state = 'waiting', handler = '', expires_at = NULL, passed_at = $3, rounds = rounds + 1,
             passed_by = CASE WHEN handler = ANY (passed_by) THEN passed_by ELSE passed_by || handler END
         WHERE tenant = $1 AND complaint_id = ANY ($2) AND state = 'offered' AND expires_at <= $3
         RETURNING complaint_id, rounds",
    )
    .bind(tenant.as_str())
    .bind(complaints)
    .bind(now.to_sqlx())
    .fetch_all(conn)
    .await?)
}

/// Whether this transaction alone makes offers for the tenant until it ends.
pub async fn only_here(conn: &mut PgConnection, tenant: &TenantId) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtextextended('offers/' || $1, 0))")
        .bind(tenant.as_str())
        .fetch_one(conn)
        .await?)
}

/// Offers that nobody took in time: complaint and handler. Their complaints are not locked yet.
pub async fn expired(
    conn: &mut PgConnection,
    tenant: &TenantId,
    now: Timestamp,
) -> Result<Vec<(Uuid, String)>, Error> {
    Ok(sqlx::query_as(
        "SELECT complaint_id, handler FROM assignment
         WHERE tenant = $1 AND state = 'offered' AND expires_at <= $2 ORDER BY expires_at LIMIT 500",
    )
    .bind(tenant.as_str())
    .bind(now.to_sqlx())
    .fetch_all(conn)
    .await?)
}

/// The first that wait in each of `queues`, which `served` are the free handlers of. Who passed a case before `again_since`
/// may be offered it again; what all of them have passed since is not looked at, or it would hide what stands behind it.
pub async fn waiting(
    conn: &mut PgConnection,
    tenant: &TenantId,
    (queues, served): (&[Queue], &[Vec<&str>]),
    again_since: Timestamp,
) -> Result<Vec<Waiting>, Error> {
    let rows: Vec<(i64, Uuid, bool, SqlTime, Vec<String>, bool)> = sqlx::query_as(
        "SELECT queue.place, a.complaint_id, a.urgent, a.waiting_since, a.passed_by,
                coalesce(a.passed_at <= $6, true)
         FROM unnest($2::text[], $3::text[], $4::text[], $7::text[]) WITH ORDINALITY
              AS queue (category, severity, language, handlers, place)
         CROSS JOIN LATERAL (
             SELECT * FROM assignment
             WHERE tenant = $1 AND category = queue.category AND severity = queue.severity
               AND language = queue.language AND state = 'waiting'
               AND (passed_at IS NULL OR passed_at <= $6 OR NOT passed_by @> string_to_array(queue.handlers, E'\n'))
             ORDER BY urgent DESC, waiting_since, complaint_id LIMIT $5
         ) AS a",
    )
    .bind(tenant.as_str())
    .bind(column(queues, |q| q.category.code()))
    .bind(column(queues, |q| q.severity.code()))
    .bind(column(queues, |q| q.language.code()))
    .bind(LOOKED_AT)
    .bind(again_since.to_sqlx())
    .bind(column(served, |handlers| handlers.join("\n")))
    .fetch_all(conn)
    .await?;
    let read = |(place, complaint, urgent, since, passed_by, again): (_, _, _, SqlTime, _, _)| {
        let queue = *usize::try_from(place - 1_i64).ok().and_then(|place| queues.get(place))?;
        Some(Waiting { complaint, queue, urgent, since: since.to_jiff().as_microsecond(), passed_by, again })
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Makes offers of cases that still wait, and gives those that were made.
pub async fn offer(
    conn: &mut PgConnection,
    tenant: &TenantId,
    offers: &[Offer],
    expires_at: Timestamp,
) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "UPDATE assignment a SET state = 'offered', handler = new.handler, expires_at = $4
         FROM unnest($2::uuid[], $3::text[]) AS new (id, handler)
         WHERE a.tenant = $1 AND a.complaint_id = new.id AND a.state = 'waiting'
         RETURNING a.complaint_id",
    )
    .bind(tenant.as_str())
    .bind(column(offers, |o| o.complaint))
    .bind(column(offers, |o| o.handler.as_str()))
    .bind(expires_at.to_sqlx())
    .fetch_all(conn)
    .await?)
}

/// The queues of a tenant that have cases, by name. What is over is not read, and no count goes beyond [`COUNTED`].
pub async fn counted(
    conn: &mut PgConnection,
    tenant: &TenantId,
    queues: &[Queue],
) -> Result<Vec<Counted>, Error> {
    Ok(sqlx::query_as(
        "SELECT * FROM (
             SELECT queue.category, queue.severity, queue.language, waiting.cases AS waiting, waiting.oldest,
                    coalesce(held.offered, 0) AS offered, coalesce(held.taken, 0) AS taken
             FROM unnest($2::text[], $3::text[], $4::text[]) AS queue (category, severity, language)
             CROSS JOIN LATERAL (
                 SELECT count(*) AS cases, min(waiting_since) AS oldest FROM (
                     SELECT waiting_since FROM assignment
                     WHERE tenant = $1 AND category = queue.category AND severity = queue.severity
                       AND language = queue.language AND state = 'waiting'
                     ORDER BY urgent DESC, waiting_since LIMIT $5
                 ) AS first
             ) AS waiting
             CROSS JOIN LATERAL (
                 SELECT count(*) FILTER (WHERE state = 'offered') AS offered,
                        count(*) FILTER (WHERE state = 'taken') AS taken
                 FROM (
                     SELECT state FROM assignment
                     WHERE tenant = $1 AND category = queue.category AND severity = queue.severity
                       AND language = queue.language AND state IN ('offered', 'taken')
                     LIMIT $5
                 ) AS these
             ) AS held
         ) AS counted
         WHERE waiting + offered + taken > 0 ORDER BY category, severity, language",
    )
    .bind(tenant.as_str())
    .bind(column(queues, |q| q.category.code()))
    .bind(column(queues, |q| q.severity.code()))
    .bind(column(queues, |q| q.language.code()))
    .bind(COUNTED)
    .fetch_all(conn)
    .await?)
}

/// What nobody keeps, over all tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unattended {
    /// Cases that nobody has had since a time told.
    pub cases: i64,
    /// Since when the oldest of them waits.
    pub oldest: Option<Timestamp>,
    /// Cases that came back from so many offers that a supervisor was told, however fresh they are.
    pub stranded: i64,
    /// Cases in the hands of somebody who takes none any more, or is not known: nobody else is offered them.
    pub abandoned: i64,
}

/// What nobody has had since `before`, and what came back [`ROUNDS`] times or more, [`WATCHED`] of each at most. A case that
/// is offered just now is nobody's yet: one that goes from offer to offer would otherwise never be seen.
pub async fn unattended(conn: &mut PgConnection, before: Timestamp) -> Result<Unattended, Error> {
    let (cases, oldest, stranded, abandoned): (i64, Option<SqlTime>, i64, i64) = sqlx::query_as(
        "SELECT cases, oldest, stranded, abandoned
         FROM (SELECT count(*) AS cases, min(waiting_since) AS oldest
               FROM (SELECT waiting_since FROM assignment
                     WHERE state IN ('waiting', 'offered') AND waiting_since < $1
                     -- The oldest first, and no more than are counted.
                     ORDER BY waiting_since LIMIT $3) AS first) AS old,
              (SELECT count(*) AS stranded
               FROM (SELECT FROM assignment
                     WHERE state IN ('waiting', 'offered') AND rounds > 0 AND rounds >= $2 LIMIT $3) AS these) AS round,
              (SELECT count(*) AS abandoned
               FROM (SELECT FROM assignment AS a
                     WHERE state = 'taken'
                           AND NOT EXISTS (SELECT FROM handler AS h
                                           WHERE h.tenant = a.tenant AND h.handler = a.handler AND h.capacity > 0)
                     LIMIT $3) AS these) AS left_behind",
    )
    .bind(before.to_sqlx())
    .bind(ROUNDS)
    .bind(WATCHED)
    .fetch_one(conn)
    .await?;
    Ok(Unattended { cases, oldest: oldest.map(SqlTime::to_jiff), stranded, abandoned })
}
