//! What is kept of a complaint: the aggregate of the assessments topic.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{Category, Severity, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{column, signed};
use crate::domain::incident::{RateKey, Subjects};
use crate::error::Error;

/// A complaint that was assessed for the first time.
#[derive(Debug)]
pub struct NewComplaint {
    /// The tenant.
    pub tenant: TenantId,
    /// Its id.
    pub id: Uuid,
    /// When it was received.
    pub received_at: Timestamp,
    /// Keyed hash of the complainant; empty if unknown.
    pub complainant_index: Vec<u8>,
    /// The order; empty if none was named.
    pub order_no: String,
    /// Whom and what it names.
    pub subjects: Subjects,
    /// Similarity hash of the text.
    pub text_hash: Option<u64>,
    /// The lexicon's terms that the rules saw.
    pub terms: Vec<String>,
    /// The labels.
    pub labels: Labels,
    /// Version of the last of its events.
    pub stream_version: i64,
}

/// The labels by which complaints are queued and counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// The category.
    pub category: Category,
    /// The sub-category; empty if none was found.
    pub sub_category: String,
    /// The severity.
    pub severity: Severity,
    /// The language's tag.
    pub language: String,
    /// Whether it goes before others.
    pub urgent: bool,
}

/// Writes complaints that were assessed for the first time.
pub async fn insert(conn: &mut PgConnection, new: &[NewComplaint]) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO complaint (tenant, complaint_id, received_at, complainant_index, order_no, live_room, anchor, sku,
                                merchant, carrier, text_hash, category, sub_category, severity, language, urgent,
                                stream_version, terms, assessments)
         SELECT tenant, id, received_at, complainant, order_no, live_room, anchor, sku, merchant, carrier, text_hash,
                category, sub_category, severity, language, urgent, version, string_to_array(terms, E'\n'), 1
         FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::bytea[], $5::text[], $6::text[], $7::text[],
                     $8::text[], $9::text[], $10::text[], $11::bigint[], $12::text[], $13::text[], $14::text[],
                     $15::text[], $16::boolean[], $17::bigint[], $18::text[])
              AS new (tenant, id, received_at, complainant, order_no, live_room, anchor, sku, merchant, carrier,
                      text_hash, category, sub_category, severity, language, urgent, version, terms)",
    )
    .bind(column(new, |c| c.tenant.as_str()))
    .bind(column(new, |c| c.id))
    .bind(column(new, |c| c.received_at.to_sqlx()))
    .bind(column(new, |c| c.complainant_index.as_slice()))
    .bind(column(new, |c| c.order_no.as_str()))
    .bind(column(new, |c| c.subjects.live_room.as_str()))
    .bind(column(new, |c| c.subjects.anchor.as_str()))
    .bind(column(new, |c| c.subjects.sku.as_str()))
    .bind(column(new, |c| c.subjects.merchant.as_str()))
    .bind(column(new, |c| c.subjects.carrier.as_str()))
    .bind(column(new, |c| c.text_hash.map(signed)))
    .bind(column(new, |c| c.labels.category.code()))
    .bind(column(new, |c| c.labels.sub_category.as_str()))
    .bind(column(new, |c| c.labels.severity.code()))
    .bind(column(new, |c| c.labels.language.as_str()))
    .bind(column(new, |c| c.labels.urgent))
    .bind(column(new, |c| c.stream_version))
    // Arrays of arrays must be rectangular, so the terms of a row travel as lines.
    .bind(column(new, |c| c.terms.join("\n")))
    .execute(conn)
    .await?;
    Ok(())
}

/// Which of `ids` are here.
pub async fn known(
    conn: &mut PgConnection,
    ids: &[(TenantId, Uuid)],
) -> Result<HashSet<(String, Uuid)>, Error> {
    let rows: Vec<(String, Uuid)> = sqlx::query_as(
        "SELECT tenant, complaint_id FROM complaint
         WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))",
    )
    .bind(column(ids, |(tenant, _)| tenant.as_str()))
    .bind(column(ids, |(_, id)| *id))
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().collect())
}

/// A complaint of a window.
#[derive(Debug)]
pub struct OfWindow {
    /// Its id.
    pub id: Uuid,
    /// When it was received.
    pub received_at: Timestamp,
    /// The lexicon's terms that the rules saw.
    pub terms: Vec<String>,
    /// Whom and what it names.
    pub subjects: Subjects,
}

/// Which complaints of a window are known by their ids.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// They belong to it whatever their labels have become.
    pub ids: &'a [Uuid],
    /// Whether these are all: then nothing else is read. The index goes by matter and not by subject, so the window of a
    /// quiet subject would otherwise cost as much as everything that others draw about the same matter.
    pub all: bool,
}

