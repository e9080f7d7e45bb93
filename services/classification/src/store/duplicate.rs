//! Pairs of complaints that look the same.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::TenantId;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column;
use crate::error::Error;

/// A pair that was found.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// The tenant.
    pub tenant: TenantId,
    /// The complaint that was assessed later.
    pub complaint: Uuid,
    /// The other one.
    pub other: Uuid,
    /// 0 to 1.
    pub score: f64,
    /// What is alike.
    pub features: Vec<&'static str>,
}

/// A pair as kept, seen from one of the two.
#[derive(Debug, Clone, FromRow)]
pub struct Link {
    /// The complaint that was assessed later: the aggregate in whose events the pair appears.
    pub complaint_id: Uuid,
    /// The other one, as seen by the reader.
    pub seen_other: Uuid,
    /// 0 to 1.
    pub score: f64,
    /// What is alike.
    pub features: Vec<String>,
    /// undecided, same, related or different.
    pub decision: String,
    /// Who decided; empty while undecided.
    pub decided_by: String,
}

/// Writes pairs, each with when it was found.
pub async fn insert(conn: &mut PgConnection, new: &[(&NewLink, Timestamp)]) -> Result<(), Error> {
    if new.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO duplicate_link (tenant, complaint_id, other_complaint_id, score, features, found_at)
         SELECT tenant, complaint, other, score, string_to_array(features, ','), found_at
         FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::float8[], $5::text[], $6::timestamptz[])
              AS new (tenant, complaint, other, score, features, found_at)",
    )
    .bind(column(new, |(l, _)| l.tenant.as_str()))
    .bind(column(new, |(l, _)| l.complaint))
    .bind(column(new, |(l, _)| l.other))
    .bind(column(new, |(l, _)| l.score))
    .bind(column(new, |(l, _)| l.features.join(",")))
    .bind(column(new, |(_, found_at)| found_at.to_sqlx()))
    .execute(conn)
    .await?;
    Ok(())
}

/// The pairs of a complaint, the best first.
pub async fn of_complaint(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: Uuid,
) -> Result<Vec<Link>, Error> {
    Ok(sqlx::query_as(
        "SELECT complaint_id, CASE complaint_id WHEN $2 THEN other_complaint_id ELSE complaint_id END AS seen_other,
                score, features, decision, decided_by
         FROM duplicate_link
         WHERE tenant = $1 AND (complaint_id = $2 OR other_complaint_id = $2)
         ORDER BY score DESC, found_at, seen_other",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .fetch_all(conn)
    .await?)
}

/// The complaint under whose events a pair appears, whichever of the two is named first; locks the pair.
pub async fn lock(
    conn: &mut PgConnection,
    tenant: &TenantId,
    one: Uuid,
    other: Uuid,
) -> Result<Option<(Uuid, Uuid)>, Error> {
    Ok(sqlx::query_as(
        "SELECT complaint_id, other_complaint_id FROM duplicate_link
         WHERE tenant = $1 AND (complaint_id, other_complaint_id) IN (($2, $3), ($3, $2)) FOR UPDATE",
    )
    .bind(tenant.as_str())
    .bind(one)
    .bind(other)
    .fetch_optional(conn)
    .await?)
}

/// Writes a person's decision on a pair that is locked.
pub async fn decide(
    conn: &mut PgConnection,
    tenant: &TenantId,
    (complaint, other): (Uuid, Uuid),
    decision: &str,
    decided_by: &str,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE duplicate_link SET decision = $4, decided_by = $5, decided_at = $6
         WHERE tenant = $1 AND complaint_id = $2 AND other_complaint_id = $3",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(other)
    .bind(decision)
    .bind(decided_by)
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}
