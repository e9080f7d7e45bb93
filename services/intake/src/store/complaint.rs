//! The complaint's row: read by queries, locked and saved, one or many at once, by whatever moves complaints.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff_sqlx::Timestamp as SqlTime;
use redress_domain::{Category, Channel, ComplaintId, Origin, PartyKind, Severity, TenantId};
use redress_postgres::Db;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::domain::lifecycle::{Assessment, Capacity, Lifecycle};
use crate::error::Error;

/// A complaint without its personal fields.
#[derive(Debug, Clone)]
pub struct Complaint {
    /// The tenant.
    pub tenant: TenantId,
    /// Its id.
    pub id: ComplaintId,
    /// Its number.
    pub complaint_no: String,
    /// Subject of the token that submitted it.
    pub submitted_by: String,
    /// As what that subject submitted it.
    pub submitted_as: Capacity,
    /// Keyed hash of the complainant; empty if unknown.
    pub complainant_index: Vec<u8>,
    /// What the complainant is.
    pub complainant_kind: PartyKind,
    /// The channel.
    pub channel: Channel,
    /// Who brought it in.
    pub origin: Origin,
    /// Language tag.
    pub language: Option<String>,
    /// Where it stands.
    pub lifecycle: Lifecycle,
    /// Version on the lifecycle topic.
    pub stream_version: i64,
    /// Category, once assessed.
    pub category: Option<Category>,
    /// Severity, once assessed.
    pub severity: Option<Severity>,
    /// Whether it is urgent.
    pub urgent: bool,
    /// The confidentiality label it was split off under, if it was.
    pub label: Option<String>,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// When it was sent.
    pub submitted_at: Option<Timestamp>,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// By when receipt is acknowledged.
    pub acknowledge_by: Timestamp,
}

impl Complaint {
    /// Whether `assessment` says nothing but what the complaint carries already.
    pub fn is_assessed_as(&self, assessment: &Assessment) -> bool {
        let known = (self.category, self.severity, self.urgent);
        known == (Some(assessment.category), Some(assessment.severity), assessment.urgent)
    }
}

/// By what a complaint is looked up.
#[derive(Debug, Clone)]
pub enum Key {
    /// Its id.
    Id(ComplaintId),
    /// The identifying part of its number.
    Code(String),
}

/// The columns of [`Row`]; a statement is one literal, so they are a macro and not a constant.
macro_rules! columns {
    () => {
        "tenant, complaint_id, complaint_no, submitted_by, submitted_as, complainant_index, complainant_kind, channel, origin,
         language, lifecycle::text AS lifecycle, stream_version, category, severity, urgent, label, received_at,
         submitted_at, registered_at, acknowledge_by"
    };
}
pub(super) use columns;

/// Reads a complaint.
pub async fn find(conn: &mut PgConnection, tenant: &TenantId, key: &Key) -> Result<Option<Complaint>, Error> {
    let query = match key {
        Key::Id(id) => sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM complaint WHERE tenant = $1 AND complaint_id = $2"
        ))
        .bind(tenant.as_str())
        .bind(*id.as_uuid()),
        Key::Code(code) => sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM complaint WHERE tenant = $1 AND no_code = $2"
        ))
        .bind(tenant.as_str())
        .bind(code),
    };
    query.fetch_optional(conn).await?.map(Row::read).transpose()
}

/// Complaints of which this number was told, and which are registered under another; in the order of their ids.
pub async fn sharing(
    conn: &mut PgConnection,
    tenant: &TenantId,
    code: &str,
) -> Result<Vec<Complaint>, Error> {
    let rows: Vec<Row> = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM complaint WHERE (tenant, complaint_id) IN
              (SELECT tenant, complaint_id FROM shared_number WHERE tenant = $1 AND no_code = $2)
          ORDER BY complaint_id"
    ))
    .bind(tenant.as_str())
    .bind(code)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Reads complaints and keeps others from changing them until the transaction ends; in one order, for all who lock.
pub async fn lock_all(
    conn: &mut PgConnection,
    ids: &[(TenantId, ComplaintId)],
) -> Result<Vec<Complaint>, Error> {
    let rows: Vec<Row> = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM complaint WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
          ORDER BY tenant, complaint_id FOR UPDATE"
    ))
    .bind(column(ids, |(tenant, _)| tenant.as_str()))
    .bind(column(ids, |(_, id)| *id.as_uuid()))
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Saves where locked complaints stand.
pub async fn save(conn: &mut PgConnection, complaints: &[&Complaint]) -> Result<(), Error> {
    let lifecycles = complaints
        .iter()
        .map(|c| {
            serde_json::to_string(&c.lifecycle)
                .map_err(|e| Corrupt::new("complaint", "lifecycle", *c.id.as_uuid(), e))
        })
        .collect::<Result<Vec<_>, _>>()?;
    sqlx::query(
        "UPDATE complaint SET state = new.state, lifecycle = new.lifecycle, state_version = new.state_version,
                              stream_version = new.stream_version, category = new.category,
                              severity = new.severity, urgent = new.urgent
         FROM unnest($1::text[], $2::uuid[], $3::text[], $4::json[], $5::integer[], $6::bigint[], $7::text[],
                     $8::text[], $9::boolean[])
              AS new (tenant, complaint_id, state, lifecycle, state_version, stream_version, category, severity,
                      urgent)
         WHERE complaint.tenant = new.tenant AND complaint.complaint_id = new.complaint_id",
    )
    .bind(column(complaints, |c| c.tenant.as_str()))
    .bind(column(complaints, |c| *c.id.as_uuid()))
    .bind(column(complaints, |c| c.lifecycle.state().kind().code()))
    .bind(lifecycles)
    .bind(column(complaints, |c| state_version(&c.lifecycle)))
    .bind(column(complaints, |c| c.stream_version))
    .bind(column(complaints, |c| c.category.map(Category::code)))
    .bind(column(complaints, |c| c.severity.map(Severity::code)))
    .bind(column(complaints, |c| c.urgent))
    .execute(conn)
    .await?;
    Ok(())
}

