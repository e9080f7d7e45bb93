//! What the register writes: whole batches, one statement per table.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::{Channel, ComplaintId, Origin, PartyKind, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column;
use super::submission::Disposition;
use crate::domain::lifecycle::Capacity;
use crate::error::Error;

/// A complaint that does not exist yet.
#[derive(Debug)]
pub struct NewComplaint {
    /// The tenant.
    pub tenant: TenantId,
    /// Its id.
    pub id: ComplaintId,
    /// Its number.
    pub complaint_no: String,
    /// The identifying part of the number.
    pub no_code: String,
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
    /// Code of its state.
    pub state: &'static str,
    /// Its lifecycle as JSON.
    pub lifecycle: String,
    /// Its lifecycle version.
    pub state_version: i32,
    /// Its version on the lifecycle topic.
    pub stream_version: i64,
    /// The live room.
    pub live_room_id: Option<String>,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// When it was sent.
    pub submitted_at: Option<Timestamp>,
    /// Now.
    pub registered_at: Timestamp,
    /// By when receipt is acknowledged.
    pub acknowledge_by: Timestamp,
    /// The respondents, in order.
    pub respondents: Vec<(PartyKind, String)>,
    /// Order and live session as told, as JSON with its SHA-256.
    pub context: Option<(String, [u8; 32])>,
}

/// A submission beside its complaint.
#[derive(Debug)]
pub struct NewSubmission {
    /// The tenant.
    pub tenant: TenantId,
    /// The complaint.
    pub complaint: ComplaintId,
    /// The attempt.
    pub id: Uuid,
    /// What became of it.
    pub disposition: Disposition,
    /// Keyed hash of the body.
    pub fingerprint: Vec<u8>,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// Its public half; none for repetitions.
    pub body: Option<Vec<u8>>,
    /// Its personal fields; none for repetitions.
    pub sealed: Option<Vec<u8>>,
    /// The data key of its own, wrapped; none where there is nothing to open or the complaint's key opens it.
    pub wrapped_key: Option<Vec<u8>>,
}

/// Writes the rows of new complaints, and tells which were not written because another complaint of the tenant has their
/// number already: such a pair is rare, but it is not impossible.
///
/// # Errors
/// A unique violation if somebody else registered one of them meanwhile: read again.
pub async fn insert_complaints(
    conn: &mut PgConnection,
    new: &[&NewComplaint],
) -> Result<HashSet<(TenantId, ComplaintId)>, Error> {
    if new.is_empty() {
        return Ok(HashSet::new());
    }
    let written = sqlx::query(
        "INSERT INTO complaint (tenant, complaint_id, complaint_no, no_code, submitted_by, submitted_as,
                                complainant_index, complainant_kind, channel, origin, language, state, lifecycle, state_version,
                                stream_version, live_room_id, received_at, submitted_at, registered_at, acknowledge_by)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[],
                              $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::json[],
                              $14::integer[], $15::bigint[], $16::text[], $17::timestamptz[], $18::timestamptz[],
                              $19::timestamptz[], $20::timestamptz[])
         ON CONFLICT ON CONSTRAINT complaint_no_code_key DO NOTHING",
    )
    .bind(column(new, |c| c.tenant.as_str()))
    .bind(column(new, |c| *c.id.as_uuid()))
    .bind(column(new, |c| c.complaint_no.as_str()))
    .bind(column(new, |c| c.no_code.as_str()))
    .bind(column(new, |c| c.submitted_by.as_str()))
    .bind(column(new, |c| c.submitted_as.code()))
    .bind(column(new, |c| c.complainant_index.as_slice()))
    .bind(column(new, |c| c.complainant_kind.code()))
    .bind(column(new, |c| c.channel.code()))
    .bind(column(new, |c| c.origin.code()))
    .bind(column(new, |c| c.language.as_deref()))
    .bind(column(new, |c| c.state))
    .bind(column(new, |c| c.lifecycle.as_str()))
    .bind(column(new, |c| c.state_version))
    .bind(column(new, |c| c.stream_version))
    .bind(column(new, |c| c.live_room_id.as_deref()))
    .bind(column(new, |c| c.received_at.to_sqlx()))
    .bind(column(new, |c| c.submitted_at.map(ToSqlx::to_sqlx)))
    .bind(column(new, |c| c.registered_at.to_sqlx()))
    .bind(column(new, |c| c.acknowledge_by.to_sqlx()))
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if usize::try_from(written).is_ok_and(|written| written == new.len()) {
        return Ok(HashSet::new());
    }
    let mut missing: HashSet<_> = new.iter().map(|c| (c.tenant.clone(), c.id)).collect();
    for there in existing(conn, new).await? {
        missing.remove(&there);
    }
    Ok(missing)
}

