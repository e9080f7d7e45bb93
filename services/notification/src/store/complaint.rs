//! What letters tell of complaints, with their respondents and keys.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{Category, Channel, ComplaintId, PartyKind, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column, readable};
use crate::domain::locale::Locale;
use crate::error::Error;

/// A complaint as letters know it.
#[derive(Debug, Clone)]
pub struct Complaint {
    /// The tenant.
    pub tenant: TenantId,
    /// Its id.
    pub id: ComplaintId,
    /// Its number for people.
    pub complaint_no: String,
    /// Subject of the token that submitted it.
    pub submitted_by: String,
    /// Keyed hash of the complainant; empty if unknown.
    pub complainant_index: Vec<u8>,
    /// What the complainant is.
    pub complainant_kind: PartyKind,
    /// The channel.
    pub channel: Channel,
    /// The complainant's language, if letters are written in it.
    pub locale: Option<Locale>,
    /// What was bought; empty if not told.
    pub product: String,
    /// The live room; empty if there was none.
    pub live_room: String,
    /// When the order was placed, if told.
    pub ordered_at: Option<Timestamp>,
    /// The moment of the live session that is complained of, if told.
    pub live_at: Option<Timestamp>,
    /// The amount asked for; empty if not told.
    pub claimed: String,
    /// Codes of what is asked for.
    pub remedies: Vec<String>,
    /// The category, once a review has begun.
    pub category: Option<Category>,
    /// Whether it is urgent.
    pub urgent: bool,
    /// When it was received.
    pub received_at: Timestamp,
    /// Name, reference and contacts of the complainant, sealed.
    pub sealed: Option<Vec<u8>>,
    /// Version of its last event on the notices topic.
    pub stream_version: i64,
    /// The respondents, in their order: kind and reference.
    pub respondents: Vec<(PartyKind, String)>,
}

type Id = (TenantId, ComplaintId);

/// Writes complaints that are not there yet, with respondents and keys; `wrapped` has the key of each.
pub async fn insert(
    conn: &mut PgConnection,
    complaints: &[Complaint],
    wrapped: &[Vec<u8>],
) -> Result<(), Error> {
    if complaints.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO complaint (tenant, complaint_id, complaint_no, submitted_by, complainant_index, complainant_kind,
                                channel, locale, product, live_room, ordered_at, live_at, claimed, remedies, received_at,
                                sealed)
         SELECT tenant, complaint_id, complaint_no, submitted_by, complainant_index, complainant_kind, channel, locale,
                product, live_room, ordered_at, live_at, claimed, string_to_array(remedies, E'\\n'), received_at, sealed
         FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::text[], $11::text[], $12::timestamptz[], $13::bytea[], $14::timestamptz[],
                     $15::timestamptz[], $16::text[])
              AS new (tenant, complaint_id, complaint_no, submitted_by, complainant_index, complainant_kind, channel,
                      locale, product, live_room, remedies, received_at, sealed, ordered_at, live_at, claimed)
         ON CONFLICT DO NOTHING",
    )
    .bind(column(complaints, |c| c.tenant.as_str()))
    .bind(column(complaints, |c| *c.id.as_uuid()))
    .bind(column(complaints, |c| c.complaint_no.as_str()))
    .bind(column(complaints, |c| c.submitted_by.as_str()))
    .bind(column(complaints, |c| c.complainant_index.as_slice()))
    .bind(column(complaints, |c| c.complainant_kind.code()))
    .bind(column(complaints, |c| c.channel.code()))
    .bind(column(complaints, |c| c.locale.map(Locale::code)))
    .bind(column(complaints, |c| c.product.as_str()))
    .bind(column(complaints, |c| c.live_room.as_str()))
    .bind(column(complaints, |c| c.remedies.join("\n")))
    .bind(column(complaints, |c| c.received_at.to_sqlx()))
    .bind(column(complaints, |c| c.sealed.as_deref()))
    .bind(column(complaints, |c| c.ordered_at.map(ToSqlx::to_sqlx)))
    .bind(column(complaints, |c| c.live_at.map(ToSqlx::to_sqlx)))
    .bind(column(complaints, |c| c.claimed.as_str()))
    .execute(&mut *conn)
    .await?;
    insert_parties(conn, complaints).await?;
    sqlx::query(
        "INSERT INTO subject_key (tenant, complaint_id, wrapped_key)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::bytea[]) ON CONFLICT DO NOTHING",
    )
    .bind(column(complaints, |c| c.tenant.as_str()))
    .bind(column(complaints, |c| *c.id.as_uuid()))
    .bind(wrapped)
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_parties(conn: &mut PgConnection, complaints: &[Complaint]) -> Result<(), Error> {
    let parties: Vec<(&Complaint, i16, &(PartyKind, String))> = complaints
        .iter()
        .flat_map(|c| (1_i16..).zip(&c.respondents).map(move |(ordinal, party)| (c, ordinal, party)))
        .collect();
    if parties.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO party (tenant, complaint_id, ordinal, kind, external_ref)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::smallint[], $4::text[], $5::text[])
         ON CONFLICT DO NOTHING",
    )
    .bind(column(&parties, |(c, ..)| c.tenant.as_str()))
    .bind(column(&parties, |(c, ..)| *c.id.as_uuid()))
    .bind(column(&parties, |(_, ordinal, _)| *ordinal))
    .bind(column(&parties, |(.., party)| party.0.code()))
    .bind(column(&parties, |(.., party)| party.1.as_str()))
    .execute(conn)
    .await?;
    Ok(())
}

