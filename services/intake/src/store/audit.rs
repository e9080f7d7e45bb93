//! The audit chains' tables: appended to set-based, never changed.

use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{ComplaintId, TenantId};
use redress_messaging::partition_of;
use sqlx::QueryBuilder;
use sqlx::postgres::{PgConnection, Postgres};
use uuid::Uuid;

use super::{Corrupt, column};
use crate::domain::audit::{Break, CHAINS, Entry, Hash, Head, Verifier};
use crate::error::Error;

/// The chain in which a complaint's entries lie.
pub fn chain_of(complaint: &ComplaintId) -> u32 {
    let partitions = i32::try_from(CHAINS).unwrap_or(i32::MAX);
    partition_of(complaint.to_string().as_bytes(), partitions).unsigned_abs()
}

/// Appends entries, in the given order per chain. The chains' ends stay locked until the transaction ends, so call it
/// after everything that may wait for another row.
pub async fn append(conn: &mut PgConnection, entries: &[(TenantId, Entry)]) -> Result<(), Error> {
    let chained: Vec<(&TenantId, u32, &Entry)> = entries
        .iter()
        .map(|(tenant, entry)| (tenant, chain_of(&ComplaintId::from_uuid(entry.complaint_id)), entry))
        .collect();
    let keys: BTreeSet<(&TenantId, u32)> =
        chained.iter().map(|(tenant, chain, _)| (*tenant, *chain)).collect();
    let mut heads = lock_heads(conn, &keys).await?;

    let mut rows = Vec::with_capacity(chained.len());
    for (tenant, chain, entry) in chained {
        let head = heads.entry((tenant.clone(), chain)).or_insert(Head::EMPTY);
        *head = head.append(tenant.as_str(), chain, entry);
        rows.push((tenant, chain, *head, entry));
    }
    insert(conn, &rows).await?;
    store_heads(conn, &heads).await
}

async fn lock_heads(
    conn: &mut PgConnection,
    keys: &BTreeSet<(&TenantId, u32)>,
) -> Result<BTreeMap<(TenantId, u32), Head>, Error> {
    let tenants: Vec<&str> = keys.iter().map(|(tenant, _)| tenant.as_str()).collect();
    let chains: Vec<i16> = keys.iter().map(|(_, chain)| number(*chain)).collect();
    let select = "SELECT tenant, chain, seq, hash FROM audit_head
         WHERE (tenant, chain) IN (SELECT * FROM unnest($1::text[], $2::smallint[]))
         ORDER BY tenant, chain FOR UPDATE";
    let mut found: Vec<HeadRow> =
        sqlx::query_as(select).bind(&tenants).bind(&chains).fetch_all(&mut *conn).await?;
    if found.len() < keys.len() {
        // A chain's first entry. Two writers may both come here: the row decides, not what was seen.
        sqlx::query(
            "INSERT INTO audit_head (tenant, chain, seq, hash)
             SELECT tenant, chain, 0, $3 FROM unnest($1::text[], $2::smallint[]) AS new (tenant, chain)
             ORDER BY tenant, chain ON CONFLICT DO NOTHING",
        )
        .bind(&tenants)
        .bind(&chains)
        .bind(Head::EMPTY.hash)
        .execute(&mut *conn)
        .await?;
        found = sqlx::query_as(select).bind(&tenants).bind(&chains).fetch_all(&mut *conn).await?;
    }
    found.into_iter().map(HeadRow::read).collect()
}

