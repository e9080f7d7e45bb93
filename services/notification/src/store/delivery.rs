//! What is still to be delivered, and who has it in hand.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::error::Error;

/// A delivery in hand: claimed, and not to be touched by others until the lease is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The tenant.
    pub tenant: TenantId,
    /// The notice.
    pub notice: Uuid,
    /// The callback address; none for the addressee itself.
    pub webhook: Option<Uuid>,
    /// The lease, which no other claim ever has.
    pub lease: Uuid,
    /// Which try at its station this is, from 1.
    pub tries: i32,
    /// When the first try at this station was claimed.
    pub first_tried_at: Timestamp,
    /// Stations that are behind it.
    pub tried: Vec<String>,
}

/// Which deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Those to addressees.
    Parties,
    /// Those to callback addresses.
    Callbacks,
}

const CLAIM_PARTIES: &str = "
    UPDATE delivery SET due_at = $2, lease = $4, tries = delivery.tries + 1,
                        first_tried_at = coalesce(delivery.first_tried_at, $1)
    FROM (
        SELECT tenant, notice_id, webhook_id FROM delivery
        WHERE webhook_id = '00000000-0000-0000-0000-000000000000' AND due_at <= $1
        ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE (delivery.tenant, delivery.notice_id, delivery.webhook_id) = (due.tenant, due.notice_id, due.webhook_id)
    RETURNING delivery.tenant, delivery.notice_id, delivery.webhook_id, delivery.lease, delivery.tries,
              delivery.first_tried_at, delivery.tried";
const CLAIM_CALLBACKS: &str = "
    UPDATE delivery SET due_at = $2, lease = $4, tries = delivery.tries + 1,
                        first_tried_at = coalesce(delivery.first_tried_at, $1)
    FROM (
        SELECT d.tenant, d.notice_id, d.webhook_id
        FROM delivery d JOIN webhook w ON w.tenant = d.tenant AND w.webhook_id = d.webhook_id
        WHERE d.webhook_id <> '00000000-0000-0000-0000-000000000000' AND d.due_at <= $1
              -- An address that fails is left alone with all that waits for it.
              AND w.enabled AND (w.paused_until IS NULL OR w.paused_until <= $1)
        ORDER BY d.due_at LIMIT $3 FOR UPDATE OF d SKIP LOCKED
    ) AS due
    WHERE (delivery.tenant, delivery.notice_id, delivery.webhook_id) = (due.tenant, due.notice_id, due.webhook_id)
    RETURNING delivery.tenant, delivery.notice_id, delivery.webhook_id, delivery.lease, delivery.tries,
              delivery.first_tried_at, delivery.tried";

/// Claims up to `limit` deliveries that are due, under a `lease` that lasts for `term`: one statement, without a
/// transaction around it.
pub async fn claim(
    conn: &mut PgConnection,
    lane: Lane,
    lease: Uuid,
    now: Timestamp,
    term: Duration,
    limit: i64,
) -> Result<Vec<Claimed>, Error> {
    let until = now.saturating_add(term).unwrap_or(Timestamp::MAX);
    let rows: Vec<Row> = sqlx::query_as(match lane {
        Lane::Parties => CLAIM_PARTIES,
        Lane::Callbacks => CLAIM_CALLBACKS,
    })
    .bind(now.to_sqlx())
    .bind(until.to_sqlx())
    .bind(limit)
    .bind(lease)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// The claims among these that still hold, locked until the transaction ends.
pub async fn lock_held(conn: &mut PgConnection, claimed: &[&Claimed]) -> Result<Vec<(Uuid, Uuid)>, Error> {
    let held = sqlx::query_as(
        "SELECT d.notice_id, d.webhook_id
         FROM delivery d JOIN unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[])
              AS mine (tenant, notice_id, webhook_id, lease)
              ON (d.tenant, d.notice_id, d.webhook_id, d.lease)
                 = (mine.tenant, mine.notice_id, mine.webhook_id, mine.lease)
         ORDER BY d.tenant, d.notice_id, d.webhook_id FOR UPDATE OF d",
    )
    .bind(column(claimed, |c| c.tenant.as_str()))
    .bind(column(claimed, |c| c.notice))
    .bind(column(claimed, |c| c.webhook.unwrap_or_default()))
    .bind(column(claimed, |c| c.lease))
    .fetch_all(conn)
    .await?;
    Ok(held)
}

/// What waits for each of some notices: whether for the addressee, and for how many callbacks.
pub async fn waiting(
    conn: &mut PgConnection,
    notices: &[(TenantId, Uuid)],
) -> Result<Vec<(Uuid, bool, i64)>, Error> {
    let waiting = sqlx::query_as(
        "SELECT notice_id, bool_or(webhook_id = '00000000-0000-0000-0000-000000000000'),
                count(*) FILTER (WHERE webhook_id <> '00000000-0000-0000-0000-000000000000')
         FROM delivery WHERE (tenant, notice_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
         GROUP BY tenant, notice_id",
    )
    .bind(column(notices, |(tenant, _)| tenant.as_str()))
    .bind(column(notices, |(_, id)| *id))
    .fetch_all(conn)
    .await?;
    Ok(waiting)
}

/// A delivery that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoesOn {
    /// Which.
    pub claimed: Claimed,
    /// When it is tried again.
    pub due_at: Timestamp,
    /// Tries so far at the station that comes.
    pub tries: i32,
    /// Whether the station that comes is another one.
    pub afresh: bool,
}

/// Puts claimed deliveries back.
pub async fn put_back(conn: &mut PgConnection, going_on: &[GoesOn]) -> Result<(), Error> {
    if going_on.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE delivery SET due_at = new.due_at, lease = NULL, tries = new.tries, tried = string_to_array(new.tried, ' '),
                             first_tried_at = CASE WHEN new.afresh THEN NULL ELSE delivery.first_tried_at END
         FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::integer[], $6::text[], $7::boolean[])
              AS new (tenant, notice_id, webhook_id, due_at, tries, tried, afresh)
         WHERE (delivery.tenant, delivery.notice_id, delivery.webhook_id)
               = (new.tenant, new.notice_id, new.webhook_id)",
    )
    .bind(column(going_on, |g| g.claimed.tenant.as_str()))
    .bind(column(going_on, |g| g.claimed.notice))
    .bind(column(going_on, |g| g.claimed.webhook.unwrap_or_default()))
    .bind(column(going_on, |g| g.due_at.to_sqlx()))
    .bind(column(going_on, |g| g.tries))
    .bind(column(going_on, |g| g.claimed.tried.join(" ")))
    .bind(column(going_on, |g| g.afresh))
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes claimed deliveries that are over.
pub async fn finish(conn: &mut PgConnection, over: &[&Claimed]) -> Result<(), Error> {
    if over.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM delivery WHERE (tenant, notice_id, webhook_id)
                                    IN (SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[]))",
    )
    .bind(column(over, |c| c.tenant.as_str()))
    .bind(column(over, |c| c.notice))
    .bind(column(over, |c| c.webhook.unwrap_or_default()))
    .execute(conn)
    .await?;
    Ok(())
}

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

