//! Incidents and their members.

use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column;
use crate::error::Error;

/// Writes where incidents stand; each incident once.
pub async fn upsert(
    conn: &mut PgConnection,
    incidents: &[(TenantId, Uuid, &'static str)],
) -> Result<(), Error> {
    if incidents.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO incident (tenant, incident_id, state)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[]) AS new (tenant, id, state) ORDER BY tenant, id
         ON CONFLICT (tenant, incident_id) DO UPDATE SET state = excluded.state",
    )
    .bind(column(incidents, |(tenant, ..)| tenant.as_str()))
    .bind(column(incidents, |(_, id, _)| *id))
    .bind(column(incidents, |(.., state)| *state))
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes members that are new.
pub async fn insert_members(
    conn: &mut PgConnection,
    members: &[(TenantId, Uuid, Uuid)],
) -> Result<(), Error> {
    if members.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO incident_member (tenant, incident_id, complaint_id)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[])
         ON CONFLICT (tenant, incident_id, complaint_id) DO NOTHING",
    )
    .bind(column(members, |(tenant, ..)| tenant.as_str()))
    .bind(column(members, |(_, incident, _)| *incident))
    .bind(column(members, |(.., complaint)| *complaint))
    .execute(conn)
    .await?;
    Ok(())
}

/// Where an incident stands; its row is locked, so that plans for it are made one after the other.
pub async fn lock(
    conn: &mut PgConnection,
    tenant: &TenantId,
    incident: Uuid,
) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar("SELECT state FROM incident WHERE tenant = $1 AND incident_id = $2 FOR UPDATE")
        .bind(tenant.as_str())
        .bind(incident)
        .fetch_optional(conn)
        .await?)
}

/// Members that have no plan of the incident yet: those who wait for one first, then those whose facts are being found.
/// What cannot be planned for stands behind them, or a few hundred of it would keep the rest from ever getting a plan.
pub async fn unplanned(
    conn: &mut PgConnection,
    tenant: &TenantId,
    incident: Uuid,
    left_out: &[Uuid],
    most: i64,
) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT m.complaint_id FROM incident_member m
         JOIN case_file c USING (tenant, complaint_id)
         WHERE m.tenant = $1 AND m.incident_id = $2
           AND NOT EXISTS (
               SELECT FROM case_record r
               WHERE r.tenant = m.tenant AND r.complaint_id = m.complaint_id AND r.kind = 'proposal'
                 AND r.content ->> 'incident' = m.incident_id::text
           )
         ORDER BY CASE c.state WHEN 'plan_review' THEN 0 WHEN 'investigating' THEN 1 ELSE 2 END,
                  EXISTS (
                      SELECT FROM case_record r
                      WHERE r.tenant = m.tenant AND r.complaint_id = m.complaint_id AND r.kind = 'proposal'
                        AND r.state IN ('in_review', 'approved', 'open')
                  ) OR m.complaint_id = ANY ($4),
                  m.complaint_id
         LIMIT $3",
    )
    .bind(tenant.as_str())
    .bind(incident)
    .bind(most)
    .bind(left_out)
    .fetch_all(conn)
    .await?)
}
