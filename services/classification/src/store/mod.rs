//! SQL, one file per table or pair of tables. Rows are written set-based; row types stay private to their file.

pub mod access;
pub mod assessment;
pub mod assignment;
pub mod candidate;
pub mod complaint;
pub mod duplicate;
pub mod handler;
pub mod incident;
pub mod member;
pub mod rate;
pub mod rule_set;

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
fn column<'a, T, U>(rows: &'a [T], value: impl Fn(&'a T) -> U) -> Vec<U> {
    rows.iter().map(value).collect()
}

/// The database has no unsigned numbers; a hash is kept bit by bit.
const fn signed(hash: u64) -> i64 {
    hash.cast_signed()
}

const fn unsigned(stored: i64) -> u64 {
    stored.cast_unsigned()
}