/// Begins the delivery to one callback address of what was queued since and it has not taken. Returns how many.
pub async fn begin_missed(
    conn: &mut PgConnection,
    tenant: &TenantId,
    webhook: Uuid,
    since: Timestamp,
    now: Timestamp,
) -> Result<u64, Error> {
    let done = sqlx::query(
        "INSERT INTO delivery (tenant, notice_id, webhook_id, due_at)
         SELECT n.tenant, n.notice_id, w.webhook_id, $4
         FROM notice n JOIN webhook w ON w.tenant = n.tenant AND w.webhook_id = $2
         WHERE n.tenant = $1 AND n.queued_at >= $3 AND (cardinality(w.kinds) = 0 OR n.kind = ANY(w.kinds))
               AND NOT EXISTS (SELECT FROM attempt a
                               WHERE a.tenant = n.tenant AND a.notice_id = n.notice_id
                                     AND a.webhook_id = w.webhook_id AND a.outcome = 'accepted')
         ON CONFLICT (tenant, notice_id, webhook_id)
            DO UPDATE SET due_at = $4, lease = NULL, tries = 0, first_tried_at = NULL",
    )
    .bind(tenant.as_str())
    .bind(webhook)
    .bind(since.to_sqlx())
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// A delivery to a callback address that is disabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranded {
    /// The tenant.
    pub tenant: TenantId,
    /// The complaint of its notice.
    pub complaint: ComplaintId,
    /// The notice.
    pub notice: Uuid,
    /// The address.
    pub webhook: Uuid,
}

