//! Incidents and their members.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::{ComplaintId, TenantId, coded_enum};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column;
use crate::error::Error;

coded_enum! {
    /// Where an incident stands.
    Standing {
        /// The numbers say so.
        Suspected = "suspected",
        /// It is one.
        Confirmed = "confirmed",
        /// It was one, and nobody joins it any more: what was counted to it stays.
        Over = "over",
        /// It is none after all: nothing is counted to it.
        Dissolved = "dissolved",
    }
}

/// A complaint that belongs to an incident.
#[derive(Debug, Clone)]
pub struct Member {
    /// The tenant.
    pub tenant: TenantId,
    /// The complaint.
    pub complaint: ComplaintId,
    /// The incident.
    pub incident: Uuid,
    /// Since when.
    pub added_at: Timestamp,
}

/// Writes where the incidents stand.
pub async fn save(
    conn: &mut PgConnection,
    standings: &BTreeMap<(TenantId, Uuid), Standing>,
) -> Result<(), Error> {
    if standings.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO incident (tenant, incident_id, state)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[])
         ON CONFLICT (tenant, incident_id) DO UPDATE SET state = excluded.state",
    )
    .bind(column(standings.keys(), |(tenant, _)| tenant.as_str()))
    .bind(column(standings.keys(), |(_, id)| *id))
    .bind(column(standings.values(), |standing| standing.code()))
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds members; who joined before stays as it was.
pub async fn add(conn: &mut PgConnection, mut members: Vec<Member>) -> Result<(), Error> {
    if members.is_empty() {
        return Ok(());
    }
    // One order of locks for all.
    members.sort_by(|a, b| (&a.tenant, a.complaint, a.incident).cmp(&(&b.tenant, b.complaint, b.incident)));
    sqlx::query(
        "INSERT INTO incident_member (tenant, complaint_id, incident_id, added_at)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::timestamptz[])
         ON CONFLICT DO NOTHING",
    )
    .bind(column(&members, |member| member.tenant.as_str()))
    .bind(column(&members, |member| *member.complaint.as_uuid()))
    .bind(column(&members, |member| member.incident))
    .bind(column(&members, |member| member.added_at.to_sqlx()))
    .execute(conn)
    .await?;
    Ok(())
}