/// Those of `new` that have a row.
async fn existing(
    conn: &mut PgConnection,
    new: &[&NewComplaint],
) -> Result<Vec<(TenantId, ComplaintId)>, Error> {
    let rows: Vec<(String, Uuid)> = sqlx::query_as(
        "SELECT tenant, complaint_id FROM complaint
         WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))",
    )
    .bind(column(new, |c| c.tenant.as_str()))
    .bind(column(new, |c| *c.id.as_uuid()))
    .fetch_all(conn)
    .await?;
    let read = |(tenant, id): (String, Uuid)| Some((tenant.parse().ok()?, ComplaintId::from_uuid(id)));
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Keeps the number that was told of a complaint which is registered under another, so that it leads there still.
pub async fn share_number(
    conn: &mut PgConnection,
    tenant: &TenantId,
    code: &str,
    complaint: ComplaintId,
) -> Result<(), Error> {
    sqlx::query("INSERT INTO shared_number (tenant, no_code, complaint_id) VALUES ($1, $2, $3)")
        .bind(tenant.as_str())
        .bind(code)
        .bind(complaint.as_uuid())
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes parties and context of new complaints.
pub async fn insert_details(conn: &mut PgConnection, new: &[NewComplaint]) -> Result<(), Error> {
    if new.is_empty() {
        return Ok(());
    }
    insert_parties(conn, new).await?;
    insert_context(conn, new).await
}

async fn insert_parties(conn: &mut PgConnection, new: &[NewComplaint]) -> Result<(), Error> {
    let mut parties: Vec<(&NewComplaint, i16, &str, PartyKind, Option<&str>)> =
        Vec::with_capacity(new.len() * 2);
    for complaint in new {
        parties.push((complaint, 0, "complainant", complaint.complainant_kind, None));
        for (ordinal, (kind, reference)) in (1_i16..).zip(&complaint.respondents) {
            let reference = (!reference.is_empty()).then_some(reference.as_str());
            parties.push((complaint, ordinal, "respondent", *kind, reference));
        }
    }
    sqlx::query(
        "INSERT INTO party SELECT * FROM unnest($1::text[], $2::uuid[], $3::smallint[], $4::text[], $5::text[],
                                                $6::text[])",
    )
    .bind(column(&parties, |p| p.0.tenant.as_str()))
    .bind(column(&parties, |p| *p.0.id.as_uuid()))
    .bind(column(&parties, |p| p.1))
    .bind(column(&parties, |p| p.2))
    .bind(column(&parties, |p| p.3.code()))
    .bind(column(&parties, |p| p.4))
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_context(conn: &mut PgConnection, new: &[NewComplaint]) -> Result<(), Error> {
    let told: Vec<(&NewComplaint, &(String, [u8; 32]))> =
        new.iter().filter_map(|c| c.context.as_ref().map(|context| (c, context))).collect();
    if told.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO context_snapshot
         SELECT tenant, complaint_id, 'submission', captured_at, content, sha256
         FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::json[], $5::bytea[])
              AS new (tenant, complaint_id, captured_at, content, sha256)",
    )
    .bind(column(&told, |(c, _)| c.tenant.as_str()))
    .bind(column(&told, |(c, _)| *c.id.as_uuid()))
    .bind(column(&told, |(c, _)| c.received_at.to_sqlx()))
    .bind(column(&told, |(_, (content, _))| content.as_str()))
    .bind(column(&told, |(_, (_, hash))| hash.as_slice()))
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes submissions, and the keys of those that have one.
pub async fn insert_submissions(conn: &mut PgConnection, new: &[NewSubmission]) -> Result<(), Error> {
    if new.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO submission (tenant, complaint_id, submission_id, disposition, fingerprint, received_at, body,
                                 sealed)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::timestamptz[],
                              $7::bytea[], $8::bytea[])",
    )
    .bind(column(new, |s| s.tenant.as_str()))
    .bind(column(new, |s| *s.complaint.as_uuid()))
    .bind(column(new, |s| s.id))
    .bind(column(new, |s| s.disposition.code()))
    .bind(column(new, |s| s.fingerprint.as_slice()))
    .bind(column(new, |s| s.received_at.to_sqlx()))
    .bind(column(new, |s| s.body.as_deref()))
    .bind(column(new, |s| s.sealed.as_deref()))
    .execute(&mut *conn)
    .await?;
    insert_keys(conn, new).await
}

async fn insert_keys(conn: &mut PgConnection, new: &[NewSubmission]) -> Result<(), Error> {
    let keys: Vec<(&NewSubmission, &[u8])> =
        new.iter().filter_map(|s| s.wrapped_key.as_deref().map(|key| (s, key))).collect();
    if keys.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO subject_key SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::bytea[])",
    )
    .bind(column(&keys, |(s, _)| s.tenant.as_str()))
    .bind(column(&keys, |(s, _)| *s.complaint.as_uuid()))
    .bind(column(&keys, |(s, _)| s.id))
    .bind(column(&keys, |(_, key)| *key))
    .execute(conn)
    .await?;
    Ok(())
}

/// Moves the lifecycle topic's version of complaints whose submissions were repeated or contradicted.
pub async fn move_stream_versions(
    conn: &mut PgConnection,
    versions: &[(TenantId, ComplaintId, i64)],
) -> Result<(), Error> {
    if versions.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE complaint SET stream_version = new.version
         FROM unnest($1::text[], $2::uuid[], $3::bigint[]) AS new (tenant, complaint_id, version)
         WHERE complaint.tenant = new.tenant AND complaint.complaint_id = new.complaint_id",
    )
    .bind(column(versions, |v| v.0.as_str()))
    .bind(column(versions, |v| *v.1.as_uuid()))
    .bind(column(versions, |v| v.2))
    .execute(conn)
    .await?;
    Ok(())
}
