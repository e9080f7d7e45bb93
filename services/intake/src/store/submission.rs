//! Submissions as stored, for those who may read them.

use jiff_sqlx::Timestamp as SqlTime;
use prost::Message;
use redress_domain::{ComplaintId, TenantId};
use redress_proto::types::v1::{Sealed, Submission};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Corrupt;
use crate::error::Error;

/// What became of an inbound act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// The complaint was registered from it.
    Registered,
    /// The same body again.
    Repeated,
    /// Another body under the same request id.
    Conflicting,
    /// A later answer of the complainant.
    Completion,
}

impl Disposition {
    /// The stored code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Repeated => "repeated",
            Self::Conflicting => "conflicting",
            Self::Completion => "completion",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Registered, Self::Repeated, Self::Conflicting, Self::Completion]
            .into_iter()
            .find(|disposition| disposition.code() == code)
    }
}

/// The place for which the names of a completion's files are sealed: it binds them to their submission.
pub fn completion_names(submission: Uuid) -> String {
    format!("completion.{submission}.names")
}

/// A stored submission.
#[derive(Debug)]
pub struct Stored {
    /// The attempt.
    pub id: Uuid,
    /// What became of it.
    pub disposition: Disposition,
    /// When it was accepted.
    pub received_at: jiff::Timestamp,
    /// Its public half.
    pub public: Submission,
    /// Its personal fields.
    pub sealed: Sealed,
    /// The data key of its own, wrapped; none where it has none, or it was erased.
    pub wrapped_key: Option<Vec<u8>>,
}

/// The submissions of a complaint that have content, oldest first.
pub async fn with_content(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: ComplaintId,
) -> Result<Vec<Stored>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT submission_id, disposition, received_at, body, sealed, wrapped_key
         FROM submission LEFT JOIN subject_key USING (tenant, complaint_id, submission_id)
         WHERE tenant = $1 AND complaint_id = $2 AND disposition <> 'repeated'
         ORDER BY received_at, submission_id",
    )
    .bind(tenant.as_str())
    .bind(complaint.as_uuid())
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| row.read(complaint)).collect()
}

/// The wrapped data key of a complaint, which its registered submission brought; none once its subject was erased.
pub async fn wrapped_key(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: ComplaintId,
) -> Result<Option<Vec<u8>>, Error> {
    let key = sqlx::query_scalar(
        "SELECT wrapped_key FROM subject_key JOIN submission USING (tenant, complaint_id, submission_id)
         WHERE tenant = $1 AND complaint_id = $2 AND disposition = 'registered'",
    )
    .bind(tenant.as_str())
    .bind(complaint.as_uuid())
    .fetch_optional(conn)
    .await?;
    Ok(key)
}

#[derive(sqlx::FromRow)]
struct Row {
    submission_id: Uuid,
    disposition: String,
    received_at: SqlTime,
    body: Option<Vec<u8>>,
    sealed: Option<Vec<u8>>,
    wrapped_key: Option<Vec<u8>>,
}

impl Row {
    fn read(self, complaint: ComplaintId) -> Result<Stored, Error> {
        let corrupt = |column, cause: String| Corrupt::new("submission", column, *complaint.as_uuid(), cause);
        Ok(Stored {
            id: self.submission_id,
            disposition: Disposition::from_code(&self.disposition)
                .ok_or_else(|| corrupt("disposition", "unknown code".into()))?,
            received_at: self.received_at.to_jiff(),
            public: Submission::decode(self.body.unwrap_or_default().as_slice())
                .map_err(|e| corrupt("body", e.to_string()))?,
            sealed: Sealed::decode(self.sealed.unwrap_or_default().as_slice())
                .map_err(|e| corrupt("sealed", e.to_string()))?,
            wrapped_key: self.wrapped_key,
        })
    }
}
