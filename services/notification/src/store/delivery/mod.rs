//! What is still to be delivered, and who has it in hand.

mod begin;
mod end;

use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{ContactType, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::error::Error;
pub use begin::{Due, Missed, begin, begin_callbacks, begin_missed};
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
    /// Code of the channel whose own workers have it in hand, if it waits for one apart.
    pub channel: Option<String>,
}

/// Which deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Those to addressees that wait for no channel apart.
    Parties,
    /// Those that wait apart for this channel, which is slow.
    Channel(ContactType),
    /// Those to callback addresses.
    Callbacks,
}

/// A claim is under way until `held_until`, which this server alone tells and judges: the clocks of two processes may
/// differ by more than a lease.
macro_rules! claim {
    ($due:expr) => {
        concat!(
            "UPDATE delivery SET lease = $2, held_until = now() + $3 * interval '1 second',
                                 tries = delivery.tries + 1, first_tried_at = coalesce(delivery.first_tried_at, $1)
             FROM (",
            $due,
            ") AS due
             WHERE (delivery.tenant, delivery.notice_id, delivery.webhook_id)
                   = (due.tenant, due.notice_id, due.webhook_id)
             RETURNING delivery.tenant, delivery.notice_id, delivery.webhook_id, delivery.lease, delivery.tries,
                       delivery.first_tried_at, delivery.tried, delivery.channel"
        )
    };
}

/// Who has rows of a lane that are due and in nobody's hand: from one tenant to the next, and not row by row.
macro_rules! tenants {
    ($lane:literal) => {
        concat!(
            "WITH RECURSIVE waiting (tenant) AS (
                 (SELECT tenant FROM delivery WHERE ",
            $lane,
            " ORDER BY tenant LIMIT 1)
                 UNION ALL
                 SELECT (SELECT delivery.tenant FROM delivery WHERE ",
            $lane,
            " AND delivery.tenant > waiting.tenant ORDER BY delivery.tenant LIMIT 1)
                 FROM waiting WHERE waiting.tenant IS NOT NULL
             )
             SELECT tenant FROM waiting
             WHERE EXISTS (SELECT FROM delivery WHERE ",
            $lane,
            " AND delivery.tenant = waiting.tenant AND due_at <= $1 AND (held_until IS NULL OR held_until <= now()))"
        )
    };
}

/// The rows of a lane that are due, tenants in turn: the first of each, then the second of each. More are looked at than are
/// taken, so that workers who claim at the same time find others than those that are just being claimed.
macro_rules! in_turn {
    ($lane:literal) => {
        concat!(
            "SELECT d.tenant, d.notice_id, d.webhook_id
             FROM (SELECT one.*,
                          row_number() OVER (PARTITION BY one.tenant ORDER BY one.due_at, one.notice_id) AS place
                   FROM unnest($5::text[]) AS waiting (tenant) CROSS JOIN LATERAL (
                       SELECT tenant, notice_id, webhook_id, due_at FROM delivery
                       WHERE ",
            $lane,
            " AND delivery.tenant = waiting.tenant AND due_at <= $1
                             -- What is in hand stands in front: as many rows as workers have in hand, no more.
                             AND (held_until IS NULL OR held_until <= now())
                       ORDER BY due_at LIMIT $6) AS one) AS turn
                  JOIN delivery d
                       ON (d.tenant, d.notice_id, d.webhook_id) = (turn.tenant, turn.notice_id, turn.webhook_id)
             WHERE d.held_until IS NULL OR d.held_until <= now()
             ORDER BY turn.place, turn.due_at LIMIT $4 FOR UPDATE OF d SKIP LOCKED"
        )
    };
}

const TENANTS_OF_PARTIES: &str =
    tenants!("webhook_id = '00000000-0000-0000-0000-000000000000' AND channel IS NULL");
const TENANTS_OF_CHANNEL: &str =
    tenants!("webhook_id = '00000000-0000-0000-0000-000000000000' AND channel IS NOT NULL AND channel = $2");
const CLAIM_PARTIES: &str =
    claim!(in_turn!("webhook_id = '00000000-0000-0000-0000-000000000000' AND channel IS NULL"));
const CLAIM_CHANNEL: &str = claim!(in_turn!(
    "webhook_id = '00000000-0000-0000-0000-000000000000' AND channel IS NOT NULL AND channel = $7"
));
const CLAIM_CALLBACKS: &str = claim!(
    "SELECT d.tenant, d.notice_id, d.webhook_id
     FROM (SELECT tenant, webhook_id FROM webhook
           -- An address that fails is left alone with all that waits for it: nothing of that is read.
           WHERE enabled AND (paused_until IS NULL OR paused_until <= $1) AND webhook_id <> ALL($5)
           -- Another address first at each claim, for the first ones may fill it.
           ORDER BY webhook_id < $2, webhook_id) AS w
          CROSS JOIN LATERAL (
              SELECT tenant, notice_id, webhook_id FROM delivery
              WHERE delivery.tenant = w.tenant AND delivery.webhook_id = w.webhook_id
                    AND delivery.webhook_id <> '00000000-0000-0000-0000-000000000000' AND due_at <= $1
                    AND (held_until IS NULL OR held_until <= now())
              ORDER BY due_at LIMIT $6 FOR UPDATE SKIP LOCKED) AS d
     LIMIT $4"
);

/// What a claim asks for.
#[derive(Debug, Clone, Copy)]
pub struct Hand<'a> {
    /// Most deliveries.
    pub most: i64,
    /// Most of them to one callback address.
    pub most_of_address: i64,
    /// Callback addresses that are left out.
    pub resting: &'a [Uuid],
}

/// How many rows are looked at for each that is taken, all tenants together …
const LOOKED_AT: i64 = 4;
/// … and of one tenant at least.
const OF_TENANT: i64 = 8;

/// Claims deliveries that are due, under a `lease` that lasts for `term` from the server's present, without a transaction
/// around it. Addressees of all tenants take turns, as callback addresses do.
pub async fn claim(
    conn: &mut PgConnection,
    lane: Lane,
    lease: Uuid,
    now: Timestamp,
    term: Duration,
    hand: Hand<'_>,
) -> Result<Vec<Claimed>, Error> {
    let channel = match lane {
        Lane::Parties => None,
        Lane::Channel(channel) => Some(channel),
        Lane::Callbacks => return callbacks(conn, lease, now, term, hand).await,
    };
    let waiting =
        sqlx::query_scalar(channel.map_or(TENANTS_OF_PARTIES, |_| TENANTS_OF_CHANNEL)).bind(now.to_sqlx());
    let waiting: Vec<String> = match channel {
        None => waiting,
        Some(channel) => waiting.bind(channel.code()),
    }
    .fetch_all(&mut *conn)
    .await?;
    let Some(of_each) =
        i64::try_from(waiting.len()).ok().and_then(|tenants| (LOOKED_AT * hand.most).checked_div(tenants))
    else {
        return Ok(Vec::new());
    };
    let query = sqlx::query_as(channel.map_or(CLAIM_PARTIES, |_| CLAIM_CHANNEL))
        .bind(now.to_sqlx())
        .bind(lease)
        .bind(term.as_secs_f64())
        .bind(hand.most)
        .bind(waiting)
        // A number that the planner knows: of an expression it would think a tenth of all that waits.
        .bind(of_each.max(OF_TENANT));
    let rows: Vec<Row> = match channel {
        None => query,
        Some(channel) => query.bind(channel.code()),
    }
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

async fn callbacks(
    conn: &mut PgConnection,
    lease: Uuid,
    now: Timestamp,
    term: Duration,
    hand: Hand<'_>,
) -> Result<Vec<Claimed>, Error> {
    let rows: Vec<Row> = sqlx::query_as(CLAIM_CALLBACKS)
        .bind(now.to_sqlx())
        .bind(lease)
        .bind(term.as_secs_f64())
        .bind(hand.most)
        .bind(hand.resting)
        .bind(hand.most_of_address)
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
    /// Code of the channel that it waits for apart, if it does.
    pub channel: Option<String>,
}

/// Puts claimed deliveries back.
pub async fn put_back(conn: &mut PgConnection, going_on: &[GoesOn]) -> Result<(), Error> {
    if going_on.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE delivery SET due_at = new.due_at, lease = NULL, held_until = NULL, tries = new.tries, tried = string_to_array(new.tried, ' '),
                             channel = new.channel,
                             first_tried_at = CASE WHEN new.afresh THEN NULL ELSE delivery.first_tried_at END
         FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::integer[], $6::text[], $7::boolean[],
                     $8::text[])
              AS new (tenant, notice_id, webhook_id, due_at, tries, tried, afresh, channel)
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
    .bind(column(going_on, |g| g.channel.as_deref()))
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
    channel: Option<String>,
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
            channel: self.channel,
        })
    }
}
