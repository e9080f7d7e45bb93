//! Shares that are to be warned of soon, page by page, for the index.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::aside::Work;
use crate::error::Error;

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// When it is to be warned of.
    pub at: Timestamp,
    /// The clock.
    pub id: Uuid,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Armed {
    /// When, and of which clock.
    pub place: Place,
    /// How often the clock was set anew.
    pub generation: u32,
}

/// Those of the time from now to `horizon`, and those overdue, in their order.
pub async fn page(
    conn: &mut PgConnection,
    horizon: SignedDuration,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Armed>, Error> {
    let rows: Vec<(SqlTime, Uuid, i64)> = sqlx::query_as(
        "SELECT warn_at, clock_id, coalesce((told ->> 'generation')::bigint, 0) FROM clock
         WHERE warn_at <= redress_time(now()) + $1 * interval '1 second'
               AND ($2::timestamptz IS NULL OR warn_at >= $2)
               AND ($2::timestamptz IS NULL OR (warn_at, clock_id) > ($2, $3))
         ORDER BY warn_at, clock_id LIMIT $4",
    )
    .bind(horizon.as_secs_f64())
    .bind(after.map(|place| place.at.to_sqlx()))
    .bind(after.map(|place| place.id))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    let armed = |(at, id, generation): (SqlTime, Uuid, i64)| Armed {
        place: Place { at: at.to_jiff(), id },
        generation: u32::try_from(generation).unwrap_or(u32::MAX),
    };
    Ok(rows.into_iter().map(armed).collect())
}

/// One that was to be warned of and still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// The clock.
    pub id: Uuid,
    /// How often the clock was set anew.
    pub generation: u32,
    /// How long it waits by the database's clock; nothing if it is due, and somebody else has its complaint.
    pub left: Duration,
}

/// Those of the time from `first_ms` to `last_ms` that still wait, in milliseconds since 1970, each a whole one that the
/// instant may lie up to one before. Complaints that are set aside are not waited for.
pub async fn waiting(conn: &mut PgConnection, first_ms: i64, last_ms: i64) -> Result<Vec<Waiting>, Error> {
    let rows: Vec<(Uuid, i64, f64)> = sqlx::query_as(
        "SELECT clock_id, coalesce((told ->> 'generation')::bigint, 0),
                extract(epoch FROM warn_at - redress_time(now()))::double precision
         FROM clock AS c
         WHERE warn_at > to_timestamp(($1 - 1) / 1000.0) AND warn_at <= to_timestamp($2 / 1000.0)
               AND NOT EXISTS (SELECT 1 FROM set_aside AS s
                               WHERE s.tenant = c.tenant AND s.complaint_id = c.complaint_id
                                     AND s.work = $3 AND s.until > now())",
    )
    .bind(first_ms)
    .bind(last_ms)
    .bind(Work::Firing.code())
    .fetch_all(conn)
    .await?;
    let waiting = |(id, generation, left): (Uuid, i64, f64)| Waiting {
        id,
        generation: u32::try_from(generation).unwrap_or(u32::MAX),
        left: Duration::try_from_secs_f64(left).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(waiting).collect())
}
