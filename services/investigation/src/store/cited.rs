//! What findings, agreements and leads may rest on, and who has been shown it.

use std::collections::BTreeSet;

use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::evidence::EvidenceType;
use crate::domain::hearing::Cited;
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

/// Pieces of a complaint, and of the other members of its incident, with whom they have been shown to: the latest copy for an
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
    let rows: Vec<(Uuid, Uuid, String, String, Vec<String>)> = sqlx::query_as(
        "SELECT e.evidence_id, e.complaint_id, e.provider, e.provider_ref,
                ARRAY(SELECT latest.audience
                      FROM (SELECT DISTINCT ON (r.audience) r.audience, r.treatment
                            FROM rendition r
                            WHERE r.tenant = e.tenant AND r.complaint_id = e.complaint_id
                                  AND r.evidence_id = e.evidence_id
                            ORDER BY r.audience, r.seq DESC) AS latest
                      WHERE latest.treatment <> 'withheld') AS shown
         FROM evidence e
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
    let cited = |row: (Uuid, Uuid, String, String, Vec<String>)| -> Result<Cited, Error> {
        let (id, of, provider, provider_ref, shown) = row;
        let audience = |code: &String| super::read("rendition", "audience", id, code);
        Ok(Cited {
            evidence: id,
            of_other_member: of != complaint,
            provider: super::read("evidence", "provider", id, &provider)?,
            provider_ref,
            shown: shown.iter().map(audience).collect::<Result<_, _>>()?,
        })
    };
    rows.into_iter().map(cited).collect()
}
