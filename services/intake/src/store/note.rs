//! Free text that belongs to one lifecycle event.

use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;

use crate::error::Error;

/// What kind of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The complainant's answer to a completion request.
    Completion,
    /// The facts a refusal rests on.
    RefusalFacts,
    /// Why a refusal is to be reviewed.
    ReviewGrounds,
    /// Why a complaint was withdrawn.
    WithdrawalReason,
}

impl Kind {
    /// The stored code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Completion => "completion",
            Self::RefusalFacts => "refusal_facts",
            Self::ReviewGrounds => "review_grounds",
            Self::WithdrawalReason => "withdrawal_reason",
        }
    }
}

/// The name under which a note is sealed: it binds the text to its event.
pub fn field(kind: &str, state_version: i32) -> String {
    format!("note.{kind}.{state_version}")
}

/// A stored note.
#[derive(Debug, sqlx::FromRow)]
pub struct Note {
    /// Version of its event.
    pub state_version: i32,
    /// Code of its kind.
    pub kind: String,
    /// A protobuf `Sealed` with one field and no key of its own.
    pub sealed: Vec<u8>,
}

/// The notes of a complaint, oldest first.
pub async fn of(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: ComplaintId,
) -> Result<Vec<Note>, Error> {
    let notes = sqlx::query_as(
        "SELECT state_version, kind, sealed FROM note WHERE tenant = $1 AND complaint_id = $2 ORDER BY state_version",
    )
    .bind(tenant.as_str())
    .bind(complaint.as_uuid())
    .fetch_all(conn)
    .await?;
    Ok(notes)
}

/// Writes a note.
pub async fn insert(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: ComplaintId,
    note: &Note,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO note (tenant, complaint_id, state_version, kind, sealed) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(tenant.as_str())
    .bind(complaint.as_uuid())
    .bind(note.state_version)
    .bind(&note.kind)
    .bind(&note.sealed)
    .execute(conn)
    .await?;
    Ok(())
}
