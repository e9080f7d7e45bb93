//! The evidence of cases, by its hash.

use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column;
use crate::error::Error;

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Its id.
    pub id: String,
    /// Its hash, hexadecimal.
    pub sha256: String,
    /// Who brought it: the name of the enumeration's member.
    pub party: String,
}

/// Writes pieces that are new.
pub async fn insert(conn: &mut PgConnection, pieces: &[(TenantId, Uuid, Evidence)]) -> Result<(), Error> {
    if pieces.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO evidence_hash (tenant, complaint_id, evidence_id, sha256, party)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[])
         ON CONFLICT (tenant, complaint_id, evidence_id) DO NOTHING",
    )
    .bind(column(pieces, |(tenant, ..)| tenant.as_str()))
    .bind(column(pieces, |(_, id, _)| *id))
    .bind(column(pieces, |(.., piece)| piece.id.as_str()))
    .bind(column(pieces, |(.., piece)| piece.sha256.as_str()))
    .bind(column(pieces, |(.., piece)| piece.party.as_str()))
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a case has that piece of evidence, as id and hash.
pub async fn holds(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
    (evidence, sha256): (&str, &str),
) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM evidence_hash
                        WHERE tenant = $1 AND complaint_id = $2 AND evidence_id = $3 AND sha256 = $4)",
    )
    .bind(tenant.as_str())
    .bind(*id.as_uuid())
    .bind(evidence)
    .bind(sha256)
    .fetch_one(conn)
    .await?)
}

/// The evidence of a case, by id.
pub async fn of_case(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
) -> Result<Vec<Evidence>, Error> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT evidence_id, sha256, party FROM evidence_hash
         WHERE tenant = $1 AND complaint_id = $2 ORDER BY evidence_id",
    )
    .bind(tenant.as_str())
    .bind(*id.as_uuid())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(id, sha256, party)| Evidence { id, sha256, party }).collect())
}