async fn store_heads(conn: &mut PgConnection, heads: &BTreeMap<(TenantId, u32), Head>) -> Result<(), Error> {
    let heads: Vec<_> = heads.iter().collect();
    sqlx::query(
        "UPDATE audit_head SET seq = new.seq, hash = new.hash
         FROM unnest($1::text[], $2::smallint[], $3::bigint[], $4::bytea[]) AS new (tenant, chain, seq, hash)
         WHERE audit_head.tenant = new.tenant AND audit_head.chain = new.chain",
    )
    .bind(column(&heads, |((tenant, _), _)| tenant.as_str()))
    .bind(column(&heads, |((_, chain), _)| number(*chain)))
    .bind(column(&heads, |(_, head)| head.seq))
    .bind(column(&heads, |(_, head)| head.hash.to_vec()))
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert(conn: &mut PgConnection, rows: &[(&TenantId, u32, Head, &Entry)]) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO audit_entry (tenant, chain, seq, complaint_id, state_version, state, action, actor, decided_by,
                                  happened_at, recorded_at, detail, hash)
         SELECT * FROM unnest($1::text[], $2::smallint[], $3::bigint[], $4::uuid[], $5::integer[], $6::text[],
                              $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[],
                              $12::json[], $13::bytea[])",
    )
    .bind(column(rows, |(tenant, ..)| tenant.as_str()))
    .bind(column(rows, |(_, chain, ..)| number(*chain)))
    .bind(column(rows, |(_, _, head, _)| head.seq))
    .bind(column(rows, |(.., entry)| entry.complaint_id))
    .bind(column(rows, |(.., entry)| entry.state_version))
    .bind(column(rows, |(.., entry)| entry.state.as_str()))
    .bind(column(rows, |(.., entry)| entry.action.as_str()))
    .bind(column(rows, |(.., entry)| entry.actor.as_str()))
    .bind(column(rows, |(.., entry)| entry.decided_by.as_str()))
    .bind(column(rows, |(.., entry)| entry.happened_at.to_sqlx()))
    .bind(column(rows, |(.., entry)| entry.recorded_at.to_sqlx()))
    .bind(column(rows, |(.., entry)| entry.detail.as_str()))
    .bind(column(rows, |(_, _, head, _)| head.hash.to_vec()))
    .execute(conn)
    .await?;
    Ok(())
}

/// The columns of [`EntryRow`]; a statement is one literal, so they are a macro and not a constant.
macro_rules! columns {
    () => {
        "chain, seq, complaint_id, state_version, state, action, actor, decided_by, happened_at, recorded_at,
         detail::text AS detail, hash"
    };
}

/// Entries of a tenant, in the order of chains and positions.
pub struct Query<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// Only of this complaint.
    pub complaint: Option<ComplaintId>,
    /// Recorded at or after.
    pub from: Option<jiff::Timestamp>,
    /// Recorded before.
    pub until: Option<jiff::Timestamp>,
    /// After this chain and position.
    pub after: (u32, i64),
    /// At most so many.
    pub limit: i64,
}

/// An entry with its place.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The chain.
    pub chain: u32,
    /// The position.
    pub seq: i64,
    /// The hash as stored.
    pub hash: Hash,
    /// The entry.
    pub entry: Entry,
}

/// Reads entries. The statement holds the conditions that are asked for and no others: one for all, with conditions that
/// may be empty, could not use the index of a complaint.
pub async fn read(conn: &mut PgConnection, query: &Query<'_>) -> Result<Vec<Placed>, Error> {
    let mut sql: QueryBuilder<Postgres> = QueryBuilder::new("SELECT ");
    sql.push(columns!()).push(" FROM audit_entry WHERE tenant = ").push_bind(query.tenant.as_str());
    sql.push(" AND (chain, seq) > (").push_bind(number(query.after.0)).push(", ");
    sql.push_bind(query.after.1).push(")");
    if let Some(complaint) = query.complaint {
        // All of it lies in one chain: with that said, the complaint's index yields the order too.
        sql.push(" AND complaint_id = ").push_bind(*complaint.as_uuid());
        sql.push(" AND chain = ").push_bind(number(chain_of(&complaint)));
    }
    if let Some(from) = query.from {
        sql.push(" AND recorded_at >= ").push_bind(from.to_sqlx());
    }
    if let Some(until) = query.until {
        sql.push(" AND recorded_at < ").push_bind(until.to_sqlx());
    }
    sql.push(" ORDER BY chain, seq LIMIT ").push_bind(query.limit);
    let rows: Vec<EntryRow> = sql.build_query_as().fetch_all(conn).await?;
    rows.into_iter().map(EntryRow::read).collect()
}

