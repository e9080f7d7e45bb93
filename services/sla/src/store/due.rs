//! Which clocks are due: the one place that asks what time it is, and asks the database.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::Corrupt;
use super::aside::Work;
use super::case::{Held, Key};
use super::column;
use crate::domain::telling::Told;
use crate::error::Error;
use crate::topics::INPUTS;

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A share that is to be warned of, whatever may still be unread.
    Warning,
    /// A breach, where all that could have stopped the clock in time has been read up to then.
    Breach,
}

/// Locks the complaints of clocks that are due, the longest overdue first, and leaves out those that another worker or a
/// consumer has at this moment. The time of the transaction decides.
pub async fn claim(
    conn: &mut PgConnection,
    what: What,
    applied_through: Option<Timestamp>,
    limit: i64,
) -> Result<Vec<Held>, Error> {
    // Rows are locked as they are found, not in key order: whoever skips waits for nobody, so no circle can close.
    let rows: Vec<(String, Uuid, i64, bool)> = match what {
        What::Warning => {
            sqlx::query_as(
                "SELECT c.tenant, c.complaint_id, c.stream_version, c.extended
                 FROM clock JOIN case_file AS c USING (tenant, complaint_id)
                 WHERE clock.warn_at <= redress_time(now())
                       AND NOT EXISTS (SELECT 1 FROM set_aside AS s
                                       WHERE s.tenant = c.tenant AND s.complaint_id = c.complaint_id
                                             AND s.work = $2 AND s.until > now())
                 ORDER BY clock.warn_at LIMIT $1 FOR UPDATE OF c SKIP LOCKED",
            )
            .bind(limit)
            .bind(Work::Firing.code())
            .fetch_all(conn)
            .await?
        }
        What::Breach => {
            let Some(through) = applied_through else { return Ok(Vec::new()) };
            sqlx::query_as(
                "SELECT c.tenant, c.complaint_id, c.stream_version, c.extended
                 FROM clock JOIN case_file AS c USING (tenant, complaint_id)
                 WHERE clock.breach_at <= least(redress_time(now()), $2)
                       -- One of which something is parked would keep its place at the head for as long as that waits.
                       AND NOT is_held_back($4, c.tenant, c.complaint_id)
                       AND NOT EXISTS (SELECT 1 FROM set_aside AS s
                                       WHERE s.tenant = c.tenant AND s.complaint_id = c.complaint_id
                                             AND s.work = $3 AND s.until > now())
                 ORDER BY clock.breach_at LIMIT $1 FOR UPDATE OF c SKIP LOCKED",
            )
            .bind(limit)
            .bind(through.to_sqlx())
            .bind(Work::Firing.code())
            .bind(INPUTS)
            .fetch_all(conn)
            .await?
        }
    };
    let held = |(tenant, complaint, stream_version, extended): (String, Uuid, i64, bool)| {
        let tenant: TenantId =
            tenant.parse().map_err(|cause| Corrupt::new("case_file", "tenant", complaint, cause))?;
        Ok(Held { key: (tenant, complaint), stream_version, extended })
    };
    rows.into_iter().map(held).collect()
}

/// The clocks of the complaints `keys`, which are locked, that are due now; and what time it is.
pub async fn of_cases(
    conn: &mut PgConnection,
    keys: impl IntoIterator<Item = &Key> + Clone,
) -> Result<Vec<(Key, Told, Timestamp)>, Error> {
    // By the time of the transaction, as in the claim.
    let rows: Vec<(String, Uuid, Json<Told>, SqlTime)> = sqlx::query_as(
        "SELECT c.tenant, c.complaint_id, c.told, redress_time(now())
         FROM unnest($1::text[], $2::uuid[]) AS k(tenant, complaint_id)
              JOIN clock AS c USING (tenant, complaint_id)
         WHERE c.warn_at <= redress_time(now()) OR c.breach_at <= redress_time(now())
         ORDER BY c.tenant, c.complaint_id, least(c.warn_at, c.breach_at), c.clock_id",
    )
    .bind(column(keys.clone(), |(tenant, _)| tenant.as_str()))
    .bind(column(keys, |(_, complaint)| *complaint))
    .fetch_all(conn)
    .await?;
    let read = |(tenant, complaint, Json(told), now): (String, Uuid, Json<Told>, SqlTime)| {
        let tenant = tenant.parse().map_err(|cause| Corrupt::new("clock", "tenant", complaint, cause))?;
        Ok(((tenant, complaint), told, now.to_jiff()))
    };
    rows.into_iter().map(read).collect()
}

/// How long until a share is to be warned of, in seconds by the database's clock: none if there is none. One that has been
/// due for a second is somebody's, or set aside: it is not waited for so closely. Breaches need no such precision, for they
/// wait until their topics are read.
pub async fn next_warning_in(conn: &mut PgConnection) -> Result<Option<f64>, Error> {
    let seconds: Option<f64> = sqlx::query_scalar(
        "SELECT extract(epoch FROM min(warn_at) - redress_time(clock_timestamp()))::double precision
         FROM clock WHERE warn_at > redress_time(now()) - interval '1 second'",
    )
    .fetch_one(conn)
    .await?;
    Ok(seconds)
}

/// How many clocks of all tenants are where somebody should look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Due within an hour.
    pub within_hour: i64,
    /// Due within a day.
    pub within_day: i64,
    /// Due, and nothing has stopped them yet.
    pub breached: i64,
    /// Due, and waiting until all that could have stopped them in time is read.
    pub waiting: i64,
    /// Of which the parties are owed word that it takes longer (F066).
    pub notices_owed: i64,
    /// Complaints that could not be handled and wait.
    pub set_aside: i64,
}

/// Counts them.
pub async fn counts(conn: &mut PgConnection) -> Result<Counts, Error> {
    let (within_hour, within_day, breached, waiting, notices_owed, set_aside) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM clock WHERE breach_at > t.now AND breach_at <= t.now + interval '1 hour'),
                (SELECT count(*) FROM clock WHERE breach_at > t.now AND breach_at <= t.now + interval '1 day'),
                (SELECT count(*) FROM clock WHERE state = 'breached'),
                (SELECT count(*) FROM clock WHERE breach_at <= t.now),
                (SELECT count(*) FROM clock WHERE notice_owed_at IS NOT NULL),
                (SELECT count(*) FROM set_aside)
         FROM (SELECT redress_time(now()) AS now) AS t",
    )
    .fetch_one(conn)
    .await?;
    Ok(Counts { within_hour, within_day, breached, waiting, notices_owed, set_aside })
}
