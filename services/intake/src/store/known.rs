//! What the register knows before it decides: of the complaints of a batch, and of its attempts.

use std::collections::{HashMap, HashSet};

use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column;
use crate::error::Error;

/// What is known of a complaint that a batch names.
#[derive(Debug, Clone)]
pub struct Known {
    /// Version of its last event on the lifecycle topic.
    pub stream_version: i64,
    /// Fingerprint of the registered submission.
    pub fingerprint: Vec<u8>,
    /// Code of its state.
    pub state: String,
    /// Those of the batch's attempts that are recorded.
    pub recorded: HashSet<Uuid>,
}

/// Locks those complaints that `attempts` name and that exist, and tells what is known of them.
///
/// Read are the named attempts and the registered submissions, however often a caller has repeated a key.
pub async fn lock(
    conn: &mut PgConnection,
    attempts: &[(TenantId, ComplaintId, Uuid)],
) -> Result<HashMap<(TenantId, ComplaintId), Known>, Error> {
    let rows: Vec<(String, Uuid, i64, String)> = sqlx::query_as(
        "SELECT tenant, complaint_id, stream_version, state FROM complaint
         WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
         ORDER BY tenant, complaint_id FOR UPDATE",
    )
    .bind(column(attempts, |(tenant, ..)| tenant.as_str()))
    .bind(column(attempts, |(_, id, _)| *id.as_uuid()))
    .fetch_all(&mut *conn)
    .await?;
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let mut fingerprints = fingerprints(conn, &rows).await?;
    let mut recorded = recorded(conn, attempts).await?;
    let mut known = HashMap::with_capacity(rows.len());
    for (tenant, id, stream_version, state) in rows {
        let of_this = (tenant, id);
        let entry = Known {
            stream_version,
            fingerprint: fingerprints.remove(&of_this).unwrap_or_default(),
            state,
            recorded: recorded.remove(&of_this).unwrap_or_default(),
        };
        if let Ok(tenant) = of_this.0.parse() {
            known.insert((tenant, ComplaintId::from_uuid(id)), entry);
        }
    }
    Ok(known)
}

/// Fingerprints of what the complaints were registered from.
async fn fingerprints(
    conn: &mut PgConnection,
    complaints: &[(String, Uuid, i64, String)],
) -> Result<HashMap<(String, Uuid), Vec<u8>>, Error> {
    let rows: Vec<(String, Uuid, Vec<u8>)> = sqlx::query_as(
        "SELECT tenant, complaint_id, fingerprint FROM submission
         -- As the index says it: bound, the disposition could not be matched with its condition.
         WHERE disposition = 'registered'
           AND (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))",
    )
    .bind(column(complaints, |row| row.0.as_str()))
    .bind(column(complaints, |row| row.1))
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(tenant, id, fingerprint)| ((tenant, id), fingerprint)).collect())
}

/// Those of `attempts` that have a row, by complaint.
async fn recorded(
    conn: &mut PgConnection,
    attempts: &[(TenantId, ComplaintId, Uuid)],
) -> Result<HashMap<(String, Uuid), HashSet<Uuid>>, Error> {
    let rows: Vec<(String, Uuid, Uuid)> = sqlx::query_as(
        "SELECT tenant, complaint_id, submission_id FROM submission
         WHERE (tenant, complaint_id, submission_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[]))",
    )
    .bind(column(attempts, |(tenant, ..)| tenant.as_str()))
    .bind(column(attempts, |(_, id, _)| *id.as_uuid()))
    .bind(column(attempts, |(.., attempt)| *attempt))
    .fetch_all(conn)
    .await?;
    let mut recorded: HashMap<_, HashSet<_>> = HashMap::new();
    for (tenant, id, attempt) in rows {
        recorded.entry((tenant, id)).or_default().insert(attempt);
    }
    Ok(recorded)
}
