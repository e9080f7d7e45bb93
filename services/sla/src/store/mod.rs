//! SQL, one file per table or pair of tables. Rows are written set-based; row types stay private to their file.

pub mod aside;
pub mod calendar;
pub mod case;
pub mod clock;
pub mod due;
pub mod due_soon;
pub mod escalation;
pub mod extension;
pub mod fact;
pub mod keeping;
pub mod listed;
pub mod outdated;
pub mod policy;
pub mod soon;

use jiff::Timestamp;
use jiff_sqlx::Timestamp as SqlTime;
use sqlx::postgres::PgConnection;
use thiserror::Error;

/// A stored value that this version cannot read.
#[derive(Debug, Error)]
#[error("{table}.{column} of {row} does not read: {cause}")]
pub struct Corrupt {
    table: &'static str,
    column: &'static str,
    row: String,
    cause: String,
}

impl Corrupt {
    pub(crate) fn new(
        table: &'static str,
        column: &'static str,
        row: impl std::fmt::Display,
        cause: impl std::fmt::Display,
    ) -> Self {
        Self { table, column, row: row.to_string(), cause: cause.to_string() }
    }
}

/// One array per column, as `unnest` takes them.
pub(crate) fn column<T, U>(rows: impl IntoIterator<Item = T>, value: impl Fn(T) -> U) -> Vec<U> {
    rows.into_iter().map(value).collect()
}

/// The time of the transaction by the database's clock, which all hosts share: one that runs fast or slow decides nothing.
pub async fn time_of(conn: &mut PgConnection) -> Result<Timestamp, crate::error::Error> {
    let now: SqlTime = sqlx::query_scalar("SELECT redress_time(now())").fetch_one(conn).await?;
    Ok(now.to_jiff())
}
