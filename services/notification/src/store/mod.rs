//! SQL, one file per table or pair of tables. Rows are written set-based; row types stay private to their file.

pub mod access;
pub mod attempt;
pub mod complaint;
pub mod delivery;
pub mod fact;
pub mod letter;
pub mod notice;
pub mod survey;
pub mod webhook;

use thiserror::Error;
use uuid::Uuid;

use crate::error::Error as Failure;

/// A stored value that this version cannot read.
#[derive(Debug, Error)]
#[error("{table}.{column} of {id} does not read: {cause}")]
pub struct Corrupt {
    table: &'static str,
    column: &'static str,
    id: Uuid,
    cause: String,
}

impl Corrupt {
    pub(crate) fn new(
        table: &'static str,
        column: &'static str,
        id: Uuid,
        cause: impl std::fmt::Display,
    ) -> Self {
        Self { table, column, id, cause: cause.to_string() }
    }
}

/// One array per column, as `unnest` takes them.
fn column<'a, T, U>(rows: &'a [T], value: impl Fn(&'a T) -> U) -> Vec<U> {
    rows.iter().map(value).collect()
}

/// What reads; what does not is logged and left out.
fn readable<T>(read: Result<T, Failure>) -> Option<T> {
    read.inspect_err(|error| tracing::error!(%error, "a row does not read and is left out")).ok()
}
