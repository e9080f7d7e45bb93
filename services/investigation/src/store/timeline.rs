//! The course of events. Entries are added and never changed; the same entry is written once.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stored, ToSqlx};
use redress_domain::TenantId;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column, read};
use crate::domain::timeline::{Entry, Visibility};
use crate::error::Error;

/// An entry of a case.
pub type Kept = (TenantId, Uuid, Entry);

#[derive(Debug, FromRow)]
struct Row {
    at: Stored,
    entry_id: Uuid,
    source: String,
    code: String,
    about: Option<Uuid>,
    actor: String,
    visibility: String,
}

impl TryFrom<Row> for Entry {
    type Error = Corrupt;

    fn try_from(row: Row) -> Result<Self, Corrupt> {
        Ok(Self {
            at: row.at.to_jiff(),
            id: row.entry_id,
            source: read("timeline_entry", "source", row.entry_id, &row.source)?,
            code: row.code,
            about: row.about,
            actor: row.actor,
            visibility: read("timeline_entry", "visibility", row.entry_id, &row.visibility)?,
        })
    }
}

/// Adds entries.
pub async fn insert(conn: &mut PgConnection, entries: &[Kept]) -> Result<(), Error> {
    if entries.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO timeline_entry (tenant, complaint_id, at, entry_id, source, code, about, actor, visibility)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[], $6::text[], $7::uuid[],
                              $8::text[], $9::text[])
         ON CONFLICT DO NOTHING",
    )
    .bind(column(entries, |(tenant, ..)| tenant.as_str()))
    .bind(column(entries, |(_, id, _)| *id))
    .bind(column(entries, |(_, _, e)| e.at.to_sqlx()))
    .bind(column(entries, |(_, _, e)| e.id))
    .bind(column(entries, |(_, _, e)| e.source.code()))
    .bind(column(entries, |(_, _, e)| e.code.as_str()))
    .bind(column(entries, |(_, _, e)| e.about))
    .bind(column(entries, |(_, _, e)| e.actor.as_str()))
    .bind(column(entries, |(_, _, e)| e.visibility.code()))
    .execute(conn)
    .await?;
    Ok(())
}

/// At most `limit` entries after `after`, oldest first: those that everybody may see and, of the others, those of the
/// given visibilities; of restricted ones only those about `about`.
pub async fn page(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    seen: &[Visibility],
    about: &[Uuid],
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Entry>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT at, entry_id, source, code, about, actor, visibility FROM timeline_entry
         WHERE tenant = $1 AND complaint_id = $2
           AND (visibility = ANY ($3) OR (visibility = 'restricted' AND about = ANY ($4)))
           AND ($5::timestamptz IS NULL OR (at, entry_id) > ($5, $6))
         ORDER BY at, entry_id LIMIT $7",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(seen.iter().map(|v| v.code()).collect::<Vec<_>>())
    .bind(about)
    .bind(after.map(|(at, _)| at.to_sqlx()))
    .bind(after.map(|(_, id)| id))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Entry::try_from).collect::<Result<_, _>>()?)
}

/// Who did one of `codes` in the handling of a case since `since`.
pub async fn actors(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    codes: &[&str],
    since: Timestamp,
) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT DISTINCT actor FROM timeline_entry
         WHERE tenant = $1 AND complaint_id = $2 AND source = 'handling' AND code = ANY ($3) AND at >= $4
           AND actor <> $5",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(codes)
    .bind(since.to_sqlx())
    .bind(crate::SOURCE)
    .fetch_all(conn)
    .await?)
}
