//! The evidence of cases: its hash, who brought it, and for whom there is a copy.

use std::collections::{BTreeMap, BTreeSet};

use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::domain::hearing::{Audience, Piece};
use crate::error::Error;

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Its id.
    pub id: String,
    /// Its hash, hexadecimal.
    pub sha256: String,
    /// Who brought it, or was asked for it: the name of the enumeration's member.
    pub party: String,
    /// Which side brought it; none for what came from neither.
    pub brought_by: Option<Audience>,
}

/// A copy for a side: tenant, complaint, evidence, for whom.
pub type CopyFor = (TenantId, Uuid, String, Audience);

/// Writes pieces that are new.
pub async fn insert(conn: &mut PgConnection, pieces: &[(TenantId, Uuid, Evidence)]) -> Result<(), Error> {
    if pieces.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO evidence_hash (tenant, complaint_id, evidence_id, sha256, party, brought_by)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
         ON CONFLICT (tenant, complaint_id, evidence_id) DO NOTHING",
    )
    .bind(column(pieces, |(tenant, ..)| tenant.as_str()))
    .bind(column(pieces, |(_, id, _)| *id))
    .bind(column(pieces, |(.., piece)| piece.id.as_str()))
    .bind(column(pieces, |(.., piece)| piece.sha256.as_str()))
    .bind(column(pieces, |(.., piece)| piece.party.as_str()))
    .bind(column(pieces, |(.., piece)| piece.brought_by.map_or("", Audience::code)))
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes whether the latest copy for a side shows it something.
pub async fn show(conn: &mut PgConnection, copies: &BTreeMap<CopyFor, bool>) -> Result<(), Error> {
    if copies.is_empty() {
        return Ok(());
    }
    let rows: Vec<(&CopyFor, &bool)> = copies.iter().collect();
    sqlx::query(
        "INSERT INTO evidence_copy (tenant, complaint_id, evidence_id, audience, shown)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::boolean[])
         ON CONFLICT (tenant, complaint_id, evidence_id, audience) DO UPDATE SET shown = excluded.shown",
    )
    .bind(column(&rows, |((tenant, ..), _)| tenant.as_str()))
    .bind(column(&rows, |((_, id, ..), _)| *id))
    .bind(column(&rows, |((_, _, evidence, _), _)| evidence.as_str()))
    .bind(column(&rows, |((.., audience), _)| audience.code()))
    .bind(column(&rows, |(_, shown)| **shown))
    .execute(conn)
    .await?;
    Ok(())
}

/// The evidence of a case, with what has been shown of it.
pub async fn shown(conn: &mut PgConnection, tenant: &TenantId, id: ComplaintId) -> Result<Vec<Piece>, Error> {
    let rows: Vec<(String, String, Vec<String>)> = sqlx::query_as(
        "SELECT e.evidence_id, e.brought_by, coalesce(array_agg(c.audience) FILTER (WHERE c.shown), '{}')
         FROM evidence_hash e LEFT JOIN evidence_copy c USING (tenant, complaint_id, evidence_id)
         WHERE e.tenant = $1 AND e.complaint_id = $2
         GROUP BY e.evidence_id, e.brought_by ORDER BY e.evidence_id",
    )
    .bind(tenant.as_str())
    .bind(*id.as_uuid())
    .fetch_all(conn)
    .await?;
    let piece = |(evidence, brought_by, shown): (String, String, Vec<String>)| -> Result<Piece, Error> {
        let shown = shown.iter().map(|code| audience(id, code)).collect::<Result<BTreeSet<_>, _>>()?;
        Ok(Piece { id: evidence, brought_by: side(id, &brought_by)?, shown })
    };
    rows.into_iter().map(piece).collect()
}

fn side(id: ComplaintId, code: &str) -> Result<Option<Audience>, Corrupt> {
    if code.is_empty() { Ok(None) } else { audience(id, code).map(Some) }
}

fn audience(id: ComplaintId, code: &str) -> Result<Audience, Corrupt> {
    code.parse().map_err(|e| Corrupt::new("evidence_copy", "audience", *id.as_uuid(), e))
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
    let rows: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT evidence_id, sha256, party, brought_by FROM evidence_hash
         WHERE tenant = $1 AND complaint_id = $2 ORDER BY evidence_id",
    )
    .bind(tenant.as_str())
    .bind(*id.as_uuid())
    .fetch_all(conn)
    .await?;
    let piece =
        |(evidence, sha256, party, brought_by): (String, String, String, String)| -> Result<Evidence, Error> {
            Ok(Evidence { id: evidence, sha256, party, brought_by: side(id, &brought_by)? })
        };
    rows.into_iter().map(piece).collect()
}
