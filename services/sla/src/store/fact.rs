//! What was heard: the facts that clocks are a function of.

use std::collections::BTreeMap;

use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::case::Key;
use super::{Corrupt, column};
use crate::domain::fact::{Fact, Fields};
use crate::error::Error;

/// Writes what is new; what was heard before stays as it was heard.
pub async fn insert(conn: &mut PgConnection, heard: &[(Key, Fact)]) -> Result<(), Error> {
    if heard.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO heard (tenant, complaint_id, topic, version, at, event, fields)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[], $6::text[],
                              $7::jsonb[])
         ON CONFLICT (tenant, complaint_id, topic, version) DO NOTHING",
    )
    .bind(column(heard, |((tenant, _), _)| tenant.as_str()))
    .bind(column(heard, |((_, complaint), _)| *complaint))
    .bind(column(heard, |(_, fact)| fact.topic.as_str()))
    .bind(column(heard, |(_, fact)| fact.version))
    .bind(column(heard, |(_, fact)| fact.at.to_sqlx()))
    .bind(column(heard, |(_, fact)| fact.event.as_str()))
    .bind(column(heard, |(_, fact)| Json(&fact.fields)))
    .execute(conn)
    .await?;
    Ok(())
}

/// Facts of a complaint at most: its clocks are computed from all of them, whenever another is heard. Some hundred are
/// many; what comes after this many is parked, and with it the judgement of the complaint's clocks, until somebody looks.
pub const MOST: usize = 4_096;

/// All that was heard of the complaints `keys`; fails if it is more than [`MOST`] of one.
pub async fn of_cases(
    conn: &mut PgConnection,
    keys: impl IntoIterator<Item = &Key> + Clone,
) -> Result<BTreeMap<Key, Vec<Fact>>, Error> {
    type Row = (String, Uuid, String, i64, SqlTime, String, Json<Fields>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT k.tenant, k.complaint_id, h.topic, h.version, h.at, h.event, h.fields
         FROM unnest($1::text[], $2::uuid[]) AS k(tenant, complaint_id)
              CROSS JOIN LATERAL (
                  SELECT topic, version, at, event, fields FROM heard
                  WHERE tenant = k.tenant AND complaint_id = k.complaint_id LIMIT $3
              ) AS h",
    )
    .bind(column(keys.clone(), |(tenant, _)| tenant.as_str()))
    .bind(column(keys, |(_, complaint)| *complaint))
    .bind(i64::try_from(MOST + 1).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    let mut all: BTreeMap<Key, Vec<Fact>> = BTreeMap::new();
    for (tenant, complaint, topic, version, at, event, Json(fields)) in rows {
        let tenant = tenant.parse().map_err(|cause| Corrupt::new("heard", "tenant", complaint, cause))?;
        let fact = Fact { topic, version, at: at.to_jiff(), event, fields };
        let facts = all.entry((tenant, complaint)).or_default();
        facts.push(fact);
        if facts.len() > MOST {
            return Err(Error::Crowded);
        }
    }
    Ok(all)
}
