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

/// All that was heard of the complaints `keys`.
pub async fn of_cases(
    conn: &mut PgConnection,
    keys: impl IntoIterator<Item = &Key> + Clone,
) -> Result<BTreeMap<Key, Vec<Fact>>, Error> {
    type Row = (String, Uuid, String, i64, SqlTime, String, Json<Fields>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT h.tenant, h.complaint_id, h.topic, h.version, h.at, h.event, h.fields
         FROM unnest($1::text[], $2::uuid[]) AS k(tenant, complaint_id)
              JOIN heard AS h USING (tenant, complaint_id)",
    )
    .bind(column(keys.clone(), |(tenant, _)| tenant.as_str()))
    .bind(column(keys, |(_, complaint)| *complaint))
    .fetch_all(conn)
    .await?;
    let mut all: BTreeMap<Key, Vec<Fact>> = BTreeMap::new();
    for (tenant, complaint, topic, version, at, event, Json(fields)) in rows {
        let tenant = tenant.parse().map_err(|cause| Corrupt::new("heard", "tenant", complaint, cause))?;
        let fact = Fact { topic, version, at: at.to_jiff(), event, fields };
        all.entry((tenant, complaint)).or_default().push(fact);
    }
    Ok(all)
}
