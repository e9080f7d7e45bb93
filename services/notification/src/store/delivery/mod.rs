//! What is still to be delivered, and who has it in hand.

mod begin;
mod end;

use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::error::Error;
pub use begin::{Due, begin, begin_callbacks, begin_missed};
pub use end::{Stranded, give_up, stranded, taken_by_callback, waiting};

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
