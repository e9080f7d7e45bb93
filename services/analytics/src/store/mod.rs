//! SQL, one file per topic's columns or per question. Rows are written set-based; row types stay private to their file.

pub mod assessed;
pub mod course;
pub mod fact;
pub mod incident;
pub mod item;
pub mod metric;
pub mod notified;

use thiserror::Error;
use uuid::Uuid;

/// A stored value that this version cannot read.
#[derive(Debug, Error)]
#[error("complaint_fact.{column} of {complaint_id} does not read: {cause}")]
pub struct Corrupt {
    column: &'static str,
    complaint_id: Uuid,
    cause: String,
}

impl Corrupt {
    pub(crate) fn new(column: &'static str, complaint_id: Uuid, cause: impl std::fmt::Display) -> Self {
        Self { column, complaint_id, cause: cause.to_string() }
    }
}

/// One array per column, as `unnest` takes them.
fn column<R, T>(rows: impl IntoIterator<Item = R>, value: impl Fn(R) -> T) -> Vec<T> {
    rows.into_iter().map(value).collect()
}