/// The versions on the lifecycle topic of those complaints that exist.
pub async fn stream_versions(
    db: &Db,
    of: &[&(TenantId, Uuid)],
) -> Result<HashMap<(TenantId, Uuid), i64>, sqlx::Error> {
    let rows: Vec<(String, Uuid, i64)> = sqlx::query_as(
        "SELECT tenant, complaint_id, stream_version FROM complaint
         WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))",
    )
    .bind(column(of, |(tenant, _)| tenant.as_str()))
    .bind(column(of, |(_, id)| *id))
    .fetch_all(db.pool())
    .await?;
    let read = |(tenant, id, version): (String, Uuid, i64)| Some(((tenant.parse().ok()?, id), version));
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Puts a locked complaint under a confidentiality label.
pub async fn label(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
    label: &str,
) -> Result<(), Error> {
    sqlx::query("UPDATE complaint SET label = $3 WHERE tenant = $1 AND complaint_id = $2")
        .bind(tenant.as_str())
        .bind(id.as_uuid())
        .bind(label)
        .execute(conn)
        .await?;
    Ok(())
}

/// The lifecycle's version as the database counts it.
pub fn state_version(lifecycle: &Lifecycle) -> i32 {
    i32::try_from(lifecycle.version()).unwrap_or(i32::MAX)
}

/// The respondents of some complaints, in their order: complaint, kind, reference.
pub async fn respondents(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaints: &[ComplaintId],
) -> Result<Vec<(ComplaintId, PartyKind, String)>, Error> {
    let rows: Vec<(Uuid, String, Option<String>)> = sqlx::query_as(
        "SELECT complaint_id, kind, external_ref FROM party
         WHERE tenant = $1 AND complaint_id = ANY($2) AND role = 'respondent' ORDER BY complaint_id, ordinal",
    )
    .bind(tenant.as_str())
    .bind(complaints.iter().map(|id| *id.as_uuid()).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(id, kind, reference)| {
            let kind = kind.parse().map_err(|e| Corrupt::new("party", "kind", id, e))?;
            Ok((ComplaintId::from_uuid(id), kind, reference.unwrap_or_default()))
        })
        .collect()
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    tenant: String,
    complaint_id: Uuid,
    complaint_no: String,
    submitted_by: String,
    submitted_as: String,
    complainant_index: Vec<u8>,
    complainant_kind: String,
    channel: String,
    origin: String,
    language: Option<String>,
    lifecycle: String,
    stream_version: i64,
    category: Option<String>,
    severity: Option<String>,
    urgent: bool,
    label: Option<String>,
    received_at: SqlTime,
    submitted_at: Option<SqlTime>,
    registered_at: SqlTime,
    acknowledge_by: SqlTime,
}

impl Row {
    pub(super) fn read(self) -> Result<Complaint, Error> {
        let id = self.complaint_id;
        let corrupt = |column, cause: &dyn std::fmt::Display| Corrupt::new("complaint", column, id, cause);
        Ok(Complaint {
            tenant: self.tenant.parse().map_err(|e| corrupt("tenant", &e))?,
            id: ComplaintId::from_uuid(id),
            complaint_no: self.complaint_no,
            submitted_by: self.submitted_by,
            submitted_as: self.submitted_as.parse().map_err(|e| corrupt("submitted_as", &e))?,
            complainant_index: self.complainant_index,
            complainant_kind: self.complainant_kind.parse().map_err(|e| corrupt("complainant_kind", &e))?,
            channel: self.channel.parse().map_err(|e| corrupt("channel", &e))?,
            origin: self.origin.parse().map_err(|e| corrupt("origin", &e))?,
            language: self.language,
            lifecycle: serde_json::from_str(&self.lifecycle).map_err(|e| corrupt("lifecycle", &e))?,
            stream_version: self.stream_version,
            category: self.category.map(|c| c.parse()).transpose().map_err(|e| corrupt("category", &e))?,
            severity: self.severity.map(|s| s.parse()).transpose().map_err(|e| corrupt("severity", &e))?,
            urgent: self.urgent,
            label: self.label,
            received_at: self.received_at.to_jiff(),
            submitted_at: self.submitted_at.map(SqlTime::to_jiff),
            registered_at: self.registered_at.to_jiff(),
            acknowledge_by: self.acknowledge_by.to_jiff(),
        })
    }
}