/// The history of one complaint after a lifecycle version: its lifecycle entries, oldest first.
pub async fn history(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: ComplaintId,
    after_version: i32,
) -> Result<Vec<Entry>, Error> {
    let rows: Vec<EntryRow> = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM audit_entry WHERE tenant = $1 AND complaint_id = $2 AND state_version > $3 ORDER BY seq"
    ))
    .bind(tenant.as_str())
    .bind(complaint.as_uuid())
    .bind(after_version)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| EntryRow::read(row).map(|placed| placed.entry)).collect()
}

/// The recorded ends of a tenant's chains.
pub async fn heads(conn: &mut PgConnection, tenant: &TenantId) -> Result<BTreeMap<u32, Head>, Error> {
    let rows: Vec<HeadRow> =
        sqlx::query_as("SELECT tenant, chain, seq, hash FROM audit_head WHERE tenant = $1 ORDER BY chain")
            .bind(tenant.as_str())
            .fetch_all(conn)
            .await?;
    rows.into_iter().map(|row| row.read().map(|((_, chain), head)| (chain, head))).collect()
}

/// Lets `verifier` walk on along its chain by at most `most` entries, and returns how many it met: fewer at the end.
pub async fn verify(
    conn: &mut PgConnection,
    tenant: &TenantId,
    chain: u32,
    verifier: &mut Verifier<'_>,
    most: i64,
) -> Result<Result<i64, Break>, Error> {
    let mut rows = sqlx::query_as::<_, EntryRow>(concat!(
        "SELECT ",
        columns!(),
        " FROM audit_entry WHERE tenant = $1 AND chain = $2 AND seq > $3 ORDER BY seq LIMIT $4"
    ))
    .bind(tenant.as_str())
    .bind(number(chain))
    .bind(verifier.head().seq)
    .bind(most)
    .fetch(conn);
    let mut met = 0;
    while let Some(row) = rows.try_next().await? {
        let seq = row.seq;
        let fits = match row.read() {
            Ok(placed) => verifier.check(seq, &placed.entry, &placed.hash),
            // A hash of another length is an altered entry, not a failure of ours.
            Err(_) => Err(Break { seq, cause: crate::domain::audit::Cause::Altered }),
        };
        if let Err(found) = fits {
            return Ok(Err(found));
        }
        met += 1;
    }
    Ok(Ok(met))
}

/// Chains are below 48.
fn number(chain: u32) -> i16 {
    i16::try_from(chain).unwrap_or(i16::MAX)
}

#[derive(sqlx::FromRow)]
struct HeadRow {
    tenant: String,
    chain: i16,
    seq: i64,
    hash: Vec<u8>,
}

impl HeadRow {
    fn read(self) -> Result<((TenantId, u32), Head), Error> {
        let corrupt = |column, cause: String| Corrupt::new("audit_head", column, Uuid::nil(), cause);
        let tenant = self.tenant.parse::<TenantId>().map_err(|e| corrupt("tenant", e.to_string()))?;
        let hash = Hash::try_from(self.hash).map_err(|_| corrupt("hash", "32 bytes are expected".into()))?;
        Ok(((tenant, u32::from(self.chain.unsigned_abs())), Head { seq: self.seq, hash }))
    }
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    chain: i16,
    seq: i64,
    complaint_id: Uuid,
    state_version: Option<i32>,
    state: String,
    action: String,
    actor: String,
    decided_by: String,
    happened_at: SqlTime,
    recorded_at: SqlTime,
    detail: String,
    hash: Vec<u8>,
}

impl EntryRow {
    fn read(self) -> Result<Placed, Error> {
        let hash = Hash::try_from(self.hash)
            .map_err(|_| Corrupt::new("audit_entry", "hash", self.complaint_id, "32 bytes are expected"))?;
        Ok(Placed {
            chain: u32::from(self.chain.unsigned_abs()),
            seq: self.seq,
            hash,
            entry: Entry {
                complaint_id: self.complaint_id,
                state_version: self.state_version,
                state: self.state,
                action: self.action,
                actor: self.actor,
                decided_by: self.decided_by,
                happened_at: self.happened_at.to_jiff(),
                recorded_at: self.recorded_at.to_jiff(),
                detail: self.detail,
            },
        })
    }
}
