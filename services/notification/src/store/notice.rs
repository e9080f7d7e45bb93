//! Notices without their letters.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{ComplaintId, PartyKind, TenantId};
use redress_runtime::page::After;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column, readable};
use crate::domain::content::Delay;
use crate::domain::delivery::NoticeState;
use crate::domain::kind::{NoticeKind, Role};
use crate::domain::locale::Locale;
use crate::domain::part::Part;
use crate::error::Error;

/// To whom a notice goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// In which role.
    pub role: Role,
    /// What the party is.
    pub kind: PartyKind,
    /// The platform's reference of a respondent; empty for complainants.
    pub reference: String,
}

/// The content of a notice as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Fields {
    /// Made from events: nothing personal. JSON.
    Public(String),
    /// Given by a caller, sealed.
    Sealed(Vec<u8>),
}

/// What caused a notice, for the events about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// The event.
    pub causation: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// W3C trace state.
    pub tracestate: Option<String>,
}

/// A notice.
#[derive(Clone)]
pub struct Notice {
    /// The tenant.
    pub tenant: TenantId,
    /// Its id.
    pub id: Uuid,
    /// The complaint.
    pub complaint: ComplaintId,
    /// The kind.
    pub kind: NoticeKind,
    /// To whom.
    pub addressee: Addressee,
    /// Where it stands.
    pub state: NoticeState,
    /// The language.
    pub locale: Locale,
    /// Whether it does not wait for the morning.
    pub urgent: bool,
    /// The content.
    pub fields: Fields,
    /// What it tells of a delay, if that is its kind.
    pub delay: Option<Delay>,
    /// Fields that came sealed with the event, and are opened when the letter is written.
    pub parts: Vec<Part>,
    /// Template and version, once the letter is written.
    pub template: Option<String>,
    /// Hash of the letter, once it is written.
    pub content_sha256: Option<Vec<u8>>,
    /// The stations it has gone through; the one that took it last is the last.
    pub stations: Vec<String>,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// Not before, because of the night.
    pub not_before: Timestamp,
    /// What caused it.
    pub cause: Cause,
}

/// Writes notices that are not there yet; returns the ids of those that were not.
pub async fn insert(conn: &mut PgConnection, notices: &[Notice]) -> Result<HashSet<Uuid>, Error> {
    if notices.is_empty() {
        return Ok(HashSet::new());
    }
    let public = |n: &'_ Notice| match &n.fields {
        Fields::Public(json) => Some(json.clone()),
        Fields::Sealed(_) => None,
    };
    let sealed = |n: &'_ Notice| match &n.fields {
        Fields::Public(_) => None,
        Fields::Sealed(bytes) => Some(bytes.clone()),
    };
    let parts =
        |n: &'_ Notice| (!n.parts.is_empty()).then(|| serde_json::to_string(&n.parts).unwrap_or_default());
    let new: Vec<Uuid> = sqlx::query_scalar(
        "INSERT INTO notice (tenant, notice_id, complaint_id, kind, role, party_kind, party_ref, state, locale, urgent,
                             fields, sealed_fields, queued_at, not_before, causation, traceparent, tracestate, parts,
                             delayed_clock, new_due_at)
         SELECT tenant, notice_id, complaint_id, kind, role, party_kind, party_ref, state, locale, urgent,
                fields::json, sealed_fields, queued_at, not_before, causation, traceparent, tracestate, parts::json,
                delayed_clock, new_due_at
         FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::boolean[], $11::text[], $12::bytea[], $13::timestamptz[], $14::timestamptz[],
                     $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::timestamptz[])
              AS new (tenant, notice_id, complaint_id, kind, role, party_kind, party_ref, state, locale, urgent,
                      fields, sealed_fields, queued_at, not_before, causation, traceparent, tracestate, parts,
                      delayed_clock, new_due_at)
         ON CONFLICT DO NOTHING
         RETURNING notice_id",
    )
    .bind(column(notices, |n| n.tenant.as_str()))
    .bind(column(notices, |n| n.id))
    .bind(column(notices, |n| *n.complaint.as_uuid()))
    .bind(column(notices, |n| n.kind.code()))
    .bind(column(notices, |n| n.addressee.role.code()))
    .bind(column(notices, |n| n.addressee.kind.code()))
    .bind(column(notices, |n| n.addressee.reference.as_str()))
    .bind(column(notices, |n| n.state.code()))
    .bind(column(notices, |n| n.locale.code()))
    .bind(column(notices, |n| n.urgent))
    .bind(column(notices, public))
    .bind(column(notices, sealed))
    .bind(column(notices, |n| n.queued_at.to_sqlx()))
    .bind(column(notices, |n| n.not_before.to_sqlx()))
    .bind(column(notices, |n| n.cause.causation.as_deref()))
    .bind(column(notices, |n| n.cause.traceparent.as_deref()))
    .bind(column(notices, |n| n.cause.tracestate.as_deref()))
    .bind(column(notices, parts))
    .bind(column(notices, |n| n.delay.as_ref().map(|delay| delay.clock.as_str())))
    .bind(column(notices, |n| n.delay.as_ref().map(|delay| delay.new_due_at.to_sqlx())))
    .fetch_all(conn)
    .await?;
    Ok(new.into_iter().collect())
}

macro_rules! columns {
    () => {
        "tenant, notice_id, complaint_id, kind, role, party_kind, party_ref, state, locale, urgent,
         fields::text AS fields, sealed_fields, template, content_sha256, stations, queued_at, not_before,
         causation, traceparent, tracestate, parts::text AS parts, delayed_clock, new_due_at"
    };
}

