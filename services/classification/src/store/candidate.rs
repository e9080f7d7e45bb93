//! Complaints that may be the same as those of a batch.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{column, signed, unsigned};
use crate::domain::duplicate::{COMPLAINANT, ENOUGH, NEAR, ORDER, PER_BIT, TEXT, Traits};
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

/// How far back a complaint may be the same as a new one.
const LOOK_BACK: &str = "90 days";
/// How many of the latest of a complainant and of an order are looked at; hardly anybody has more in that time.
const SCANNED: i64 = 1_000;
/// How many of those that look the same are compared, the most alike first: as many as are kept of one complaint.
const COMPARED: i64 = 10;

/// Place in the batch, id, complainant, order and hash.
type Compared = (i64, Uuid, Vec<u8>, String, Option<i64>);

/// What a complaint of a batch is compared by.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Its tenant.
    pub tenant: &'a TenantId,
    /// What it shows.
    pub traits: Traits<'a>,
    /// When it was received.
    pub received_at: Timestamp,
}

/// The complaints that share two likenesses with those of a batch, among the latest of the same complainants and orders.
/// The same answer whatever any index remembers; [`compare`](crate::domain::duplicate::compare) has the last word.
pub async fn alike(conn: &mut PgConnection, batch: &[Asked<'_>]) -> Result<Vec<Candidate>, Error> {
    let rows: Vec<Compared> = sqlx::query_as(
        "SELECT new.place, c.complaint_id, c.complainant_index, c.order_no, c.text_hash
         FROM unnest($1::text[], $2::bytea[], $3::text[], $4::bigint[], $5::timestamptz[])
              WITH ORDINALITY AS new (tenant, complainant, order_no, text_hash, received_at, place)
         CROSS JOIN LATERAL (
             SELECT DISTINCT latest.complaint_id, latest.complainant_index, latest.order_no, latest.text_hash,
                    likeness.points
             FROM (
                 (SELECT * FROM complaint
                  WHERE tenant = new.tenant AND complainant_index = new.complainant AND complainant_index <> ''
                    AND received_at > new.received_at - $6::interval
                  ORDER BY received_at DESC LIMIT $7)
                 UNION ALL
                 (SELECT * FROM complaint
                  WHERE tenant = new.tenant AND order_no = new.order_no AND order_no <> ''
                    AND received_at > new.received_at - $6::interval
                  ORDER BY received_at DESC LIMIT $7)
             ) AS latest
             CROSS JOIN LATERAL (
                 SELECT (latest.complainant_index = new.complainant AND new.complainant <> '')::int AS person,
                        (latest.order_no = new.order_no AND new.order_no <> '')::int AS of_order,
                        bit_count((latest.text_hash # new.text_hash)::bit(64)) AS differing
             ) AS shared
             CROSS JOIN LATERAL (
                 -- A text without a hash is near to none.
                 SELECT coalesce(shared.differing <= $12, false)::int AS near, coalesce(shared.differing, 0) AS off
             ) AS text
             CROSS JOIN LATERAL (
                 SELECT $8 * shared.person + $9 * shared.of_order + ($10 - $11 * text.off) * text.near AS points
             ) AS likeness
             WHERE shared.person + shared.of_order + text.near >= $13
             ORDER BY likeness.points DESC, latest.complaint_id LIMIT $14
         ) AS c
         ORDER BY new.place, c.complaint_id",
    )
    .bind(column(batch, |asked| asked.tenant.as_str()))
    .bind(column(batch, |asked| asked.traits.complainant))
    .bind(column(batch, |asked| asked.traits.order))
    .bind(column(batch, |asked| asked.traits.text_hash.map(signed)))
    .bind(column(batch, |asked| asked.received_at.to_sqlx()))
    .bind(LOOK_BACK)
    .bind(SCANNED)
    .bind(i64::from(COMPLAINANT))
    .bind(i64::from(ORDER))
    .bind(i64::from(TEXT))
    .bind(i64::from(PER_BIT))
    .bind(i64::from(NEAR))
    .bind(i64::try_from(ENOUGH).unwrap_or(i64::MAX))
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
pub async fn compare_alone(conn: &mut PgConnection, batch: &[Asked<'_>]) -> Result<(), Error> {
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
    .bind(column(batch, |asked| asked.tenant.as_str()))
    .bind(column(batch, |asked| asked.traits.complainant))
    .bind(column(batch, |asked| asked.traits.order))
    .bind(column(batch, |asked| asked.received_at.to_sqlx()))
    .execute(conn)
    .await?;
    Ok(())
}
