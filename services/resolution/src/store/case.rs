//! Cases: locked, read whole, written back where they changed.

use std::collections::BTreeMap;

use redress_domain::{ComplaintId, Severity, TenantId};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::record::{self, Record};
use super::{Corrupt, column};
use crate::domain::case::{Case, Course, Facts};
use crate::error::Error;

/// A case of one tenant.
pub type Key = (TenantId, ComplaintId);

/// A case that is locked, with what is stored of it.
#[derive(Debug)]
pub struct Held {
    /// The case, to be changed.
    pub case: Case,
    /// What is stored of its records; none where they were not read, and so are not written either.
    stored: Option<Vec<Record>>,
}

impl Held {
    pub(super) fn changed(&self) -> Result<Vec<(String, Uuid, Record)>, Error> {
        let Some(stored) = &self.stored else { return Ok(Vec::new()) };
        let records = record::of_case(&self.case)?;
        let is_new = |record: &Record| !stored.contains(record);
        let of = |record| (self.case.tenant.to_string(), *self.case.id.as_uuid(), record);
        Ok(records.into_iter().filter(is_new).map(of).collect())
    }
}

#[derive(FromRow)]
struct Row {
    tenant: String,
    complaint_id: Uuid,
    state: String,
    severity: String,
    complainant_index: Vec<u8>,
    version: i64,
    stream_version: i64,
    chain_length: i64,
    chain_head: String,
    facts: Json<Value>,
    course: Json<Value>,
}

impl TryFrom<Row> for Case {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        let id = row.complaint_id;
        let severity: Severity =
            row.severity.parse().map_err(|e| Corrupt::new("case_file", "severity", id, e))?;
        Ok(Self {
            tenant: row.tenant.parse().map_err(|e| Corrupt::new("case_file", "tenant", id, e))?,
            id: ComplaintId::from_uuid(id),
            state: row.state.parse().map_err(|e| Corrupt::new("case_file", "state", id, e))?,
            severity,
            complainant_index: row.complainant_index,
            version: row.version,
            stream_version: row.stream_version,
            chain: (u32::try_from(row.chain_length).unwrap_or(u32::MAX), row.chain_head),
            facts: document(id, "facts", row.facts.0)?,
            course: document(id, "course", row.course.0)?,
            liability: Vec::new(),
            proposals: Vec::new(),
            settlements: Vec::new(),
            rulings: Vec::new(),
            appeals: Vec::new(),
            reports: Vec::new(),
            sanctions: Vec::new(),
        })
    }
}

fn document<T: DeserializeOwned>(id: Uuid, column: &'static str, value: Value) -> Result<T, Error> {
    Ok(serde_json::from_value(value).map_err(|e| Corrupt::new("case_file", column, id, e))?)
}

const COLUMNS: &str =
    "SELECT tenant, complaint_id, state, severity, complainant_index, version, stream_version,
    chain_length, chain_head, facts, course FROM case_file";

/// Locks cases in the order of their keys and reads them whole: two statements. Those that are not here are left out.
pub async fn lock_all(conn: &mut PgConnection, keys: &[Key]) -> Result<BTreeMap<Key, Held>, Error> {
    read_all(conn, keys, "FOR UPDATE").await
}

/// Locks cases and leaves their records unread: one statement, for whoever looks at where a case stands and at nothing that
/// was decided in it. What is changed in the records of such a case is not written.
pub async fn lock_without_records(
    conn: &mut PgConnection,
    keys: &[Key],
) -> Result<BTreeMap<Key, Held>, Error> {
    let cases = rows(conn, keys, "FOR UPDATE").await?;
    Ok(cases.into_iter().map(|case| ((case.tenant.clone(), case.id), Held { case, stored: None })).collect())
}

/// The same for one case.
pub async fn lock(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
) -> Result<Option<Held>, Error> {
    let key = (tenant.clone(), id);
    Ok(lock_all(conn, std::slice::from_ref(&key)).await?.remove(&key))
}

/// Reads one case without a lock.
pub async fn find(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
) -> Result<Option<Case>, Error> {
    let key = (tenant.clone(), id);
    Ok(read_all(conn, std::slice::from_ref(&key), "").await?.remove(&key).map(|held| held.case))
}

