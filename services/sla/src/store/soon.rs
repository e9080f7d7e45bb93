//! Shares that are to be warned of soon, page by page, for the index.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

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
