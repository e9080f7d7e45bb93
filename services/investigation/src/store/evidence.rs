//! Pieces of evidence, files on their way, and files that were refused.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stored, ToSqlx};
use redress_domain::TenantId;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, read};
use crate::domain::evidence::{EvidenceType, MediaType, Provider, chain};
use crate::error::Error;
use crate::objects::Where;

const TABLE: &str = "evidence";

/// A piece of evidence as kept.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Its id.
    pub id: Uuid,
    /// What it is.
    pub kind: EvidenceType,
    /// Where it comes from.
    pub provider: Provider,
    /// Which of several respondents brought it; empty for others.
    pub provider_ref: String,
    /// Under whose token it came.
    pub brought_by: String,
    /// The system it was taken from; empty for what people sent.
    pub source_system: String,
    /// Its form.
    pub media: MediaType,
    /// Bytes.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// The file's name, sealed.
    pub file_name: Vec<u8>,
    /// Its provider's words, sealed.
    pub description: Vec<u8>,
    /// When it was made or taken.
    pub obtained_at: Option<Timestamp>,
    /// When it was received whole.
    pub received_at: Timestamp,
    /// The request it answers.
    pub request: Option<Uuid>,
    /// In which place it lies.
    pub place: Where,
    /// Under which key.
    pub key: String,
    /// Its link.
    pub seq: u64,
}

impl Evidence {
    /// As the chain names it.
    pub fn linked(&self) -> chain::Item {
        chain::Item {
            evidence_id: self.id,
            kind: self.kind,
            media_type: self.media,
            size: self.size,
            sha256: hex::encode(self.sha256),
            provider: self.provider,
            source_system: self.source_system.clone(),
            obtained_at: self.obtained_at,
        }
    }
}

#[derive(Debug, FromRow)]
struct Row {
    evidence_id: Uuid,
    r#type: String,
    provider: String,
    provider_ref: String,
    brought_by: String,
    source_system: String,
    media_type: String,
    size: i64,
    sha256: Vec<u8>,
    file_name: Vec<u8>,
    description: Vec<u8>,
    obtained_at: Option<Stored>,
    received_at: Stored,
    request_id: Option<Uuid>,
    place: String,
    object_key: String,
    seq: i64,
}

impl TryFrom<Row> for Evidence {
    type Error = Corrupt;

    fn try_from(row: Row) -> Result<Self, Corrupt> {
        let id = row.evidence_id;
        let corrupt = |column: &'static str| Corrupt::new(TABLE, column, id, "out of range");
        Ok(Self {
            id,
            kind: read(TABLE, "type", id, &row.r#type)?,
            provider: read(TABLE, "provider", id, &row.provider)?,
            provider_ref: row.provider_ref,
            brought_by: row.brought_by,
            source_system: row.source_system,
            media: read(TABLE, "media_type", id, &row.media_type)?,
            size: row.size.try_into().map_err(|_| corrupt("size"))?,
            sha256: row.sha256.try_into().map_err(|_| corrupt("sha256"))?,
            file_name: row.file_name,
            description: row.description,
            obtained_at: row.obtained_at.map(Stored::to_jiff),
            received_at: row.received_at.to_jiff(),
            request: row.request_id,
            place: read(TABLE, "place", id, &row.place)?,
            key: row.object_key,
            seq: row.seq.try_into().map_err(|_| corrupt("seq"))?,
        })
    }
}

/// The evidence of a complaint, in the order of its chain.
pub async fn of(conn: &mut PgConnection, tenant: &TenantId, complaint: Uuid) -> Result<Vec<Evidence>, Error> {
    let rows: Vec<Row> =
        sqlx::query_as("SELECT * FROM evidence WHERE tenant = $1 AND complaint_id = $2 ORDER BY seq")
            .bind(tenant.as_str())
            .bind(complaint)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(Evidence::try_from).collect::<Result<_, _>>()?)
}

/// One piece.
pub async fn find(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    id: Uuid,
) -> Result<Option<Evidence>, Error> {
    let row: Option<Row> =
        sqlx::query_as("SELECT * FROM evidence WHERE tenant = $1 AND complaint_id = $2 AND evidence_id = $3")
            .bind(tenant.as_str())
            .bind(complaint)
            .bind(id)
            .fetch_optional(conn)
            .await?;
    Ok(row.map(Evidence::try_from).transpose()?)
}

/// How many pieces a side has brought.
pub async fn brought(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    provider: Provider,
    provider_ref: &str,
) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(
        "SELECT count(*) FROM evidence
         WHERE tenant = $1 AND complaint_id = $2 AND provider = $3 AND provider_ref = $4",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(provider.code())
    .bind(provider_ref)
    .fetch_one(conn)
    .await?)
}