/// Up to `limit` deliveries that wait for disabled addresses.
pub async fn stranded(conn: &mut PgConnection, limit: i64) -> Result<Vec<Stranded>, Error> {
    let rows: Vec<(String, Uuid, Uuid, Uuid)> = sqlx::query_as(
        "SELECT d.tenant, n.complaint_id, d.notice_id, d.webhook_id
         FROM webhook w
              JOIN delivery d ON d.tenant = w.tenant AND d.webhook_id = w.webhook_id
              JOIN notice n ON n.tenant = d.tenant AND n.notice_id = d.notice_id
         WHERE NOT w.enabled LIMIT $1",
    )
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(tenant, complaint, notice, webhook)| {
            Ok(Stranded {
                tenant: tenant.parse().map_err(|e| Corrupt::new("delivery", "tenant", notice, e))?,
                complaint: ComplaintId::from_uuid(complaint),
                notice,
                webhook,
            })
        })
        .collect()
}

/// Removes deliveries whose addresses are still disabled.
pub async fn give_up(conn: &mut PgConnection, stranded: &[Stranded]) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM delivery d USING webhook w
         WHERE (d.tenant, d.notice_id, d.webhook_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[]))
               AND w.tenant = d.tenant AND w.webhook_id = d.webhook_id AND NOT w.enabled",
    )
    .bind(column(stranded, |s| s.tenant.as_str()))
    .bind(column(stranded, |s| s.notice))
    .bind(column(stranded, |s| s.webhook))
    .execute(conn)
    .await?;
    Ok(())
}

/// Which of some notices a callback address has taken: the first that did, and when.
pub async fn taken_by_callback(
    conn: &mut PgConnection,
    notices: &[(TenantId, Uuid)],
) -> Result<HashMap<Uuid, (Uuid, Timestamp)>, Error> {
    let rows: Vec<(Uuid, Uuid, SqlTime)> = sqlx::query_as(
        "SELECT DISTINCT ON (tenant, notice_id) notice_id, webhook_id, at FROM attempt
         WHERE (tenant, notice_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
               AND outcome = 'accepted' AND webhook_id IS NOT NULL
         ORDER BY tenant, notice_id, attempt_id",
    )
    .bind(column(notices, |(tenant, _)| tenant.as_str()))
    .bind(column(notices, |(_, id)| *id))
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(notice, webhook, at)| (notice, (webhook, at.to_jiff()))).collect())
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant: String,
    notice_id: Uuid,
    webhook_id: Uuid,
    lease: Uuid,
    tries: i32,
    first_tried_at: SqlTime,
    tried: Vec<String>,
}

impl Row {
    fn read(self) -> Result<Claimed, Error> {
        let id = self.notice_id;
        Ok(Claimed {
            tenant: self.tenant.parse().map_err(|e| Corrupt::new("delivery", "tenant", id, e))?,
            notice: id,
            webhook: (!self.webhook_id.is_nil()).then_some(self.webhook_id),
            lease: self.lease,
            tries: self.tries,
            first_tried_at: self.first_tried_at.to_jiff(),
            tried: self.tried,
        })
    }
}
