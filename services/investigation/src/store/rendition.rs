//! Copies made for audiences.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stored, ToSqlx};
use redress_domain::TenantId;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::evidence::signed;
use super::{Corrupt, read};
use crate::domain::evidence::{Audience, MediaType, Treatment, chain};
use crate::error::Error;
use crate::objects::Where;

const TABLE: &str = "rendition";

/// A copy as kept.
#[derive(Debug, Clone)]
pub struct Rendition {
    /// Its id.
    pub id: Uuid,
    /// The original.
    pub evidence: Uuid,
    /// For whom.
    pub audience: Audience,
    /// The version of the policy.
    pub policy_version: String,
    /// What was done.
    pub treatment: Treatment,
    /// Why it is withheld; empty if it is not.
    pub withheld_reason: String,
    /// The file; none if it is withheld.
    pub file: Option<Shown>,
    /// Who had it made.
    pub produced_by: String,
    /// When.
    pub produced_at: Timestamp,
    /// Its link.
    pub seq: u64,
}

/// The file of a copy.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its form.
    pub media: MediaType,
    /// Bytes.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// In which place it lies.
    pub place: Where,
    /// Under which key.
    pub key: String,
}

impl Rendition {
    /// As the chain names it.
    pub fn linked(&self) -> chain::Copy {
        chain::Copy {
            rendition_id: self.id,
            audience: self.audience,
            policy_version: self.policy_version.clone(),
            treatment: self.treatment.code().to_owned(),
            sha256: self.file.as_ref().map(|file| hex::encode(file.sha256)).unwrap_or_default(),
        }
    }
}

#[derive(Debug, FromRow)]
struct Row {
    rendition_id: Uuid,
    evidence_id: Uuid,
    audience: String,
    policy_version: String,
    treatment: String,
    withheld_reason: String,
    media_type: String,
    size: i64,
    sha256: Vec<u8>,
    place: String,
    object_key: String,
    produced_by: String,
    produced_at: Stored,
    seq: i64,
}

impl TryFrom<Row> for Rendition {
    type Error = Corrupt;

    fn try_from(row: Row) -> Result<Self, Corrupt> {
        let id = row.rendition_id;
        let corrupt = |column: &'static str| Corrupt::new(TABLE, column, id, "out of range");
        let treatment = read(TABLE, "treatment", id, &row.treatment)?;
        let file = match treatment {
            Treatment::Withheld => None,
            _ => Some(Shown {
                media: read(TABLE, "media_type", id, &row.media_type)?,
                size: row.size.try_into().map_err(|_| corrupt("size"))?,
                sha256: row.sha256.try_into().map_err(|_| corrupt("sha256"))?,
                place: read(TABLE, "place", id, &row.place)?,
                key: row.object_key,
            }),
        };
        Ok(Self {
            id,
            evidence: row.evidence_id,
            audience: read(TABLE, "audience", id, &row.audience)?,
            policy_version: row.policy_version,
            treatment,
            withheld_reason: row.withheld_reason,
            file,
            produced_by: row.produced_by,
            produced_at: row.produced_at.to_jiff(),
            seq: row.seq.try_into().map_err(|_| corrupt("seq"))?,
        })
    }
}

/// The copies of a complaint's evidence, oldest first.
pub async fn of(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: Uuid,
) -> Result<Vec<Rendition>, Error> {
    let rows: Vec<Row> =
        sqlx::query_as("SELECT * FROM rendition WHERE tenant = $1 AND complaint_id = $2 ORDER BY seq")
            .bind(tenant.as_str())
            .bind(complaint)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(Rendition::try_from).collect::<Result<_, _>>()?)
}

/// Keeps a copy.
pub async fn insert(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    new: &Rendition,
) -> Result<(), Error> {
    let file = new.file.as_ref();
    sqlx::query(
        "INSERT INTO rendition (tenant, complaint_id, rendition_id, evidence_id, audience, policy_version, treatment,
                                withheld_reason, media_type, size, sha256, place, object_key, produced_by, produced_at,
                                seq)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(new.id)
    .bind(new.evidence)
    .bind(new.audience.code())
    .bind(&new.policy_version)
    .bind(new.treatment.code())
    .bind(&new.withheld_reason)
    .bind(file.map_or("", |file| file.media.code()))
    .bind(file.map_or(0, |file| signed(file.size)))
    .bind(file.map_or(&[][..], |file| file.sha256.as_slice()))
    .bind(file.map_or("", |file| file.place.code()))
    .bind(file.map_or("", |file| file.key.as_str()))
    .bind(&new.produced_by)
    .bind(new.produced_at.to_sqlx())
    .bind(signed(new.seq))
    .execute(conn)
    .await?;
    Ok(())
}