async fn read_all(conn: &mut PgConnection, keys: &[Key], lock: &str) -> Result<BTreeMap<Key, Held>, Error> {
    let mut cases = rows(conn, keys, lock).await?;
    if cases.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut stored = record::load(conn, &mut cases).await?;
    let held = |case: Case| {
        let stored = stored.remove(&(case.tenant.to_string(), *case.id.as_uuid())).unwrap_or_default();
        ((case.tenant.clone(), case.id), Held { case, stored: Some(stored) })
    };
    Ok(cases.into_iter().map(held).collect())
}

async fn rows(conn: &mut PgConnection, keys: &[Key], lock: &str) -> Result<Vec<Case>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "{COLUMNS} WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
         ORDER BY tenant, complaint_id {lock}"
    );
    // Composed of constants of this file.
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(column(keys, |(tenant, _)| tenant.as_str()))
        .bind(column(keys, |(_, id)| *id.as_uuid()))
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(Case::try_from).collect()
}

/// Writes cases that are new, each with its wrapped key. What is here already stays as it is.
pub async fn insert(conn: &mut PgConnection, new: &[(Case, Vec<u8>)]) -> Result<(), Error> {
    if new.is_empty() {
        return Ok(());
    }
    let documents = new.iter().map(|(case, _)| documents(case)).collect::<Result<Vec<_>, _>>()?;
    sqlx::query(
        "WITH new AS (
             INSERT INTO case_file (tenant, complaint_id, state, severity, complainant_index, version, stream_version,
                 chain_length, chain_head, facts, course)
             SELECT tenant, id, state, severity, complainant, 0, 0, 0, '', facts, course
             FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::jsonb[], $7::jsonb[])
                  AS one (tenant, id, state, severity, complainant, facts, course)
             ORDER BY tenant, id
             ON CONFLICT (tenant, complaint_id) DO NOTHING
         )
         INSERT INTO subject_key (tenant, complaint_id, wrapped_key)
         SELECT tenant, id, wrapped FROM unnest($1::text[], $2::uuid[], $8::bytea[]) AS one (tenant, id, wrapped)
         ON CONFLICT (tenant, complaint_id) DO NOTHING",
    )
    .bind(column(new, |(case, _)| case.tenant.as_str()))
    .bind(column(new, |(case, _)| *case.id.as_uuid()))
    .bind(column(new, |(case, _)| case.state.code()))
    .bind(column(new, |(case, _)| case.severity.code()))
    .bind(column(new, |(case, _)| case.complainant_index.as_slice()))
    .bind(column(&documents, |(facts, _)| Json(facts)))
    .bind(column(&documents, |(_, course)| Json(course)))
    .bind(column(new, |(_, wrapped)| wrapped.as_slice()))
    .execute(conn)
    .await?;
    Ok(())
}

/// What the registration told and what happened since, as they are stored.
pub(super) fn documents(case: &Case) -> Result<(Value, Value), Error> {
    let id = *case.id.as_uuid();
    let facts: &Facts = &case.facts;
    let course: &Course = &case.course;
    let facts = serde_json::to_value(facts).map_err(|e| Corrupt::new("case_file", "facts", id, e))?;
    let course = serde_json::to_value(course).map_err(|e| Corrupt::new("case_file", "course", id, e))?;
    Ok((facts, course))
}

/// The wrapped data key of a complaint; none where the subject was erased.
pub async fn wrapped_key(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
) -> Result<Option<Vec<u8>>, Error> {
    Ok(sqlx::query_scalar("SELECT wrapped_key FROM subject_key WHERE tenant = $1 AND complaint_id = $2")
        .bind(tenant.as_str())
        .bind(*id.as_uuid())
        .fetch_optional(conn)
        .await?)
}

/// The wrapped data keys of several complaints of a tenant.
pub async fn wrapped_keys(
    conn: &mut PgConnection,
    tenant: &TenantId,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, Vec<u8>)>, Error> {
    Ok(sqlx::query_as(
        "SELECT complaint_id, wrapped_key FROM subject_key WHERE tenant = $1 AND complaint_id = ANY ($2)",
    )
    .bind(tenant.as_str())
    .bind(ids)
    .fetch_all(conn)
    .await?)
}
