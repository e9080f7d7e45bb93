use std::borrow::Cow;
use std::sync::Arc;

use redress_messaging::{EventMeta, partition_of};
use sqlx::PgConnection;
use thiserror::Error;
use tokio::sync::Notify;
use uuid::Uuid;

/// Buckets in all. Fixed: rows that wait are spread by it.
pub(crate) const BUCKETS: i16 = 64;

/// A larger event would be refused by the broker (1 MiB), and a row that can never be published holds up its aggregate.
const PAYLOAD_LIMIT: usize = 900 * 1024;

/// An event to be published once the transaction that decided it has committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEvent {
    /// Topic, without the installation's prefix.
    pub topic: Cow<'static, str>,
    /// Record key.
    pub key: String,
    /// Envelope. Its subject is the aggregate; its version is mandatory: contiguous per aggregate and topic, from 1.
    pub meta: EventMeta,
    /// The protobuf message that `meta.event_type` names; at most 900 KiB.
    pub payload: Vec<u8>,
}

/// Why an event cannot be enqueued; comes inside [`sqlx::Error::Encode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unpublishable {
    /// See [`OutboxEvent::payload`].
    #[error("an event is larger than 900 KiB")]
    TooLarge,
    /// See [`OutboxEvent::meta`].
    #[error("an event has no aggregate version")]
    NoVersion,
}

/// Writes `events` into the outbox, in their order, with one statement. Call within the transaction that decided them,
/// after it has locked their aggregates; then wake the relay when it has committed.
///
/// Errors: what the statement fails with; [`Unpublishable`], as an encoding error, if an event cannot be published.
pub async fn enqueue(connection: &mut PgConnection, events: &[OutboxEvent]) -> Result<(), sqlx::Error> {
    if events.is_empty() {
        return Ok(());
    }
    let rows = events.iter().map(Row::of).collect::<Result<Vec<_>, _>>()?;
    sqlx::query(
        "INSERT INTO outbox (bucket, aggregate_id, aggregate_version, topic, key, headers, payload)
         SELECT bucket, aggregate_id, aggregate_version, topic, key, headers::json, payload
         FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bytea[])
              WITH ORDINALITY AS e(bucket, aggregate_id, aggregate_version, topic, key, headers, payload, place)
         -- Ids follow the order of the events.
         ORDER BY place",
    )
    .bind(rows.iter().map(|row| row.bucket).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.aggregate).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.version).collect::<Vec<_>>())
    .bind(events.iter().map(|event| &*event.topic).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.key.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.headers.as_str()).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.payload.as_slice()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// What a row has that the event does not have in this form.
struct Row {
    bucket: i16,
    aggregate: Uuid,
    version: i64,
    headers: String,
}

impl Row {
    fn of(event: &OutboxEvent) -> Result<Self, sqlx::Error> {
        let refused = |why: Unpublishable| sqlx::Error::Encode(Box::new(why));
        if event.payload.len() > PAYLOAD_LIMIT {
            return Err(refused(Unpublishable::TooLarge));
        }
        let headers = serde_json::to_string(&event.meta.to_headers());
        Ok(Self {
            bucket: bucket_of(event.meta.subject),
            aggregate: event.meta.subject,
            version: event.meta.version.ok_or_else(|| refused(Unpublishable::NoVersion))?,
            headers: headers.map_err(|error| sqlx::Error::Encode(Box::new(error)))?,
        })
    }
}

fn bucket_of(aggregate: Uuid) -> i16 {
    let bucket = partition_of(aggregate.as_bytes(), i32::from(BUCKETS));
    i16::try_from(bucket).unwrap_or_default()
}

/// Tells the relay that something was committed; without it the relay looks every 50 ms. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Wake {
    own: Arc<Notify>,
    others: Vec<Arc<Notify>>,
}

impl Wake {
    /// Call after a commit that enqueued.
    pub fn wake(&self) {
        self.own.notify_one();
        for other in &self.others {
            other.notify_one();
        }
    }

    /// The same, waking whoever waits on `other` too: each needs one of its own, for a call wakes one that waits.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.others.push(Arc::clone(&other.own));
        self
    }

    /// Waits for a call; one that came before is not missed.
    pub async fn woken(&self) {
        self.own.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_is_one_of_the_leases() {
        for n in 0..10_000_u128 {
            assert!((0..BUCKETS).contains(&bucket_of(Uuid::from_u128(n << 64 | n))));
        }
    }
}