/// The complaints about a subject and a matter that were received from `from` until before `until` and are in no incident,
/// oldest first; those of `later` do not belong to them.
pub async fn window(
    conn: &mut PgConnection,
    key: &RateKey,
    (from, until): (Timestamp, Timestamp),
    known: Known<'_>,
    later: &[Uuid],
) -> Result<Vec<OfWindow>, Error> {
    let rows: Vec<WindowRow> = sqlx::query_as(
        "SELECT complaint_id, received_at, terms, live_room, anchor, sku, merchant, carrier
         FROM complaint AS c
         WHERE tenant = $1
               AND (complaint_id = ANY ($7)
                    -- Planned for its values: what is false here is not looked for.
                    OR NOT $10 AND category = $2 AND sub_category = $3 AND received_at >= $5 AND received_at < $6
                       AND CASE $9 WHEN 'live_room' THEN live_room WHEN 'anchor' THEN anchor WHEN 'sku' THEN sku
                                   WHEN 'merchant' THEN merchant WHEN 'carrier' THEN carrier END = $4)
               AND complaint_id <> ALL ($8)
               AND NOT EXISTS (SELECT FROM incident_member AS m
                               WHERE m.tenant = c.tenant AND m.complaint_id = c.complaint_id)
         ORDER BY received_at, complaint_id",
    )
    .bind(key.tenant.as_str())
    .bind(key.category.code())
    .bind(&key.sub_category)
    .bind(&key.subject)
    .bind(from.to_sqlx())
    .bind(until.to_sqlx())
    .bind(known.ids)
    .bind(later)
    .bind(key.dimension.code())
    .bind(known.all)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(WindowRow::read).collect())
}

#[derive(sqlx::FromRow)]
struct WindowRow {
    complaint_id: Uuid,
    received_at: SqlTime,
    terms: Vec<String>,
    live_room: String,
    anchor: String,
    sku: String,
    merchant: String,
    carrier: String,
}

impl WindowRow {
    fn read(self) -> OfWindow {
        OfWindow {
            id: self.complaint_id,
            received_at: self.received_at.to_jiff(),
            terms: self.terms,
            subjects: Subjects {
                live_room: self.live_room,
                anchor: self.anchor,
                sku: self.sku,
                merchant: self.merchant,
                carrier: self.carrier,
            },
        }
    }
}

/// Locks a complaint and gives how many assessments it has and the version of its last event.
pub async fn lock(conn: &mut PgConnection, tenant: &TenantId, id: Uuid) -> Result<Option<(i32, i64)>, Error> {
    Ok(sqlx::query_as(
        "SELECT assessments, stream_version FROM complaint WHERE tenant = $1 AND complaint_id = $2 FOR UPDATE",
    )
    .bind(tenant.as_str())
    .bind(id)
    .fetch_optional(conn)
    .await?)
}

/// Locks complaints, given in the order of their ids, and gives the version of the last event of each.
pub async fn lock_all(
    conn: &mut PgConnection,
    tenant: &TenantId,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, i64)>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as(
        "SELECT complaint_id, stream_version FROM complaint
         WHERE tenant = $1 AND complaint_id = ANY ($2) ORDER BY complaint_id FOR UPDATE",
    )
    .bind(tenant.as_str())
    .bind(ids)
    .fetch_all(conn)
    .await?)
}

/// Moves the topic's versions of complaints that are locked.
pub async fn move_versions(
    conn: &mut PgConnection,
    tenant: &TenantId,
    to: &[(Uuid, i64)],
) -> Result<(), Error> {
    if to.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE complaint c SET stream_version = new.version
         FROM unnest($2::uuid[], $3::bigint[]) AS new (id, version)
         WHERE c.tenant = $1 AND c.complaint_id = new.id",
    )
    .bind(tenant.as_str())
    .bind(column(to, |(id, _)| *id))
    .bind(column(to, |(_, version)| *version))
    .execute(conn)
    .await?;
    Ok(())
}

/// Moves the topic's version of a complaint that is locked.
pub async fn move_version(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: Uuid,
    version: i64,
) -> Result<(), Error> {
    sqlx::query("UPDATE complaint SET stream_version = $3 WHERE tenant = $1 AND complaint_id = $2")
        .bind(tenant.as_str())
        .bind(id)
        .bind(version)
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that complaints that are locked have another assessment, which leaves their labels: id, its ordinal, and the
/// version of the last event.
pub async fn reassessed(
    conn: &mut PgConnection,
    tenant: &TenantId,
    to: &[(Uuid, i32, i64)],
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE complaint c SET assessments = new.ordinal, stream_version = new.version
         FROM unnest($2::uuid[], $3::integer[], $4::bigint[]) AS new (id, ordinal, version)
         WHERE c.tenant = $1 AND c.complaint_id = new.id",
    )
    .bind(tenant.as_str())
    .bind(column(to, |(id, ..)| *id))
    .bind(column(to, |(_, ordinal, _)| *ordinal))
    .bind(column(to, |(.., version)| *version))
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts the labels of a new assessment, the `ordinal`th, in the place of those before.
pub async fn relabel(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: Uuid,
    labels: &Labels,
    ordinal: i32,
    version: i64,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE complaint SET category = $3, sub_category = $4, severity = $5, language = $6, urgent = $7,
                              assessments = $8, stream_version = $9
         WHERE tenant = $1 AND complaint_id = $2",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(labels.category.code())
    .bind(&labels.sub_category)
    .bind(labels.severity.code())
    .bind(&labels.language)
    .bind(labels.urgent)
    .bind(ordinal)
    .bind(version)
    .execute(conn)
    .await?;
    Ok(())
}
