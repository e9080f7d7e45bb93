//! Which complaints belong to which incident, and which terms they have in common.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column;
use crate::error::Error;

/// A complaint in an incident.
#[derive(Debug, Clone)]
pub struct Member {
    /// The tenant.
    pub tenant: TenantId,
    /// The incident.
    pub incident: Uuid,
    /// Order of joining, from 1.
    pub ordinal: i64,
    /// The complaint.
    pub complaint: Uuid,
    /// When it was received.
    pub joined_at: Timestamp,
}

/// Writes members.
pub async fn insert(conn: &mut PgConnection, new: &[Member]) -> Result<(), Error> {
    if new.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO incident_member (tenant, incident_id, ordinal, complaint_id, joined_at)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::uuid[], $5::timestamptz[])",
    )
    .bind(column(new, |m| m.tenant.as_str()))
    .bind(column(new, |m| m.incident))
    .bind(column(new, |m| m.ordinal))
    .bind(column(new, |m| m.complaint))
    .bind(column(new, |m| m.joined_at.to_sqlx()))
    .execute(conn)
    .await?;
    Ok(())
}

/// Members of an incident behind the `after`th, in the order they joined.
pub async fn page(
    conn: &mut PgConnection,
    tenant: &TenantId,
    incident: Uuid,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Uuid)>, Error> {
    Ok(sqlx::query_as(
        "SELECT ordinal, complaint_id FROM incident_member
         WHERE tenant = $1 AND incident_id = $2 AND ordinal > $3 ORDER BY ordinal LIMIT $4",
    )
    .bind(tenant.as_str())
    .bind(incident)
    .bind(after)
    .bind(limit)
    .fetch_all(conn)
    .await?)
}

/// Counts terms that the rules saw in new members; `counted` has each term of an incident once.
pub async fn count_terms(
    conn: &mut PgConnection,
    counted: &[(&TenantId, Uuid, &str, i64)],
) -> Result<(), Error> {
    if counted.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO incident_term (tenant, incident_id, term, members)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::bigint[])
         ON CONFLICT (tenant, incident_id, term) DO UPDATE SET members = incident_term.members + excluded.members",
    )
    .bind(column(counted, |(tenant, ..)| tenant.as_str()))
    .bind(column(counted, |(_, incident, ..)| *incident))
    .bind(column(counted, |(_, _, term, _)| *term))
    .bind(column(counted, |(.., members)| *members))
    .execute(conn)
    .await?;
    Ok(())
}

/// Terms that at least half of the members have, the most common first; at most 12.
pub async fn common_terms(
    conn: &mut PgConnection,
    tenant: &TenantId,
    incidents: &[Uuid],
) -> Result<Vec<(Uuid, String)>, Error> {
    Ok(sqlx::query_as(
        "SELECT incident_id, term FROM (
             SELECT t.incident_id, t.term, t.members,
                    row_number() OVER (PARTITION BY t.incident_id ORDER BY t.members DESC, t.term) AS place
             FROM incident_term t JOIN incident i USING (tenant, incident_id)
             WHERE t.tenant = $1 AND t.incident_id = ANY ($2) AND 2 * t.members >= i.members
         ) AS common WHERE place <= 12 ORDER BY incident_id, place",
    )
    .bind(tenant.as_str())
    .bind(incidents)
    .fetch_all(conn)
    .await?)
}
