//! What findings, agreements and leads may rest on.

use std::collections::BTreeSet;

use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::evidence::EvidenceType;
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
