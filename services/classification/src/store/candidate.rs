//! Complaints that may be the same as those of a batch.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{column, unsigned};
use crate::error::Error;

/// A complaint that may be the same as one of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Place in the batch of the complaint it is compared with.
    pub of: usize,
    /// Its id.
    pub id: Uuid,
    /// Keyed hash of its complainant.
    pub complainant_index: Vec<u8>,
    /// Its order.
    pub order_no: String,
    /// Similarity hash of its text.
    pub text_hash: Option<u64>,
}

/// How far back a complaint may be the same as a new one, and how many are compared per complainant and per order.
const LOOK_BACK: &str = "90 days";
const COMPARED: i64 = 20;

/// Place in the batch, id, complainant, order and hash.
type Compared = (i64, Uuid, Vec<u8>, String, Option<i64>);

/// The latest complaints of the same complainants or about the same orders as those of a batch, given as tenant,
/// complainant and order.
pub async fn latest(
    conn: &mut PgConnection,
    batch: &[(&TenantId, &[u8], &str, Timestamp)],
) -> Result<Vec<Candidate>, Error> {
    let rows: Vec<Compared> = sqlx::query_as(
        "SELECT DISTINCT new.place, c.complaint_id, c.complainant_index, c.order_no, c.text_hash
         FROM unnest($1::text[], $2::bytea[], $3::text[], $4::timestamptz[])
              WITH ORDINALITY AS new (tenant, complainant, order_no, received_at, place)
         CROSS JOIN LATERAL (
             (SELECT * FROM complaint
              WHERE tenant = new.tenant AND complainant_index = new.complainant AND complainant_index <> ''
                AND received_at > new.received_at - $5::interval
              ORDER BY received_at DESC LIMIT $6)
             UNION ALL
             (SELECT * FROM complaint
              WHERE tenant = new.tenant AND order_no = new.order_no AND order_no <> ''
                AND received_at > new.received_at - $5::interval
              ORDER BY received_at DESC LIMIT $6)
         ) AS c
         ORDER BY new.place, c.complaint_id",
    )
    .bind(column(batch, |(tenant, ..)| tenant.as_str()))
    .bind(column(batch, |(_, complainant, ..)| *complainant))
    .bind(column(batch, |(_, _, order, _)| *order))
    .bind(column(batch, |(.., received_at)| received_at.to_sqlx()))
    .bind(LOOK_BACK)
    .bind(COMPARED)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(read).collect())
}

fn read((place, id, complainant_index, order_no, hash): Compared) -> Candidate {
    let of = usize::try_from(place - 1).unwrap_or_default();
    Candidate { of, id, complainant_index, order_no, text_hash: hash.map(unsigned) }
}

/// Candidates by their ids, each with the place in the batch of the complaint it is compared with. Ids of an index that
/// remembers more than there is are passed over.
pub async fn named(
    conn: &mut PgConnection,
    named: &[(&TenantId, usize, Uuid)],
) -> Result<Vec<Candidate>, Error> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Compared> = sqlx::query_as(
        "SELECT near.place, c.complaint_id, c.complainant_index, c.order_no, c.text_hash
         FROM unnest($1::text[], $2::bigint[], $3::uuid[]) AS near (tenant, place, id)
         JOIN complaint c ON (c.tenant, c.complaint_id) = (near.tenant, near.id)
         ORDER BY near.place, c.complaint_id",
    )
    .bind(column(named, |(tenant, ..)| tenant.as_str()))
    .bind(column(named, |(_, place, _)| i64::try_from(*place + 1).unwrap_or(i64::MAX)))
    .bind(column(named, |(.., id)| *id))
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(read).collect())
}

/// Waits until no other transaction compares complaints of the same complainants or orders, and keeps it so. In order of
/// the rows, so that two that share several do not wait for each other.
pub async fn compare_alone(
    conn: &mut PgConnection,
    batch: &[(&TenantId, &[u8], &str, Timestamp)],
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO compared (tenant, shared, latest_at)
         SELECT new.tenant, shared.value, max(new.received_at)
         FROM unnest($1::text[], $2::bytea[], $3::text[], $4::timestamptz[])
              AS new (tenant, complainant, order_no, received_at)
         CROSS JOIN LATERAL (VALUES (decode('63', 'hex') || complainant, complainant <> ''),
                                    (decode('6f', 'hex') || convert_to(order_no, 'UTF8'), order_no <> '')
                            ) AS shared (value, named)
         WHERE shared.named
         GROUP BY new.tenant, shared.value ORDER BY new.tenant, shared.value
         ON CONFLICT (tenant, shared) DO UPDATE SET latest_at = greatest(compared.latest_at, excluded.latest_at)",
    )
    .bind(column(batch, |(tenant, ..)| tenant.as_str()))
    .bind(column(batch, |(_, complainant, ..)| *complainant))
    .bind(column(batch, |(_, _, order, _)| *order))
    .bind(column(batch, |(.., received_at)| received_at.to_sqlx()))
    .execute(conn)
    .await?;
    Ok(())
}
