//! SQL, one file per table or pair of tables. Rows are written set-based; row types stay private to their file.

pub mod access;
pub mod case;
pub mod clock;
pub mod evidence;
pub mod incident;
pub mod moment;
pub mod offer;
pub mod record;
pub mod recourse;
pub mod remedy;
pub mod rule;
pub mod text;
pub mod whole;

use thiserror::Error;
use uuid::Uuid;

/// A stored value that this version cannot read.
#[derive(Debug, Error)]
#[error("{table}.{column} of {row} does not read: {cause}")]
pub struct Corrupt {
    table: &'static str,
    column: &'static str,
    row: Uuid,
    cause: String,
}

impl Corrupt {
    pub(crate) fn new(
        table: &'static str,
        column: &'static str,
        row: Uuid,
        cause: impl std::fmt::Display,
    ) -> Self {
        Self { table, column, row, cause: cause.to_string() }
    }
}

/// One array per column, as `unnest` takes them.
pub(crate) fn column<'a, T, U>(rows: &'a [T], value: impl Fn(&'a T) -> U) -> Vec<U> {
    rows.iter().map(value).collect()
}
