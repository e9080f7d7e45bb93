//! The chains of custody and where they end.

use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Corrupt;
use super::evidence::signed;
use crate::domain::evidence::chain::{Anchor, Hash};
use crate::error::Error;

/// A link as kept.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its number, from 1.
    pub seq: u64,
    /// The piece it names.
    pub evidence: Option<Uuid>,
    /// Its text to the letter.
    pub entry: String,
    /// Its hash. One that is not 32 bytes long is no hash and fits nothing.
    pub hash: Hash,
}

/// Adds a link and gives the chain's new end. Locks the chain until the transaction ends.
pub async fn append(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    evidence: Option<Uuid>,
    entry: &str,
) -> Result<Anchor, Error> {
    // The first link of a chain waits here for a twin that begins it too.
    let begun = Anchor::empty(tenant.as_str(), complaint);
    sqlx::query(
        "INSERT INTO custody_chain (tenant, complaint_id, links, head) VALUES ($1, $2, 0, $3) ON CONFLICT DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(begun.head.as_slice())
    .execute(&mut *conn)
    .await?;
    let (links, head): (i64, Vec<u8>) = sqlx::query_as(
        "SELECT links, head FROM custody_chain WHERE tenant = $1 AND complaint_id = $2 FOR UPDATE",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .fetch_one(&mut *conn)
    .await?;
    let next = anchor(complaint, links, head)?.with(entry);
    sqlx::query(
        "WITH link AS (
             INSERT INTO custody_link (tenant, complaint_id, seq, evidence_id, entry, hash)
             VALUES ($1, $2, $3, $4, $5, $6)
         )
         UPDATE custody_chain SET links = $3, head = $6 WHERE tenant = $1 AND complaint_id = $2",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(signed(next.count))
    .bind(evidence)
    .bind(entry)
    .bind(next.head.as_slice())
    .execute(conn)
    .await?;
    Ok(next)
}

/// Where a chain ends; none if it was never begun, or if its end was taken away.
pub async fn end(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: Uuid,
) -> Result<Option<Anchor>, Error> {
    let row: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT links, head FROM custody_chain WHERE tenant = $1 AND complaint_id = $2")
            .bind(tenant.as_str())
            .bind(complaint)
            .fetch_optional(conn)
            .await?;
    Ok(row.map(|(links, head)| anchor(complaint, links, head)).transpose()?)
}

fn anchor(complaint: Uuid, links: i64, head: Vec<u8>) -> Result<Anchor, Corrupt> {
    let corrupt = |column: &'static str| Corrupt::new("custody_chain", column, complaint, "out of range");
    Ok(Anchor {
        count: links.try_into().map_err(|_| corrupt("links"))?,
        head: head.try_into().map_err(|_| corrupt("head"))?,
    })
}

/// At most `limit` links after `after`, in their order.
pub async fn page(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    after: u64,
    limit: i64,
) -> Result<Vec<Link>, Error> {
    let rows: Vec<(i64, Option<Uuid>, String, Vec<u8>)> = sqlx::query_as(
        "SELECT seq, evidence_id, entry, hash FROM custody_link
         WHERE tenant = $1 AND complaint_id = $2 AND seq > $3 ORDER BY seq LIMIT $4",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(signed(after))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    let link = |(seq, evidence, entry, hash): (i64, Option<Uuid>, String, Vec<u8>)| Link {
        seq: u64::try_from(seq).unwrap_or_default(),
        evidence,
        entry,
        hash: hash.try_into().unwrap_or_default(),
    };
    Ok(rows.into_iter().map(link).collect())
}
