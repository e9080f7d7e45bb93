use std::collections::BTreeMap;

use sqlx::{PgExecutor, Row as _};
use uuid::Uuid;

use crate::consume::plan::{Candidate, Position, View};

/// Reads all that a plan needs, in one statement, without locks.
pub(crate) async fn read(
    database: impl PgExecutor<'_>,
    topic: &str,
    batch: &[Candidate<'_>],
) -> Result<View, sqlx::Error> {
    let aggregates: Vec<Uuid> = batch.iter().filter_map(|c| c.identity).map(|i| i.aggregate).collect();
    let keys: Vec<&[u8]> = batch.iter().filter_map(|c| c.key).collect();
    let mut spans: BTreeMap<i32, (i64, i64)> = BTreeMap::new();
    for Candidate { partition, offset, .. } in batch {
        spans.entry(*partition).or_insert((*offset, *offset)).1 = *offset;
    }
    let rows = sqlx::query(
        "SELECT 'inbox' AS kind, aggregate_id, NULL::integer AS partition, last_version AS number, NULL::bytea AS key,
                NULL::integer AS replays, NULL::integer AS incarnation, NULL::boolean AS adopts, NULL::text AS tenant
         FROM inbox WHERE stream = $1 AND aggregate_id = ANY ($2)
         UNION ALL
         SELECT 'progress', NULL, partition, next_offset, NULL, replays, incarnation, adopts, NULL
         FROM progress WHERE topic = $1 AND partition = ANY ($3)
         UNION ALL
         SELECT DISTINCT 'waiting', NULL::uuid, NULL::integer, NULL::bigint, key,
                NULL::integer, NULL::integer, NULL::boolean, coalesce(tenant, '')
         FROM parked_event WHERE topic = $1 AND status = 'parked' AND key = ANY ($4)
         UNION ALL
         -- Only a replay finds some.
         SELECT 'known', NULL, partition, log_offset, NULL, NULL, NULL, NULL, NULL
         FROM unnest($3, $5::bigint[], $6::bigint[]) AS span(partition, first, last)
              JOIN progress USING (partition)
              JOIN parked_event USING (topic, incarnation, partition)
         WHERE topic = $1 AND log_offset BETWEEN span.first AND span.last",
    )
    .bind(topic)
    .bind(aggregates)
    .bind(spans.keys().copied().collect::<Vec<i32>>())
    .bind(keys)
    .bind(spans.values().map(|span| span.0).collect::<Vec<i64>>())
    .bind(spans.values().map(|span| span.1).collect::<Vec<i64>>())
    .fetch_all(database)
    .await?;
    let mut view = View::default();
    for row in rows {
        match row.try_get("kind")? {
            "inbox" => {
                view.last.insert(row.try_get("aggregate_id")?, row.try_get("number")?);
            }
            "progress" => {
                view.positions.insert(row.try_get("partition")?, position(&row)?);
            }
            "waiting" => {
                view.waiting.insert((row.try_get("tenant")?, row.try_get("key")?));
            }
            _ => {
                view.known.insert((row.try_get("partition")?, row.try_get("number")?));
            }
        }
    }
    Ok(view)
}

fn position(row: &sqlx::postgres::PgRow) -> Result<Position, sqlx::Error> {
    Ok(Position {
        next: row.try_get("number")?,
        replays: row.try_get("replays")?,
        incarnation: row.try_get("incarnation")?,
        adopts: row.try_get("adopts")?,
    })
}
