use std::collections::HashSet;

use futures::future::join_all;
use redress_messaging::{Outgoing, Pending, Producer, SendError};
use redress_postgres::Db;
use sqlx::Row as _;
use uuid::Uuid;

use super::held::{HeldUp, Refusal};

/// Rows per page at most.
const ROWS: i64 = 1_000;
/// Bytes per page, after which it takes no further row.
const BYTES: i64 = 8 << 20;

/// Rows that wait, oldest first.
pub(super) struct Page(Vec<Row>);

struct Row {
    place: Place,
    bucket: i16,
    outgoing: Outgoing,
}

/// What a row is known by. An id alone is not enough: a database that was restored gives it away again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: i64,
    pub(super) aggregate: Uuid,
    pub(super) version: i64,
}

/// What became of a page.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// To be deleted.
    pub(super) published: Vec<Place>,
    /// What kept others from being published; one per topic or aggregate.
    pub(super) refusals: Vec<Refusal>,
    topics: HashSet<String>,
    aggregates: HashSet<Uuid>,
}

impl Page {
    /// Reads the oldest rows of `buckets`, those left out that are held up.
    pub(super) async fn read(db: &Db, buckets: &[i16], held_up: &HeldUp) -> Result<Self, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT id, bucket, aggregate_id, aggregate_version, topic, key, headers::text AS headers, payload
             FROM (SELECT *, sum(octet_length(payload)) OVER (ORDER BY id) - octet_length(payload) AS before
                   FROM outbox
                   WHERE bucket = ANY ($1) AND topic <> ALL ($4) AND aggregate_id <> ALL ($5)
                   ORDER BY id LIMIT $2) AS oldest
             WHERE before < $3
             ORDER BY id",
        )
        .bind(buckets)
        .bind(ROWS)
        .bind(BYTES)
        .bind(held_up.topics())
        .bind(held_up.aggregates())
        .fetch_all(db)
        .await?;
        rows.iter().map(Row::of).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Hands the rows of `buckets` over in order, then awaits their acknowledgements. Rows behind one that is refused at
    /// once, of its topic or aggregate, are left out.
    pub(super) async fn publish(self, producer: &Producer, buckets: &[i16]) -> Outcome {
        let mut outcome = Outcome::default();
        let mut sent: Vec<(&Row, Pending)> = Vec::with_capacity(self.0.len());
        for row in self.0.iter().filter(|row| buckets.contains(&row.bucket)) {
            if outcome.holds_up(row.place.aggregate, &row.outgoing.topic) {
                continue;
            }
            match producer.enqueue(&row.outgoing) {
                Ok(pending) => sent.push((row, pending)),
                // The client's queue is full: the rest is the next page's.
                Err(SendError::Full) => break,
                Err(error) => outcome.refuse(row.place.aggregate, &row.outgoing.topic, error),
            }
        }
        let acknowledgements =
            sent.into_iter().map(async |(row, pending)| (row, pending.outcome().await.map(|_| ())));
        for (row, result) in join_all(acknowledgements).await {
            outcome.settle(row.place, &row.outgoing.topic, result);
        }
        outcome
    }
}

impl Outcome {
    /// Published is what was acknowledged, unless an earlier event of the same aggregate was not: that one is yet to
    /// come, and this one must come again after it.
    fn settle(&mut self, place: Place, topic: &str, result: Result<(), SendError>) {
        match result {
            Err(error) => self.refuse(place.aggregate, topic, error),
            Ok(()) if self.holds_up(place.aggregate, topic) => {}
            Ok(()) => self.published.push(place),
        }
    }

    fn holds_up(&self, aggregate: Uuid, topic: &str) -> bool {
        self.topics.contains(topic) || self.aggregates.contains(&aggregate)
    }

    fn refuse(&mut self, aggregate: Uuid, topic: &str, error: SendError) {
        if matches!(error, SendError::Refused(_)) {
            if self.topics.insert(topic.to_owned()) {
                self.refusals.push(Refusal::Topic(topic.to_owned(), error));
            }
        } else if self.aggregates.insert(aggregate) {
            self.refusals.push(Refusal::Aggregate(aggregate, error));
        }
    }
}

impl Row {
    fn of(row: &sqlx::postgres::PgRow) -> Result<Self, sqlx::Error> {
        let headers: Vec<(String, String)> = serde_json::from_str(row.try_get("headers")?)
            .map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        Ok(Self {
            place: Place {
                id: row.try_get("id")?,
                aggregate: row.try_get("aggregate_id")?,
                version: row.try_get("aggregate_version")?,
            },
            bucket: row.try_get("bucket")?,
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
pub(super) async fn delete(db: &Db, published: &[Place]) -> Result<(), sqlx::Error> {
    if published.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM outbox
         WHERE id = ANY ($1)
           AND (id, aggregate_id, aggregate_version)
               IN (SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[]))",
    )
    .bind(published.iter().map(|place| place.id).collect::<Vec<_>>())
    .bind(published.iter().map(|place| place.aggregate).collect::<Vec<_>>())
    .bind(published.iter().map(|place| place.version).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
