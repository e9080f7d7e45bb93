//! Incidents.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::TenantId;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column, signed, unsigned};
use crate::domain::incident::{Dimension, IncidentState, RateKey};
use crate::error::Error;

/// An incident as kept.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its id.
    pub id: Uuid,
    /// Tenant, subject and matter.
    pub key: RateKey,
    /// Where it stands.
    pub state: IncidentState,
    /// When the complaint that made it visible was received.
    pub opened_at: Timestamp,
    /// When its last member was received.
    pub last_member_at: Timestamp,
    /// How many complaints belong to it.
    pub members: i64,
    /// Complaints in the window when it was noticed.
    pub window_count: i64,
    /// Complaints that such a window has had before.
    pub baseline: f64,
    /// Similarity hashes of its first members.
    pub exemplars: Vec<u64>,
    /// Version of its last event.
    pub version: i64,
    /// Who decided last; empty where rules did.
    pub decided_by: String,
    /// Why it was dissolved; empty otherwise.
    pub reason: String,
}

#[derive(FromRow)]
struct Row {
    tenant: String,
    incident_id: Uuid,
    dimension: String,
    subject: String,
    category: String,
    sub_category: String,
    state: String,
    opened_at: SqlTime,
    last_member_at: SqlTime,
    members: i64,
    window_count: i64,
    baseline: f64,
    exemplars: Vec<i64>,
    version: i64,
    decided_by: String,
    reason: String,
}

impl Row {
    fn read(self) -> Result<Stored, Error> {
        let id = self.incident_id;
        let corrupt = |column, cause: &dyn std::fmt::Display| Corrupt::new("incident", column, id, cause);
        Ok(Stored {
            id,
            key: RateKey {
                tenant: self.tenant.parse().map_err(|e| corrupt("tenant", &e))?,
                dimension: self.dimension.parse().map_err(|e| corrupt("dimension", &e))?,
                subject: self.subject,
                category: self.category.parse().map_err(|e| corrupt("category", &e))?,
                sub_category: self.sub_category,
            },
            state: self.state.parse().map_err(|e| corrupt("state", &e))?,
            opened_at: self.opened_at.to_jiff(),
            last_member_at: self.last_member_at.to_jiff(),
            members: self.members,
            window_count: self.window_count,
            baseline: self.baseline,
            exemplars: self.exemplars.into_iter().map(unsigned).collect(),
            version: self.version,
            decided_by: self.decided_by,
            reason: self.reason,
        })
    }
}

/// Locks the incidents of `subjects` that take complaints up and have had a member since `since`, oldest first.
pub async fn lock_open(
    conn: &mut PgConnection,
    subjects: &[(&TenantId, Dimension, &str)],
    since: Timestamp,
) -> Result<Vec<Stored>, Error> {
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM incident
         WHERE (tenant, dimension, subject) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]))
           AND state IN ('suspected', 'confirmed') AND last_member_at >= $4
         ORDER BY opened_at, incident_id FOR UPDATE",
    )
    .bind(column(subjects, |(tenant, ..)| tenant.as_str()))
    .bind(column(subjects, |(_, dimension, _)| dimension.code()))
    .bind(column(subjects, |(.., subject)| *subject))
    .bind(since.to_sqlx())
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Locks incidents of any tenant that nobody has joined since, a suspected one since `suspected` and a confirmed one since
/// `confirmed`; some of them at a time, in the order of their keys. Those that somebody else has locked are still joined.
pub async fn lock_quiet(
    conn: &mut PgConnection,
    suspected: Timestamp,
    confirmed: Timestamp,
    limit: i64,
) -> Result<Vec<Stored>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM incident
         WHERE (state = 'suspected' AND last_member_at < $1) OR (state = 'confirmed' AND last_member_at < $2)
         ORDER BY tenant, incident_id LIMIT $3 FOR UPDATE SKIP LOCKED",
    )
    .bind(suspected.to_sqlx())
    .bind(confirmed.to_sqlx())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Reads an incident; `lock` holds it until the transaction ends.
pub async fn find(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: Uuid,
    lock: bool,
) -> Result<Option<Stored>, Error> {
    let statement = if lock {
        "SELECT * FROM incident WHERE tenant = $1 AND incident_id = $2 FOR UPDATE"
    } else {
        "SELECT * FROM incident WHERE tenant = $1 AND incident_id = $2"
    };
    let row: Option<Row> =
        sqlx::query_as(statement).bind(tenant.as_str()).bind(id).fetch_optional(conn).await?;
    row.map(Row::read).transpose()
}

/// A page of incidents, newest first, after the one that the page before ended with.
pub async fn page(
    conn: &mut PgConnection,
    tenant: &TenantId,
    state: Option<IncidentState>,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Stored>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM incident
         WHERE tenant = $1 AND ($2::text IS NULL OR state = $2)
           AND ($3::timestamptz IS NULL OR (opened_at, incident_id) < ($3, $4))
         ORDER BY opened_at DESC, incident_id DESC LIMIT $5",
    )
    .bind(tenant.as_str())
    .bind(state.map(IncidentState::code))
    .bind(after.map(|(at, _)| at.to_sqlx()))
    .bind(after.map(|(_, id)| id))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Writes incidents, new ones and such that are locked.
pub async fn save(conn: &mut PgConnection, incidents: &[&Stored]) -> Result<(), Error> {
    if incidents.is_empty() {
        return Ok(());
    }
    let exemplars = |i: &&Stored| {
        let hashes: Vec<String> = i.exemplars.iter().map(|hash| signed(*hash).to_string()).collect();
        format!("{{{}}}", hashes.join(","))
    };
    sqlx::query(
        "INSERT INTO incident (tenant, incident_id, dimension, subject, category, sub_category, state, opened_at,
                               last_member_at, members, window_count, baseline, exemplars, version, decided_by, reason)
         SELECT tenant, incident_id, dimension, subject, category, sub_category, state, opened_at, last_member_at,
                members, window_count, baseline, exemplars::bigint[], version, decided_by, reason
         FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::timestamptz[], $9::timestamptz[], $10::bigint[], $11::bigint[], $12::float8[], $13::text[],
                     $14::bigint[], $15::text[], $16::text[])
              AS new (tenant, incident_id, dimension, subject, category, sub_category, state, opened_at,
                      last_member_at, members, window_count, baseline, exemplars, version, decided_by, reason)
         ON CONFLICT (tenant, incident_id) DO UPDATE
            SET state = excluded.state, last_member_at = excluded.last_member_at, members = excluded.members,
                exemplars = excluded.exemplars, version = excluded.version, decided_by = excluded.decided_by,
                reason = excluded.reason",
    )
    .bind(column(incidents, |i| i.key.tenant.as_str()))
    .bind(column(incidents, |i| i.id))
    .bind(column(incidents, |i| i.key.dimension.code()))
    .bind(column(incidents, |i| i.key.subject.as_str()))
    .bind(column(incidents, |i| i.key.category.code()))
    .bind(column(incidents, |i| i.key.sub_category.as_str()))
    .bind(column(incidents, |i| i.state.code()))
    .bind(column(incidents, |i| i.opened_at.to_sqlx()))
    .bind(column(incidents, |i| i.last_member_at.to_sqlx()))
    .bind(column(incidents, |i| i.members))
    .bind(column(incidents, |i| i.window_count))
    .bind(column(incidents, |i| i.baseline))
    .bind(column(incidents, exemplars))
    .bind(column(incidents, |i| i.version))
    .bind(column(incidents, |i| i.decided_by.as_str()))
    .bind(column(incidents, |i| i.reason.as_str()))
    .execute(conn)
    .await?;
    Ok(())
}