/// Waits for whoever is writing these complaints down just now, if anybody is: a place is taken and given back. Without
/// it a registration and what another topic tells of it could pass each other, each before the other is visible.
pub async fn await_registration(conn: &mut PgConnection, ids: &[Id]) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let (tenants, complaints) =
        (column(ids, |(tenant, _)| tenant.as_str()), column(ids, |(_, id)| *id.as_uuid()));
    let taken: Vec<(String, Uuid)> = sqlx::query_as(
        "INSERT INTO complaint (tenant, complaint_id, complaint_no, submitted_by, complainant_index, complainant_kind,
                                channel, product, live_room, remedies, received_at)
         SELECT tenant, complaint_id, '', '', ''::bytea, '', '', '', '', '{}'::text[], '-infinity'::timestamptz
         FROM unnest($1::text[], $2::uuid[]) AS new (tenant, complaint_id) ORDER BY tenant, complaint_id
         ON CONFLICT DO NOTHING
         RETURNING tenant, complaint_id",
    )
    .bind(tenants)
    .bind(complaints)
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query(
        "DELETE FROM complaint WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))",
    )
    .bind(column(&taken, |(tenant, _)| tenant.as_str()))
    .bind(column(&taken, |(_, id)| *id))
    .execute(conn)
    .await?;
    Ok(())
}

/// Reads complaints and keeps others from changing them until the transaction ends; in one order, for all who lock.
pub async fn lock_all(conn: &mut PgConnection, ids: &[Id]) -> Result<Vec<Complaint>, Error> {
    read(conn, ids, true).await?.into_iter().collect()
}

/// Reads a complaint.
pub async fn find(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
) -> Result<Option<Complaint>, Error> {
    read(conn, &[(tenant.clone(), id)], false).await?.pop().transpose()
}

/// Reads complaints, without locking them; one that does not read, which a newer version may have written, is logged and
/// left out.
pub async fn find_readable(conn: &mut PgConnection, ids: &[Id]) -> Result<Vec<Complaint>, Error> {
    Ok(read(conn, ids, false).await?.into_iter().filter_map(readable).collect())
}

const FIND: &str =
    "SELECT tenant, complaint_id, complaint_no, submitted_by, complainant_index, complainant_kind, channel, locale,
            product, live_room, ordered_at, live_at, claimed, remedies, category, urgent, received_at, sealed, stream_version
     FROM complaint WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
     ORDER BY tenant, complaint_id";
const LOCK: &str =
    "SELECT tenant, complaint_id, complaint_no, submitted_by, complainant_index, complainant_kind, channel, locale,
            product, live_room, ordered_at, live_at, claimed, remedies, category, urgent, received_at, sealed, stream_version
     FROM complaint WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
     ORDER BY tenant, complaint_id FOR UPDATE";

