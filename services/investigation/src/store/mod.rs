//! SQL, one file per table or pair of tables. Rows are written set-based; row types stay private to their file.

pub mod access;
pub mod assignment;
pub mod case;
pub mod cited;
pub mod conflict;
pub mod consultation;
pub mod custody;
pub mod evidence;
pub mod finding;
pub mod goods_test;
pub mod incident;
pub mod record;
pub mod rendition;
pub mod request;
pub mod task;
pub mod timeline;

use std::str::FromStr;

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

/// Arrays of arrays must be rectangular, so lists travel as lines. Codes and subjects hold no line feed.
fn lines(list: &[String]) -> String {
    list.join("\n")
}

/// A stored code, read back.
fn read<T: FromStr>(table: &'static str, column: &'static str, row: Uuid, code: &str) -> Result<T, Corrupt>
where
    T::Err: std::fmt::Display,
{
    code.parse().map_err(|error| Corrupt::new(table, column, row, error))
}