/// Keeps a piece.
pub async fn insert(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    new: &Evidence,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO evidence (tenant, complaint_id, evidence_id, type, provider, provider_ref, brought_by, source_system,
                               media_type, size, sha256, file_name, description, obtained_at, received_at, request_id,
                               place, object_key, seq)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(new.id)
    .bind(new.kind.code())
    .bind(new.provider.code())
    .bind(&new.provider_ref)
    .bind(&new.brought_by)
    .bind(&new.source_system)
    .bind(new.media.code())
    .bind(signed(new.size))
    .bind(new.sha256.as_slice())
    .bind(&new.file_name)
    .bind(&new.description)
    .bind(new.obtained_at.map(ToSqlx::to_sqlx))
    .bind(new.received_at.to_sqlx())
    .bind(new.request)
    .bind(new.place.code())
    .bind(&new.key)
    .bind(signed(new.seq))
    .execute(conn)
    .await?;
    Ok(())
}

/// Bytes and links are counted in fewer than 2^63.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A file on its way.
#[derive(Debug, Clone)]
pub struct Pending {
    /// The tenant.
    pub tenant: TenantId,
    /// The id that the piece or copy will have.
    pub id: Uuid,
    /// In which place it will lie.
    pub place: Where,
    /// Under which key.
    pub key: String,
}

/// Announces a file before its first byte is written.
pub async fn announce(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    place: Where,
) -> Result<Pending, Error> {
    let (id, key) = sqlx::query_as(
        "INSERT INTO pending_object (tenant, complaint_id, place) VALUES ($1, $2, $3) RETURNING evidence_id, object_key",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(place.code())
    .fetch_one(conn)
    .await?;
    Ok(Pending { tenant: tenant.clone(), id, place, key })
}

/// The file counts from now on. False if it was taken for removal meanwhile.
pub async fn count(conn: &mut PgConnection, pending: &Pending) -> Result<bool, Error> {
    let sql = "DELETE FROM pending_object WHERE tenant = $1 AND evidence_id = $2 AND swept_at IS NULL";
    let done = sqlx::query(sql).bind(pending.tenant.as_str()).bind(pending.id).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets a file that was removed.
pub async fn forget(conn: &mut PgConnection, pending: &Pending) -> Result<(), Error> {
    let sql = "DELETE FROM pending_object WHERE tenant = $1 AND evidence_id = $2";
    sqlx::query(sql).bind(pending.tenant.as_str()).bind(pending.id).execute(conn).await?;
    Ok(())
}

/// Takes up to `limit` files for removal that were announced more than `older_than_s` ago, by the database's clock; also
/// such as another process took and did not remove.
pub async fn take_left(
    conn: &mut PgConnection,
    older_than_s: f64,
    limit: i64,
) -> Result<Vec<Pending>, Error> {
    let rows: Vec<(String, Uuid, String, String)> = sqlx::query_as(
        "UPDATE pending_object p SET swept_at = now()
         FROM (SELECT tenant, evidence_id FROM pending_object
               WHERE started_at < now() - make_interval(secs => $1)
               ORDER BY started_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS old
         WHERE (p.tenant, p.evidence_id) = (old.tenant, old.evidence_id)
         RETURNING p.tenant, p.evidence_id, p.place, p.object_key",
    )
    .bind(older_than_s)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    let taken = |(tenant, id, place, key): (String, Uuid, String, String)| {
        let table = "pending_object";
        Ok(Pending {
            tenant: read(table, "tenant", id, &tenant)?,
            id,
            place: read(table, "place", id, &place)?,
            key,
        })
    };
    rows.into_iter().map(taken).collect()
}

/// A file that was not taken.
#[derive(Debug, Clone)]
pub struct Refused {
    /// What it was said to be.
    pub kind: EvidenceType,
    /// The media type as said; `?` where it is none.
    pub media_type: String,
    /// Why.
    pub reason: &'static str,
    /// The size as said.
    pub claimed_size: Option<i64>,
    /// The hash as said; empty if none was.
    pub claimed_sha256: String,
    /// Bytes that had come.
    pub received_bytes: u64,
    /// The request it would have answered.
    pub request: Option<Uuid>,
}

/// Keeps that a file was not taken.
pub async fn refuse(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    refused: &Refused,
    subject: &str,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO evidence_refusal (tenant, complaint_id, type, media_type, reason, claimed_size, claimed_sha256,
                                       received_bytes, request_id, refused_for, refused_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(refused.kind.code())
    .bind(&refused.media_type)
    .bind(refused.reason)
    .bind(refused.claimed_size)
    .bind(&refused.claimed_sha256)
    .bind(signed(refused.received_bytes))
    .bind(refused.request)
    .bind(subject)
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}
