use std::collections::HashSet;
use std::time::Duration;

use futures::future::join_all;
use redress_messaging::{Outgoing, Pending, Producer, SendError};
use redress_postgres::Db;
use sqlx::Row as _;
use uuid::Uuid;

/// Rows per page at most.
const ROWS: i64 = 1_000;
/// Bytes per page, after which it takes no further row.
const BYTES: i64 = 8 << 20;

/// Rows that wait, oldest first.
pub(super) struct Page(Vec<Row>);

struct Row {
    id: i64,
    bucket: i16,
    aggregate: Uuid,
    outgoing: Outgoing,
}

/// What became of a page.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// To be deleted.
    pub(super) published: Vec<i64>,
    /// What kept others from being published.
    pub(super) error: Option<SendError>,
}

impl Page {
    /// Reads the oldest rows of `buckets`.
    pub(super) async fn read(db: &Db, buckets: &[i16]) -> Result<Self, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT id, bucket, aggregate_id, topic, key, headers::text AS headers, payload
             FROM (SELECT *, sum(octet_length(payload)) OVER (ORDER BY id) - octet_length(payload) AS before
                   FROM outbox WHERE bucket = ANY ($1) ORDER BY id LIMIT $2) AS oldest
             WHERE before < $3
             ORDER BY id",
        )
        .bind(buckets)
        .bind(ROWS)
        .bind(BYTES)
        .fetch_all(db.pool())
        .await?;
        rows.iter().map(Row::of).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Hands all rows of `buckets` over in order, then awaits their acknowledgements.
    pub(super) async fn publish(self, producer: &Producer, buckets: &[i16]) -> Outcome {
        let mut sent: Vec<(i64, Uuid, Pending)> = Vec::with_capacity(self.0.len());
        let mut outcome = Outcome::default();
        for row in self.0.iter().filter(|row| buckets.contains(&row.bucket)) {
            match producer.enqueue(&row.outgoing) {
                Ok(pending) => sent.push((row.id, row.aggregate, pending)),
                // The client's queue is full: the rest is the next page's.
                Err(SendError::Full) => break,
                Err(error) => {
                    outcome.error = Some(error);
                    break;
                }
            }
        }
        let acknowledgements = sent
            .into_iter()
            .map(|(id, aggregate, pending)| async move { (id, aggregate, pending.outcome().await) });
        outcome.settle(
            join_all(acknowledgements)
                .await
                .into_iter()
                .map(|(id, aggregate, result)| (id, aggregate, result.map(|_| ()))),
        );
        outcome
    }
}

impl Outcome {
    /// Published is what was acknowledged, unless an earlier event of the same aggregate was not: that one is yet to
    /// come, and this one must come again after it.
    fn settle(&mut self, results: impl IntoIterator<Item = (i64, Uuid, Result<(), SendError>)>) {
        let mut held_up = HashSet::new();
        for (id, aggregate, result) in results {
            if let Err(error) = result {
                held_up.insert(aggregate);
                self.error.get_or_insert(error);
            } else if !held_up.contains(&aggregate) {
                self.published.push(id);
            }
        }
    }
}

impl Row {
    fn of(row: &sqlx::postgres::PgRow) -> Result<Self, sqlx::Error> {
        let headers: Vec<(String, String)> = serde_json::from_str(row.try_get("headers")?)
            .map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        Ok(Self {
            id: row.try_get("id")?,
            bucket: row.try_get("bucket")?,
            aggregate: row.try_get("aggregate_id")?,
            outgoing: Outgoing {
                topic: row.try_get::<String, _>("topic")?.into(),
                key: row.try_get("key")?,
                headers: headers.into_iter().map(|(name, value)| (name.into(), value)).collect(),
                payload: row.try_get("payload")?,
            },
        })
    }
}

/// Removes rows that were published.
pub(super) async fn delete(db: &Db, ids: &[i64]) -> Result<(), sqlx::Error> {
    if !ids.is_empty() {
        sqlx::query("DELETE FROM outbox WHERE id = ANY ($1)").bind(ids).execute(db.pool()).await?;
    }
    Ok(())
}

/// How many rows of `buckets` wait, and how long the oldest has.
pub(super) async fn waiting(db: &Db, buckets: &[i16]) -> Result<(i64, Duration), sqlx::Error> {
    let (rows, seconds): (i64, f64) = sqlx::query_as(
        "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8
         FROM outbox WHERE bucket = ANY ($1)",
    )
    .bind(buckets)
    .fetch_one(db.pool())
    .await?;
    Ok((rows, Duration::try_from_secs_f64(seconds).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_an_unpublished_event_of_its_aggregate_is_not_done_either() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut outcome = Outcome::default();
        outcome.settle([(1, a, Ok(())), (2, b, Err(SendError::TimedOut)), (3, a, Ok(())), (4, b, Ok(()))]);
        assert_eq!(outcome.published, [1, 3]);
        assert_eq!(outcome.error, Some(SendError::TimedOut));
    }
}
