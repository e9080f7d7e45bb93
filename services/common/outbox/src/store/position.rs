use std::collections::HashMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use redress_postgres::Db;
use sqlx::{PgExecutor, Row as _};

use crate::consume::marks::Step;
use crate::consume::plan::Position;
use crate::consume::position::Witness;

/// A row of `progress`, with what starting needs.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) position: Position,
    pub(crate) witness: Option<Witness>,
}

/// The positions of some partitions of a topic, made at the log's beginning where there are none.
///
/// `begins` has the first offset of the log per partition. A log whose beginning is gone is adopted. `all` is the number
/// of partitions that the topic has, if it is known.
pub(crate) async fn load(
    db: &Db,
    topic: &str,
    begins: &[(i32, i64)],
    all: Option<i32>,
) -> Result<HashMap<i32, Stored>, sqlx::Error> {
    let (partitions, lows): (Vec<i32>, Vec<i64>) = begins.iter().copied().unzip();
    sqlx::query(
        "INSERT INTO progress (topic, partition, next_offset, adopts, partitions)
         SELECT $1, partition, low, low > 0, $4
         FROM unnest($2::integer[], $3::bigint[]) AS begin(partition, low)
         ORDER BY partition
         ON CONFLICT (topic, partition) DO UPDATE SET partitions = excluded.partitions
             WHERE progress.partitions IS DISTINCT FROM excluded.partitions",
    )
    .bind(topic)
    .bind(&partitions)
    .bind(&lows)
    .bind(all)
    .execute(db)
    .await?;
    read(db, topic, &partitions).await
}

/// The positions of some partitions of a topic, as they are.
pub(crate) async fn read(
    database: impl PgExecutor<'_>,
    topic: &str,
    partitions: &[i32],
) -> Result<HashMap<i32, Stored>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT partition, next_offset, replays, incarnation, adopts, witness_offset, witness
         FROM progress WHERE topic = $1 AND partition = ANY ($2)",
    )
    .bind(topic)
    .bind(partitions)
    .fetch_all(database)
    .await?;
    rows.iter()
        .map(|row| {
            let position = Position {
                next: row.try_get("next_offset")?,
                replays: row.try_get("replays")?,
                incarnation: row.try_get("incarnation")?,
                adopts: row.try_get("adopts")?,
            };
            let offset: Option<i64> = row.try_get("witness_offset")?;
            let fingerprint: Option<Vec<u8>> = row.try_get("witness")?;
            let witness =
                offset.zip(fingerprint).map(|(offset, fingerprint)| Witness { offset, fingerprint });
            Ok((row.try_get("partition")?, Stored { position, witness }))
        })
        .collect()
}

/// Begins a partition anew because its log was replaced. Answers the new position, or `None` if somebody was faster.
pub(crate) async fn renew(
    db: &Db,
    topic: &str,
    partition: i32,
    seen: Position,
    low: i64,
) -> Result<Option<Position>, sqlx::Error> {
    let row = sqlx::query(
        "UPDATE progress
         SET next_offset = $3, witness_offset = NULL, witness = NULL, replays = replays + 1,
             incarnation = incarnation + 1
         WHERE topic = $1 AND partition = $2 AND replays = $4
         RETURNING replays, incarnation, adopts",
    )
    .bind(topic)
    .bind(partition)
    .bind(low)
    .bind(seen.replays)
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Position {
            next: low,
            replays: row.try_get("replays")?,
            incarnation: row.try_get("incarnation")?,
            adopts: row.try_get("adopts")?,
        })
    })
    .transpose()
}

/// At the end of a partition `applied_through` follows the clock, if the topic's writer makes no promises.
///
/// `ends` has the end of the log per partition, with all that was recorded up to `through` before it. A position beyond
/// the end belongs to another log, which was replaced by this one.
pub(crate) async fn follow_clock(
    db: &Db,
    topic: &str,
    ends: &[(i32, i64)],
    through: Timestamp,
) -> Result<(), sqlx::Error> {
    let (partitions, ends): (Vec<i32>, Vec<i64>) = ends.iter().copied().unzip();
    sqlx::query(
        "UPDATE progress AS p SET applied_through = greatest(p.applied_through, $4)
         FROM unnest($2::integer[], $3::bigint[]) AS e(partition, high)
         WHERE p.topic = $1 AND p.partition = e.partition AND p.next_offset = e.high AND p.caused_through IS NULL",
    )
    .bind(topic)
    .bind(partitions)
    .bind(ends)
    .bind(through.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

/// Notes what holds by the promises of the topic's writer. Answers the partitions for which one of the steps does.
pub(crate) async fn keep_promises(db: &Db, topic: &str, steps: &[Step]) -> Result<Vec<i32>, sqlx::Error> {
    let column = |of: fn(&Step) -> i64| steps.iter().map(of).collect::<Vec<_>>();
    let times = |of: fn(&Step) -> Timestamp| steps.iter().map(|step| of(step).to_sqlx()).collect::<Vec<_>>();
    sqlx::query_scalar(
        "UPDATE progress AS p
         SET applied_through = greatest(p.applied_through, s.recorded),
             caused_through = greatest(p.caused_through, s.caused)
         FROM unnest($2::integer[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
              AS s(partition, least, most, recorded, caused)
         WHERE p.topic = $1 AND p.partition = s.partition AND p.next_offset BETWEEN s.least AND s.most
         RETURNING p.partition",
    )
    .bind(topic)
    .bind(steps.iter().map(|step| step.partition).collect::<Vec<_>>())
    .bind(column(|step| step.least))
    .bind(column(|step| step.most))
    .bind(times(|step| step.promise.recorded_through))
    .bind(times(|step| step.promise.caused_through))
    .fetch_all(db)
    .await
}

/// How far the partitions are applied, per partition.
pub(crate) async fn applied_through(
    db: &Db,
    topic: &str,
) -> Result<HashMap<i32, Option<Timestamp>>, sqlx::Error> {
    let rows: Vec<(i32, Option<jiff_sqlx::Timestamp>)> =
        sqlx::query_as("SELECT partition, applied_through FROM progress WHERE topic = $1")
            .bind(topic)
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(|(partition, at)| (partition, at.map(jiff_sqlx::Timestamp::to_jiff))).collect())
}

/// Sets the positions of a topic back, as a replay; never on, past records that were not read. Answers the partitions that have one.
pub(crate) async fn replay(
    database: impl PgExecutor<'_>,
    topic: &str,
    from: &[(i32, i64)],
) -> Result<Vec<(i32, i64)>, sqlx::Error> {
    let (partitions, offsets): (Vec<i32>, Vec<i64>) = from.iter().copied().unzip();
    sqlx::query_as(
        "UPDATE progress AS p
         SET next_offset = least(p.next_offset, f.next), replays = replays + 1,
             witness_offset = NULL, witness = NULL
         FROM unnest($2::integer[], $3::bigint[]) AS f(partition, next)
         WHERE p.topic = $1 AND p.partition = f.partition
         RETURNING p.partition, p.next_offset",
    )
    .bind(topic)
    .bind(partitions)
    .bind(offsets)
    .fetch_all(database)
    .await
}

/// The time by the clock that all processes of the service share.
pub(crate) async fn now(db: &Db) -> Result<Timestamp, sqlx::Error> {
    let now: jiff_sqlx::Timestamp =
        sqlx::query_scalar("SELECT redress_time(clock_timestamp())").fetch_one(db).await?;
    Ok(now.to_jiff())
}
