//! The row that everybody locks who changes a complaint's clocks.

use std::collections::BTreeSet;

use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::error::Error;

/// Whose complaint, and which; in the order in which rows are locked.
pub type Key = (TenantId, Uuid);

/// A complaint whose row is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub key: Key,
    /// Version of the last event on our topic.
    pub stream_version: i64,
    /// Whether more time was ever granted.
    pub extended: bool,
}

type Row = (String, Uuid, i64, bool);

fn held((tenant, complaint, stream_version, extended): Row) -> Result<Held, Error> {
    let tenant = tenant.parse().map_err(|cause| Corrupt::new("case_file", "tenant", complaint, cause))?;
    Ok(Held { key: (tenant, complaint), stream_version, extended })
}

/// Locks the rows of `keys`, in their order, and makes those that are missing.
///
/// # Errors
/// [`Error::Forgotten`] if one of them is: what is heard of it now is half a story.
pub async fn lock(conn: &mut PgConnection, keys: &BTreeSet<Key>) -> Result<Vec<Held>, Error> {
    let rows: Vec<(String, Uuid, i64, bool, bool)> = sqlx::query_as(
        // The update that changes nothing locks a row that exists, in the same pass and order.
        "INSERT INTO case_file AS c (tenant, complaint_id)
         SELECT * FROM unnest($1::text[], $2::uuid[]) AS k(tenant, complaint_id) ORDER BY tenant, complaint_id
         ON CONFLICT (tenant, complaint_id) DO UPDATE SET stream_version = c.stream_version
         RETURNING tenant, complaint_id, stream_version, extended, kept_from IS NULL",
    )
    .bind(column(keys, |(tenant, _)| tenant.as_str()))
    .bind(column(keys, |(_, complaint)| *complaint))
    .fetch_all(conn)
    .await?;
    if rows.iter().any(|(.., forgotten)| *forgotten) {
        return Err(Error::Forgotten);
    }
    rows.into_iter()
        .map(|(tenant, complaint, version, extended, _)| held((tenant, complaint, version, extended)))
        .collect()
}

/// Locks the row of `key`, if there is one and it is not forgotten.
pub async fn lock_existing(conn: &mut PgConnection, key: &Key) -> Result<Option<Held>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT tenant, complaint_id, stream_version, extended FROM case_file
         WHERE tenant = $1 AND complaint_id = $2 AND kept_from IS NOT NULL FOR UPDATE",
    )
    .bind(key.0.as_str())
    .bind(key.1)
    .fetch_optional(conn)
    .await?;
    row.map(held).transpose()
}

/// Writes back what `cases` have become.
pub async fn save(conn: &mut PgConnection, cases: &[Held]) -> Result<(), Error> {
    if cases.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE case_file AS c SET stream_version = n.stream_version, extended = n.extended
         FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::bool[])
              AS n(tenant, complaint_id, stream_version, extended)
         WHERE c.tenant = n.tenant AND c.complaint_id = n.complaint_id",
    )
    .bind(column(cases, |case| case.key.0.as_str()))
    .bind(column(cases, |case| case.key.1))
    .bind(column(cases, |case| case.stream_version))
    .bind(column(cases, |case| case.extended))
    .execute(conn)
    .await?;
    Ok(())
}
