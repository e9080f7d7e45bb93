//! Receipts of mutating calls: repeating a call finds its receipt and changes nothing.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;

use crate::error::Error;

/// The call a receipt stands for.
#[derive(Debug, Clone)]
pub struct Call {
    /// The tenant.
    pub tenant: TenantId,
    /// Who called.
    pub subject: String,
    /// The caller's own name for the call.
    pub request_id: String,
    /// The complaint.
    pub complaint: ComplaintId,
    /// Keyed hash of the call's kind and content.
    pub fingerprint: [u8; 32],
}

/// Whether a call was made before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Not yet.
    New,
    /// With the same content: its effect stands.
    Same,
    /// With other content.
    Other,
}

/// Looks the call up. A racing twin waits at [`record`], whose primary key lets one of them through.
pub async fn seen(conn: &mut PgConnection, call: &Call) -> Result<Seen, Error> {
    let stored: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT fingerprint FROM command_receipt WHERE tenant = $1 AND subject = $2 AND request_id = $3",
    )
    .bind(call.tenant.as_str())
    .bind(&call.subject)
    .bind(&call.request_id)
    .fetch_optional(conn)
    .await?;
    Ok(match stored {
        None => Seen::New,
        Some(fingerprint) if fingerprint == call.fingerprint => Seen::Same,
        Some(_) => Seen::Other,
    })
}

/// Records the call with the version it led to.
pub async fn record(
    conn: &mut PgConnection,
    call: &Call,
    state_version: i32,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO command_receipt (tenant, subject, request_id, complaint_id, fingerprint, state_version,
                                      recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(call.tenant.as_str())
    .bind(&call.subject)
    .bind(&call.request_id)
    .bind(call.complaint.as_uuid())
    .bind(call.fingerprint.as_slice())
    .bind(state_version)
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}