async fn read(
    conn: &mut PgConnection,
    ids: &[Id],
    lock: bool,
) -> Result<Vec<Result<Complaint, Error>>, Error> {
    let rows: Vec<Row> = sqlx::query_as(if lock { LOCK } else { FIND })
        .bind(column(ids, |(tenant, _)| tenant.as_str()))
        .bind(column(ids, |(_, id)| *id.as_uuid()))
        .fetch_all(&mut *conn)
        .await?;
    let parties: Vec<(String, Uuid, String, String)> = sqlx::query_as(
        "SELECT tenant, complaint_id, kind, external_ref FROM party
         WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
         ORDER BY tenant, complaint_id, ordinal",
    )
    .bind(column(&rows, |row| row.tenant.as_str()))
    .bind(column(&rows, |row| row.complaint_id))
    .fetch_all(conn)
    .await?;
    let mut respondents: HashMap<(String, Uuid), Vec<(String, String)>> = HashMap::new();
    for (tenant, id, kind, reference) in parties {
        respondents.entry((tenant, id)).or_default().push((kind, reference));
    }
    let read = rows.into_iter().map(|row| {
        let own = respondents.remove(&(row.tenant.clone(), row.complaint_id)).unwrap_or_default();
        row.read(own)
    });
    Ok(read.collect())
}

/// Saves what moves of locked complaints: category, urgency, version.
pub async fn save(conn: &mut PgConnection, complaints: &[&Complaint]) -> Result<(), Error> {
    if complaints.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE complaint SET category = new.category, urgent = new.urgent, stream_version = new.stream_version
         FROM unnest($1::text[], $2::uuid[], $3::text[], $4::boolean[], $5::bigint[])
              AS new (tenant, complaint_id, category, urgent, stream_version)
         WHERE complaint.tenant = new.tenant AND complaint.complaint_id = new.complaint_id",
    )
    .bind(column(complaints, |c| c.tenant.as_str()))
    .bind(column(complaints, |c| *c.id.as_uuid()))
    .bind(column(complaints, |c| c.category.map(Category::code)))
    .bind(column(complaints, |c| c.urgent))
    .bind(column(complaints, |c| c.stream_version))
    .execute(conn)
    .await?;
    Ok(())
}

/// The wrapped data keys of complaints; absent where the subject was erased.
pub async fn keys(conn: &mut PgConnection, ids: &[Id]) -> Result<HashMap<(String, Uuid), Vec<u8>>, Error> {
    let rows: Vec<(String, Uuid, Vec<u8>)> = sqlx::query_as(
        "SELECT tenant, complaint_id, wrapped_key FROM subject_key
         WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))",
    )
    .bind(column(ids, |(tenant, _)| tenant.as_str()))
    .bind(column(ids, |(_, id)| *id.as_uuid()))
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(tenant, id, key)| ((tenant, id), key)).collect())
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant: String,
    complaint_id: Uuid,
    complaint_no: String,
    submitted_by: String,
    complainant_index: Vec<u8>,
    complainant_kind: String,
    channel: String,
    locale: Option<String>,
    product: String,
    live_room: String,
    ordered_at: Option<SqlTime>,
    live_at: Option<SqlTime>,
    claimed: String,
    remedies: Vec<String>,
    category: Option<String>,
    urgent: bool,
    received_at: SqlTime,
    sealed: Option<Vec<u8>>,
    stream_version: i64,
}

impl Row {
    fn read(self, respondents: Vec<(String, String)>) -> Result<Complaint, Error> {
        let id = self.complaint_id;
        let respondents = respondents.into_iter().map(|(kind, reference)| {
            Ok::<_, Error>((kind.parse().map_err(|e| Corrupt::new("party", "kind", id, e))?, reference))
        });
        let respondents = respondents.collect::<Result<_, _>>()?;
        let corrupt = |column, cause: &dyn std::fmt::Display| Corrupt::new("complaint", column, id, cause);
        Ok(Complaint {
            tenant: self.tenant.parse().map_err(|e| corrupt("tenant", &e))?,
            id: ComplaintId::from_uuid(id),
            complaint_no: self.complaint_no,
            submitted_by: self.submitted_by,
            complainant_index: self.complainant_index,
            complainant_kind: self.complainant_kind.parse().map_err(|e| corrupt("complainant_kind", &e))?,
            channel: self.channel.parse().map_err(|e| corrupt("channel", &e))?,
            locale: self.locale.map(|l| l.parse()).transpose().map_err(|e| corrupt("locale", &e))?,
            product: self.product,
            live_room: self.live_room,
            ordered_at: self.ordered_at.map(SqlTime::to_jiff),
            live_at: self.live_at.map(SqlTime::to_jiff),
            claimed: self.claimed,
            remedies: self.remedies,
            category: self.category.map(|c| c.parse()).transpose().map_err(|e| corrupt("category", &e))?,
            urgent: self.urgent,
            received_at: self.received_at.to_jiff(),
            sealed: self.sealed,
            stream_version: self.stream_version,
            respondents,
        })
    }
}
