//! What begins to wait for delivery.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::error::Error;
use crate::store::column;

/// A notice that is to go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The tenant.
    pub tenant: TenantId,
    /// The notice.
    pub notice: Uuid,
    /// Code of its kind.
    pub kind: &'static str,
    /// When its addressee may be written to.
    pub due_at: Timestamp,
    /// Stations that are behind it.
    pub tried: Vec<String>,
}

/// Begins the delivery to the addressees of notices; what is there stays.
pub async fn begin(conn: &mut PgConnection, due: &[Due]) -> Result<(), Error> {
    if due.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO delivery (tenant, notice_id, webhook_id, due_at, tried)
         SELECT tenant, notice_id, '00000000-0000-0000-0000-000000000000', due_at, string_to_array(tried, ' ')
         FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::text[]) AS new (tenant, notice_id, due_at, tried)
         ON CONFLICT DO NOTHING",
    )
    .bind(column(due, |d| d.tenant.as_str()))
    .bind(column(due, |d| d.notice))
    .bind(column(due, |d| d.due_at.to_sqlx()))
    .bind(column(due, |d| d.tried.join(" ")))
    .execute(conn)
    .await?;
    Ok(())
}

/// Begins the delivery of notices to every callback address that wants their kind. Machines have no night, so it is due
/// now.
pub async fn begin_callbacks(conn: &mut PgConnection, due: &[Due], now: Timestamp) -> Result<(), Error> {
    if due.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO delivery (tenant, notice_id, webhook_id, due_at)
         SELECT new.tenant, new.notice_id, w.webhook_id, $4
         FROM unnest($1::text[], $2::uuid[], $3::text[]) AS new (tenant, notice_id, kind)
              JOIN webhook w ON w.tenant = new.tenant AND w.enabled
                                AND (cardinality(w.kinds) = 0 OR new.kind = ANY(w.kinds))
         ON CONFLICT DO NOTHING",
    )
    .bind(column(due, |d| d.tenant.as_str()))
    .bind(column(due, |d| d.notice))
    .bind(column(due, |d| d.kind))
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}

/// What was begun of what a callback address missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// How many deliveries.
    pub queued: u64,
    /// From where to go on; none if all was looked at.
    pub next_since: Option<Timestamp>,
}

/// Begins the delivery to one callback address of what was queued since and it has not taken: of the `most` oldest
/// notices.
pub async fn begin_missed(
    conn: &mut PgConnection,
    tenant: &TenantId,
    webhook: Uuid,
    (since, now): (Timestamp, Timestamp),
    most: i64,
) -> Result<Missed, Error> {
    let (queued, last, looked): (i64, Option<SqlTime>, i64) = sqlx::query_as(
        "WITH looked AS MATERIALIZED (
             SELECT notice_id, kind, queued_at FROM notice
             WHERE tenant = $1 AND queued_at >= $3 ORDER BY queued_at LIMIT $5
         ), begun AS (
             INSERT INTO delivery (tenant, notice_id, webhook_id, due_at)
             SELECT w.tenant, n.notice_id, w.webhook_id, $4
             FROM looked n JOIN webhook w ON w.tenant = $1 AND w.webhook_id = $2
             WHERE (cardinality(w.kinds) = 0 OR n.kind = ANY(w.kinds))
                   AND NOT EXISTS (SELECT FROM attempt a
                                   WHERE a.tenant = w.tenant AND a.notice_id = n.notice_id
                                         AND a.webhook_id = w.webhook_id AND a.outcome = 'accepted')
             ORDER BY n.notice_id
             -- What is in hand just now stays in that hand.
             ON CONFLICT (tenant, notice_id, webhook_id) DO UPDATE SET due_at = $4, tries = 0, first_tried_at = NULL
             RETURNING 1
         )
         SELECT (SELECT count(*) FROM begun), (SELECT max(queued_at) FROM looked), (SELECT count(*) FROM looked)",
    )
    .bind(tenant.as_str())
    .bind(webhook)
    .bind(since.to_sqlx())
    .bind(now.to_sqlx())
    .bind(most)
    .fetch_one(conn)
    .await?;
    let next_since = last.filter(|_| looked >= most).map(SqlTime::to_jiff);
    Ok(Missed { queued: u64::try_from(queued).unwrap_or_default(), next_since })
}
