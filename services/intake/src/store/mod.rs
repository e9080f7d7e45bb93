//! SQL, one file per table or pair of tables. Rows are written set-based; row types stay private to their file.

pub mod access;
pub mod audit;
pub mod complaint;
pub mod known;
pub mod note;
pub mod recusal;
pub mod register;
pub mod reminder;
pub mod search;
pub mod submission;
pub mod watched;

use thiserror::Error;
use uuid::Uuid;

/// A stored value that this version cannot read.
#[derive(Debug, Error)]
#[error("{table}.{column} of {complaint_id} does not read: {cause}")]
pub struct Corrupt {
    table: &'static str,
    column: &'static str,
    complaint_id: Uuid,
    cause: String,
}

impl Corrupt {
    pub(crate) fn new(
        table: &'static str,
        column: &'static str,
        complaint_id: Uuid,
        cause: impl std::fmt::Display,
    ) -> Self {
        Self { table, column, complaint_id, cause: cause.to_string() }
    }
}

/// One array per column, as `unnest` takes them.
fn column<'a, T, U>(rows: &'a [T], value: impl Fn(&'a T) -> U) -> Vec<U> {
    rows.iter().map(value).collect()
}
