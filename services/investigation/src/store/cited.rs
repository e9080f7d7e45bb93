//! What findings, agreements and leads may rest on, and who has been shown it.

use std::collections::{BTreeMap, BTreeSet};

use jiff_sqlx::Timestamp as Stored;
use redress_domain::TenantId;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::evidence::EvidenceType;
use crate::domain::hearing::{Answer, Cited};
use crate::error::Error;

/// Which of `ids` are evidence of a complaint.
pub async fn of_complaint(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: Uuid,
    ids: &[Uuid],
) -> Result<BTreeSet<Uuid>, Error> {
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let known: Vec<Uuid> = sqlx::query_scalar(
        "SELECT evidence_id FROM evidence WHERE tenant = $1 AND complaint_id = $2 AND evidence_id = ANY ($3)",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(ids)
    .fetch_all(conn)
    .await?;
    Ok(known.into_iter().collect())
}

/// Which of `ids` are evidence of any member of an incident.
pub async fn of_incident(
    conn: &mut PgConnection,
    tenant: &TenantId,
    incident: Uuid,
    ids: &[Uuid],
) -> Result<BTreeSet<Uuid>, Error> {
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let known: Vec<Uuid> = sqlx::query_scalar(
        "SELECT e.evidence_id FROM evidence e JOIN incident_member m USING (tenant, complaint_id)
         WHERE e.tenant = $1 AND m.incident_id = $2 AND e.evidence_id = ANY ($3)",
    )
    .bind(tenant.as_str())
    .bind(incident)
    .bind(ids)
    .fetch_all(conn)
    .await?;
    Ok(known.into_iter().collect())
}

/// What a piece of evidence of a complaint is; none if the complaint has no such piece.
pub async fn kind(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: Uuid,
    id: Uuid,
) -> Result<Option<EvidenceType>, Error> {
    let code: Option<String> = sqlx::query_scalar(
        "SELECT type FROM evidence WHERE tenant = $1 AND complaint_id = $2 AND evidence_id = $3",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(id)
    .fetch_optional(conn)
    .await?;
    Ok(code.map(|code| super::read("evidence", "type", id, &code)).transpose()?)
}

/// Pieces of a complaint, and of the other members of its incident, with whom they have been shown to, and when: the latest copy for an
/// audience counts, and one that is withheld shows nothing.
pub async fn shown(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    incident: Option<Uuid>,
    ids: &[Uuid],
) -> Result<Vec<Cited>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT e.evidence_id, e.complaint_id, e.provider, e.provider_ref, copy.audience, copy.produced_at
         FROM evidence e
         LEFT JOIN LATERAL (
             SELECT latest.audience, latest.produced_at
             FROM (SELECT DISTINCT ON (r.audience) r.audience, r.treatment, r.produced_at
                   FROM rendition r
                   WHERE r.tenant = e.tenant AND r.complaint_id = e.complaint_id AND r.evidence_id = e.evidence_id
                   ORDER BY r.audience, r.seq DESC) AS latest
             WHERE latest.treatment <> 'withheld') AS copy ON true
         WHERE e.tenant = $1 AND e.evidence_id = ANY ($4)
               -- As a list, so that the primary key is used.
               AND e.complaint_id = ANY (ARRAY(
                   SELECT $2 UNION
                   SELECT m.complaint_id FROM incident_member m WHERE m.tenant = $1 AND m.incident_id = $3))
         ORDER BY e.evidence_id",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(incident)
    .bind(ids)
    .fetch_all(conn)
    .await?;
    let mut cited: Vec<Cited> = Vec::new();
    for Row { evidence_id: id, complaint_id, provider, provider_ref, audience, produced_at } in rows {
        if cited.last().is_none_or(|last| last.evidence != id) {
            cited.push(Cited {
                evidence: id,
                of_other_member: complaint_id != complaint,
                provider: super::read("evidence", "provider", id, &provider)?,
                provider_ref,
                shown: BTreeMap::new(),
            });
        }
        if let (Some(piece), Some(audience), Some(at)) = (cited.last_mut(), audience, produced_at) {
            piece.shown.insert(super::read("rendition", "audience", id, &audience)?, at.to_jiff());
        }
    }
    Ok(cited)
}

/// A piece, with one of those whom it was shown to; nobody where it was not shown.
#[derive(Debug, FromRow)]
struct Row {
    evidence_id: Uuid,
    complaint_id: Uuid,
    provider: String,
    provider_ref: String,
    audience: Option<String>,
    produced_at: Option<Stored>,
}

/// When each side of a complaint last brought something.
pub async fn answers(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
) -> Result<Vec<Answer>, Error> {
    let rows: Vec<(String, String, Stored)> = sqlx::query_as(
        "SELECT provider, provider_ref, max(received_at) FROM evidence
         WHERE tenant = $1 AND complaint_id = $2 AND provider IN ('complainant', 'respondent')
         GROUP BY provider, provider_ref",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .fetch_all(conn)
    .await?;
    let answer = |(provider, provider_ref, at): (String, String, Stored)| -> Result<Answer, Error> {
        let provider = super::read("evidence", "provider", complaint, &provider)?;
        Ok(Answer { provider, provider_ref, at: at.to_jiff() })
    };
    rows.into_iter().map(answer).collect()
}