/// Reads a notice.
pub async fn find(conn: &mut PgConnection, tenant: &TenantId, id: Uuid) -> Result<Option<Notice>, Error> {
    Ok(find_all(conn, &[(tenant.clone(), id)]).await?.pop())
}

/// Reads notices.
pub async fn find_all(conn: &mut PgConnection, ids: &[(TenantId, Uuid)]) -> Result<Vec<Notice>, Error> {
    rows(conn, ids).await?.into_iter().map(Row::read).collect()
}

/// Reads notices; one that does not read, which a newer version may have written, is logged and left out.
pub async fn find_readable(conn: &mut PgConnection, ids: &[(TenantId, Uuid)]) -> Result<Vec<Notice>, Error> {
    Ok(rows(conn, ids).await?.into_iter().filter_map(|row| readable(row.read())).collect())
}

async fn rows(conn: &mut PgConnection, ids: &[(TenantId, Uuid)]) -> Result<Vec<Row>, Error> {
    Ok(sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM notice WHERE (tenant, notice_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))"
    ))
    .bind(column(ids, |(tenant, _)| tenant.as_str()))
    .bind(column(ids, |(_, id)| *id))
    .fetch_all(conn)
    .await?)
}

/// Whose notices of a complaint a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's.
    All,
    /// The complainant's.
    Complainant,
    /// Those to the respondent of this reference.
    Respondent(String),
}

/// A page of a complaint's notices, newest first.
pub async fn page(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: ComplaintId,
    whose: &Whose,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Notice>, Error> {
    let (role, reference) = match whose {
        Whose::All => (None, None),
        Whose::Complainant => (Some(Role::Complainant), None),
        Whose::Respondent(reference) => (Some(Role::Respondent), Some(reference.as_str())),
    };
    let rows: Vec<Row> = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM notice
          WHERE tenant = $1 AND complaint_id = $2 AND ($3::text IS NULL OR role = $3)
                AND ($4::text IS NULL OR party_ref = $4)
                AND ($5::timestamptz IS NULL OR (queued_at, notice_id) < ($5, $6))
          ORDER BY queued_at DESC, notice_id DESC LIMIT $7"
    ))
    .bind(tenant.as_str())
    .bind(complaint.as_uuid())
    .bind(role.map(Role::code))
    .bind(reference)
    .bind(after.map(|after| after.at.to_sqlx()))
    .bind(after.map(|after| after.id))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// A notice that moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The tenant.
    pub tenant: TenantId,
    /// The notice.
    pub id: Uuid,
    /// Where it stands now.
    pub state: NoticeState,
    /// The stations it has gone through, if one took it just now.
    pub stations: Option<Vec<String>>,
}

/// Moves notices whose complaints are locked.
pub async fn advance(conn: &mut PgConnection, moved: &[Moved]) -> Result<(), Error> {
    if moved.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE notice SET state = new.state,
                           stations = coalesce(string_to_array(new.stations, ' '), notice.stations)
         FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[]) AS new (tenant, notice_id, state, stations)
         WHERE notice.tenant = new.tenant AND notice.notice_id = new.notice_id",
    )
    .bind(column(moved, |m| m.tenant.as_str()))
    .bind(column(moved, |m| m.id))
    .bind(column(moved, |m| m.state.code()))
    .bind(column(moved, |m| m.stations.as_ref().map(|stations| stations.join(" "))))
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant: String,
    notice_id: Uuid,
    complaint_id: Uuid,
    kind: String,
    role: String,
    party_kind: String,
    party_ref: String,
    state: String,
    locale: String,
    urgent: bool,
    fields: Option<String>,
    sealed_fields: Option<Vec<u8>>,
    template: Option<String>,
    content_sha256: Option<Vec<u8>>,
    stations: Vec<String>,
    queued_at: SqlTime,
    not_before: SqlTime,
    causation: Option<String>,
    traceparent: Option<String>,
    tracestate: Option<String>,
    parts: Option<String>,
    delayed_clock: Option<String>,
    new_due_at: Option<SqlTime>,
}

impl Row {
    fn read(self) -> Result<Notice, Error> {
        let id = self.notice_id;
        let corrupt = |column, cause: &dyn std::fmt::Display| Corrupt::new("notice", column, id, cause);
        let fields = match (self.fields, self.sealed_fields) {
            (Some(json), _) => Fields::Public(json),
            (None, sealed) => Fields::Sealed(sealed.unwrap_or_default()),
        };
        let parts = self.parts.as_deref().map(serde_json::from_str).transpose();
        Ok(Notice {
            parts: parts.map_err(|_| corrupt("parts", &"no list of sealed fields"))?.unwrap_or_default(),
            tenant: self.tenant.parse().map_err(|e| corrupt("tenant", &e))?,
            id,
            complaint: ComplaintId::from_uuid(self.complaint_id),
            kind: self.kind.parse().map_err(|e| corrupt("kind", &e))?,
            addressee: Addressee {
                role: self.role.parse().map_err(|e| corrupt("role", &e))?,
                kind: self.party_kind.parse().map_err(|e| corrupt("party_kind", &e))?,
                reference: self.party_ref,
            },
            state: self.state.parse().map_err(|e| corrupt("state", &e))?,
            locale: self.locale.parse().map_err(|e| corrupt("locale", &e))?,
            urgent: self.urgent,
            fields,
            delay: self
                .new_due_at
                .map(|at| Delay { clock: self.delayed_clock.unwrap_or_default(), new_due_at: at.to_jiff() }),
            template: self.template,
            content_sha256: self.content_sha256,
            stations: self.stations,
            queued_at: self.queued_at.to_jiff(),
            not_before: self.not_before.to_jiff(),
            cause: Cause {
                causation: self.causation,
                traceparent: self.traceparent,
                tracestate: self.tracestate,
            },
        })
    }
}
