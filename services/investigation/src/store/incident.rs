//! Incidents and their members.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stored, ToSqlx};
use redress_domain::{Category, TenantId, coded_enum};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column, lines, read};
use crate::error::Error;

const TABLE: &str = "incident_file";

coded_enum! {
    /// Where an incident stands.
    IncidentState {
        /// Nobody has confirmed it.
        Suspected = "suspected",
        /// It is investigated once for all.
        Open = "open",
        /// None after all, or over.
        Over = "over",
    }
}

/// An incident as kept.
#[derive(Debug, Clone)]
pub struct IncidentFile {
    /// The tenant.
    pub tenant: TenantId,
    /// The incident.
    pub id: Uuid,
    /// Where it stands.
    pub state: IncidentState,
    /// The category.
    pub category: Category,
    /// Whether it is about live sessions.
    pub live: bool,
    /// When its investigation was opened.
    pub opened_at: Option<Timestamp>,
    /// The points to decide.
    pub issues: Vec<String>,
    /// Its own data key, wrapped; empty until somebody has written.
    pub wrapped_key: Vec<u8>,
    /// Version of its last event.
    pub version: i64,
}

#[derive(Debug, FromRow)]
struct Row {
    tenant: String,
    incident_id: Uuid,
    state: String,
    category: String,
    live: bool,
    opened_at: Option<Stored>,
    issues: Vec<String>,
    wrapped_key: Vec<u8>,
    version: i64,
}

impl TryFrom<Row> for IncidentFile {
    type Error = Corrupt;

    fn try_from(row: Row) -> Result<Self, Corrupt> {
        let id = row.incident_id;
        Ok(Self {
            tenant: read(TABLE, "tenant", id, &row.tenant)?,
            id,
            state: read(TABLE, "state", id, &row.state)?,
            category: read(TABLE, "category", id, &row.category)?,
            live: row.live,
            opened_at: row.opened_at.map(Stored::to_jiff),
            issues: row.issues,
            wrapped_key: row.wrapped_key,
            version: row.version,
        })
    }
}

/// An incident.
pub async fn find(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: Uuid,
) -> Result<Option<IncidentFile>, Error> {
    let row: Option<Row> =
        sqlx::query_as("SELECT * FROM incident_file WHERE tenant = $1 AND incident_id = $2")
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(conn)
            .await?;
    Ok(row.map(IncidentFile::try_from).transpose()?)
}

/// The incidents of `keys` that are here, locked in the order of their keys until the transaction ends.
pub async fn lock_all(
    conn: &mut PgConnection,
    keys: &[(TenantId, Uuid)],
) -> Result<Vec<IncidentFile>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM incident_file
         WHERE (tenant, incident_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
         ORDER BY tenant, incident_id FOR UPDATE",
    )
    .bind(column(keys, |(tenant, _)| tenant.as_str()))
    .bind(column(keys, |(_, id)| *id))
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(IncidentFile::try_from).collect::<Result<_, _>>()?)
}

/// Writes incidents, new ones and locked ones.
pub async fn save(conn: &mut PgConnection, incidents: &[&IncidentFile]) -> Result<(), Error> {
    if incidents.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO incident_file (tenant, incident_id, state, category, live, opened_at, issues, wrapped_key, version)
         SELECT tenant, id, state, category, live, opened_at, string_to_array(issues, E'\\n'), wrapped_key, version
         FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::boolean[], $6::timestamptz[], $7::text[],
                     $8::bytea[], $9::bigint[])
              AS new (tenant, id, state, category, live, opened_at, issues, wrapped_key, version)
         ON CONFLICT ON CONSTRAINT incident_file_pkey DO UPDATE
         SET state = excluded.state, category = excluded.category, live = excluded.live,
             opened_at = excluded.opened_at, issues = excluded.issues, wrapped_key = excluded.wrapped_key,
             version = excluded.version",
    )
    .bind(column(incidents, |i| i.tenant.as_str()))
    .bind(column(incidents, |i| i.id))
    .bind(column(incidents, |i| i.state.code()))
    .bind(column(incidents, |i| i.category.code()))
    .bind(column(incidents, |i| i.live))
    .bind(column(incidents, |i| i.opened_at.map(ToSqlx::to_sqlx)))
    .bind(column(incidents, |i| lines(&i.issues)))
    .bind(column(incidents, |i| i.wrapped_key.as_slice()))
    .bind(column(incidents, |i| i.version))
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes members; a complaint belongs to one incident at most.
pub async fn add_members(conn: &mut PgConnection, members: &[(TenantId, Uuid, Uuid)]) -> Result<(), Error> {
    if members.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO incident_member (tenant, complaint_id, incident_id)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[])
         ON CONFLICT ON CONSTRAINT incident_member_pkey DO UPDATE SET incident_id = excluded.incident_id",
    )
    .bind(column(members, |(tenant, ..)| tenant.as_str()))
    .bind(column(members, |(_, complaint, _)| *complaint))
    .bind(column(members, |(.., incident)| *incident))
    .execute(conn)
    .await?;
    Ok(())
}

/// How many complaints belong to an incident.
pub async fn members(conn: &mut PgConnection, tenant: &TenantId, id: Uuid) -> Result<i64, Error> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM incident_member WHERE tenant = $1 AND incident_id = $2")
        .bind(tenant.as_str())
        .bind(id)
        .fetch_one(conn)
        .await?)
}

/// Whether somebody is recused from a member of an incident, or complains in one; `index` is the keyed hash of theirs.
pub async fn is_barred(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: Uuid,
    (subject, index): (&str, &[u8]),
) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT FROM incident_member m
             JOIN conflict k ON (k.tenant, k.complaint_id) = (m.tenant, m.complaint_id)
             WHERE m.tenant = $1 AND m.incident_id = $2 AND k.subject = $3 AND k.recused
         ) OR EXISTS (
             SELECT FROM incident_member m
             JOIN case_file c ON (c.tenant, c.complaint_id) = (m.tenant, m.complaint_id)
             WHERE m.tenant = $1 AND m.incident_id = $2 AND c.complainant_index = $4
         )",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(subject)
    .bind(index)
    .fetch_one(conn)
    .await?)
}
