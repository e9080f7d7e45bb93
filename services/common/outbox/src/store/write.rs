use jiff::Timestamp;
use sqlx::PgConnection;

use crate::consume::plan::{Chain, Move, Plan, Position};
use crate::consume::position::Witness;

/// What a partition's row keeps of the last record of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Tail {
    pub(crate) witness: Witness,
    /// Up to when it is applied with the batch, if its records say so.
    pub(crate) through: Option<Timestamp>,
}

/// Swaps versions and moves positions, each only from exactly what the plan has seen; otherwise fails with SQLSTATE
/// 22012, and whatever the transaction did is undone. Counting rows afterwards would be too late without a transaction.
///
/// `tails` has one entry per move.
pub(crate) async fn guard(
    connection: &mut PgConnection,
    topic: &str,
    plan: &Plan,
    tails: &[Tail],
) -> Result<(), sqlx::Error> {
    let Plan { swaps, moves, behind, .. } = plan;
    let from = |get: fn(&Position) -> i64| moves.iter().map(|step| get(&step.from)).collect::<Vec<_>>();
    sqlx::query(
        "WITH swapped AS (
             INSERT INTO inbox (stream, aggregate_id, last_version, swapped_from)
             SELECT $1, aggregate, new, expected
             FROM unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS swap(aggregate, new, expected)
             ON CONFLICT (stream, aggregate_id) DO UPDATE
                 SET last_version = excluded.last_version, swapped_from = excluded.swapped_from
                 WHERE inbox.last_version = excluded.swapped_from
             -- A new row only where none was expected: one that was purged meanwhile is refused.
             RETURNING (xmax = 0) = (swapped_from = 0) AS as_seen
         ), moved AS (
             UPDATE progress AS p
             SET next_offset = m.next,
                 -- A guess from the times of the records, where their writer makes no promises.
                 applied_through = CASE WHEN p.caused_through IS NULL THEN greatest(p.applied_through, m.through)
                                        ELSE p.applied_through END,
                 witness_offset = m.witness_offset,
                 witness = m.witness
             FROM unnest($5::integer[], $6::bigint[], $7::bigint[], $8::bigint[], $9::timestamptz[],
                         $10::bigint[], $11::bytea[])
                  AS m(partition, seen, replays, next, through, witness_offset, witness)
             WHERE p.topic = $1 AND p.partition = m.partition
               AND p.next_offset = m.seen AND p.replays = m.replays
             RETURNING 1
         ), waiting AS (
             -- Locked: a redrive of these chains comes before or after this transaction, not in between.
             SELECT key, coalesce(tenant, '') AS tenant FROM parked_event
             WHERE topic = $1 AND status = 'parked' AND key = ANY ($12)
               AND (coalesce(tenant, ''), key) IN (SELECT * FROM unnest($13::text[], $12::bytea[]))
             FOR UPDATE
         )
         SELECT 1 / CASE WHEN (SELECT count(*) FROM swapped WHERE as_seen) = cardinality($2)
                          AND (SELECT count(*) FROM moved) = cardinality($5)
                          AND (SELECT count(DISTINCT (tenant, key)) FROM waiting) = $14
                         THEN 1 ELSE 0 END",
    )
    .bind(topic)
    .bind(swaps.iter().map(|swap| swap.aggregate).collect::<Vec<_>>())
    .bind(swaps.iter().map(|swap| swap.new).collect::<Vec<_>>())
    .bind(swaps.iter().map(|swap| swap.expected).collect::<Vec<_>>())
    .bind(moves.iter().map(|step| step.partition).collect::<Vec<_>>())
    .bind(from(|position| position.next))
    .bind(from(|position| i64::from(position.replays)))
    .bind(moves.iter().map(|step: &Move| step.next).collect::<Vec<_>>())
    .bind(tails.iter().map(|tail| tail.through.map(jiff_sqlx::ToSqlx::to_sqlx)).collect::<Vec<_>>())
    .bind(tails.iter().map(|tail| tail.witness.offset).collect::<Vec<_>>())
    .bind(tails.iter().map(|tail| tail.witness.fingerprint.as_slice()).collect::<Vec<_>>())
    .bind(behind.iter().map(|(_, key)| key.as_slice()).collect::<Vec<_>>())
    .bind(behind.iter().map(|(tenant, _)| tenant.as_str()).collect::<Vec<_>>())
    .bind(distinct(behind))
    .execute(connection)
    .await?;
    Ok(())
}

fn distinct(chains: &[Chain]) -> i64 {
    let chains: std::collections::HashSet<&Chain> = chains.iter().collect();
    i64::try_from(chains.len()).unwrap_or(i64::MAX)
}
