use std::sync::Arc;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use redress_messaging::{Headers, Record};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgExecutor, Row as _};
use uuid::Uuid;

use crate::consume::plan::{Cause, Chain, Identity};

/// A record to be set aside.
#[derive(Debug, Clone)]
pub(crate) struct Parked {
    pub(crate) record: Arc<Record>,
    pub(crate) incarnation: i32,
    /// When the event was recorded, as far as can be known.
    pub(crate) event_at: Timestamp,
    pub(crate) tenant: Option<String>,
    pub(crate) event_type: Option<String>,
    pub(crate) identity: Option<Identity>,
    pub(crate) cause: Cause,
    pub(crate) attempts: i32,
}

/// Writes records aside, with one statement.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    topic: &str,
    parked: &[Parked],
) -> Result<(), sqlx::Error> {
    if parked.is_empty() {
        return Ok(());
    }
    let records = || parked.iter().map(|parked| &*parked.record);
    let headers = records().map(|record| to_json(&record.headers)).collect::<Result<Vec<_>, _>>()?;
    sqlx::query(
        "INSERT INTO parked_event (topic, incarnation, partition, log_offset, key, headers, payload, recorded_at, event_at,
                                   tenant, aggregate_id, aggregate_version, event_type, cause, detail, attempts)
         SELECT $1, incarnation, partition, log_offset, key, headers::json, payload, recorded_at, event_at,
                tenant, aggregate_id, aggregate_version, event_type, cause, detail, attempts
         FROM unnest($2::integer[], $3::integer[], $4::bigint[], $5::bytea[], $6::text[], $7::bytea[],
                     $8::timestamptz[], $9::text[], $10::uuid[], $11::bigint[], $12::text[], $13::text[],
                     $14::text[], $15::integer[], $16::timestamptz[]) WITH ORDINALITY
              AS r(incarnation, partition, log_offset, key, headers, payload, recorded_at,
                   tenant, aggregate_id, aggregate_version, event_type, cause, detail, attempts, event_at, place)
         ORDER BY place
         ON CONFLICT DO NOTHING",
    )
    .bind(topic)
    .bind(parked.iter().map(|parked| parked.incarnation).collect::<Vec<_>>())
    .bind(records().map(|record| record.partition).collect::<Vec<_>>())
    .bind(records().map(|record| record.offset).collect::<Vec<_>>())
    .bind(records().map(|record| record.key.as_deref()).collect::<Vec<_>>())
    .bind(headers)
    .bind(records().map(|record| record.payload.as_slice()).collect::<Vec<_>>())
    .bind(records().map(|record| record.timestamp.to_sqlx()).collect::<Vec<_>>())
    .bind(parked.iter().map(|parked| parked.tenant.as_deref()).collect::<Vec<_>>())
    .bind(parked.iter().map(|parked| parked.identity.map(|i| i.aggregate)).collect::<Vec<_>>())
    .bind(parked.iter().map(|parked| parked.identity.map(|i| i.version)).collect::<Vec<_>>())
    .bind(parked.iter().map(|parked| parked.event_type.as_deref()).collect::<Vec<_>>())
    .bind(parked.iter().map(|parked| parked.cause.kind.code()).collect::<Vec<_>>())
    .bind(parked.iter().map(|parked| &*parked.cause.detail).collect::<Vec<_>>())
    .bind(parked.iter().map(|parked| parked.attempts).collect::<Vec<_>>())
    .bind(parked.iter().map(|parked| parked.event_at.to_sqlx()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Where a record was set aside from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) topic: Arc<str>,
    pub(crate) incarnation: i32,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

impl Place {
    /// As operators name it.
    pub(crate) fn named(&self) -> (String, i32, i64) {
        (self.topic.to_string(), self.partition, self.offset)
    }
}

/// A record of a chain.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) place: Place,
    /// Empty where it could not be read.
    tenant: String,
    pub(crate) record: Arc<Record>,
    /// Given up: it has no effect, but its version counts as seen.
    pub(crate) discarded: bool,
    /// -1 where it has none, or none could be read.
    version: i64,
}

/// How much of a chain is read at once: with their payloads a hundred records are some hundred kilobytes.
const PAGE: i64 = 100;

/// The records of one chain that wait, and those given up among them, in the order in which they are to be applied: the
/// first of them, or the first behind `after`. None if there are no more.
///
/// By version: what was parked behind a gap may have a lower version than what made the gap.
pub(crate) async fn chain(
    database: impl PgExecutor<'_>,
    topic: &str,
    (tenant, key): &Chain,
    after: Option<&Link>,
) -> Result<Vec<Link>, sqlx::Error> {
    let first = (i64::MIN, i32::MIN, i32::MIN, i64::MIN);
    let (version, incarnation, partition, offset) = after.map_or(first, |link| {
        (link.version, link.place.incarnation, link.place.partition, link.place.offset)
    });
    let rows = sqlx::query(
        "SELECT topic, incarnation, partition, log_offset, coalesce(tenant, '') AS tenant, key,
                headers::text AS headers, payload, recorded_at, status, coalesce(aggregate_version, -1) AS version
         FROM parked_event
         WHERE topic = $1 AND key = $2 AND coalesce(tenant, '') = $3 AND status <> 'redriven'
           AND (coalesce(aggregate_version, -1), incarnation, partition, log_offset) > ($4, $5, $6, $7)
         ORDER BY coalesce(aggregate_version, -1), incarnation, partition, log_offset
         LIMIT $8",
    )
    .bind(topic)
    .bind(key)
    .bind(tenant)
    .bind(version)
    .bind(incarnation)
    .bind(partition)
    .bind(offset)
    .bind(PAGE)
    .fetch_all(database)
    .await?;
    rows.iter().map(link).collect()
}

/// How many records of a chain wait.
pub(crate) async fn waiting_in(
    database: impl PgExecutor<'_>,
    topic: &str,
    (tenant, key): &Chain,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT count(*) FROM parked_event
         WHERE topic = $1 AND key = $2 AND coalesce(tenant, '') = $3 AND status = 'parked'",
    )
    .bind(topic)
    .bind(key)
    .bind(tenant)
    .fetch_one(database)
    .await
}

/// One record that waits and has no key.
pub(crate) async fn single(
    database: impl PgExecutor<'_>,
    place: &Place,
) -> Result<Option<Link>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT topic, incarnation, partition, log_offset, coalesce(tenant, '') AS tenant, key,
                headers::text AS headers, payload, recorded_at, status, coalesce(aggregate_version, -1) AS version
         FROM parked_event
         WHERE topic = $1 AND incarnation = $2 AND partition = $3 AND log_offset = $4 AND status = 'parked'",
    )
    .bind(&*place.topic)
    .bind(place.incarnation)
    .bind(place.partition)
    .bind(place.offset)
    .fetch_optional(database)
    .await?;
    row.as_ref().map(link).transpose()
}

fn link(row: &sqlx::postgres::PgRow) -> Result<Link, sqlx::Error> {
    let topic: Arc<str> = row.try_get::<String, _>("topic")?.into();
    let place = Place {
        topic: Arc::clone(&topic),
        incarnation: row.try_get("incarnation")?,
        partition: row.try_get("partition")?,
        offset: row.try_get("log_offset")?,
    };
    let record = Record {
        topic,
        partition: place.partition,
        offset: place.offset,
        timestamp: row.try_get::<jiff_sqlx::Timestamp, _>("recorded_at")?.to_jiff(),
        key: row.try_get("key")?,
        headers: from_json(row.try_get("headers")?)?,
        payload: row.try_get("payload")?,
    };
    let discarded = row.try_get::<&str, _>("status")? == "discarded";
    let (tenant, version) = (row.try_get("tenant")?, row.try_get("version")?);
    Ok(Link { place, tenant, record: Arc::new(record), discarded, version })
}

/// How a waiting record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    Redriven,
    Discarded,
}

/// Ends the waiting of one record. Fails with SQLSTATE 22012 if it does not wait any more.
pub(crate) async fn settle(
    database: impl PgExecutor<'_>,
    place: &Place,
    how: Settled,
    actor: &str,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let status = match how {
        Settled::Redriven => "redriven",
        Settled::Discarded => "discarded",
    };
    sqlx::query(
        "WITH settled AS (
             UPDATE parked_event SET status = $5, settled_at = now(), settled_by = $6, reason = $7
             WHERE topic = $1 AND incarnation = $2 AND partition = $3 AND log_offset = $4 AND status = 'parked'
             RETURNING 1
         )
         SELECT 1 / (SELECT count(*) FROM settled)",
    )
    .bind(&*place.topic)
    .bind(place.incarnation)
    .bind(place.partition)
    .bind(place.offset)
    .bind(status)
    .bind(actor)
    .bind(reason)
    .execute(database)
    .await?;
    Ok(())
}

/// Notes that applying a waiting record failed again.
pub(crate) async fn failed_again(
    database: impl PgExecutor<'_>,
    place: &Place,
    cause: &Cause,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE parked_event SET attempts = attempts + 1, cause = $5, detail = $6
         WHERE topic = $1 AND incarnation = $2 AND partition = $3 AND log_offset = $4 AND status = 'parked'",
    )
    .bind(&*place.topic)
    .bind(place.incarnation)
    .bind(place.partition)
    .bind(place.offset)
    .bind(cause.kind.code())
    .bind(&*cause.detail)
    .execute(database)
    .await?;
    Ok(())
}

/// How many records of each topic wait.
pub(crate) async fn waiting_by_topic(
    database: impl PgExecutor<'_>,
    topics: &[&'static str],
) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT asked.topic,
                (SELECT count(*) FROM parked_event AS event WHERE event.topic = asked.topic AND event.status = 'parked')
         FROM unnest($1::text[]) AS asked (topic)",
    )
    .bind(topics)
    .fetch_all(database)
    .await
}

/// A header's value in JSON: as text where it is one.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Hex { hex: String },
}

fn to_json(headers: &Headers) -> Result<String, sqlx::Error> {
    let readable: Vec<(&str, Value)> = headers
        .iter()
        .map(|(name, value)| {
            let value = match std::str::from_utf8(value) {
                Ok(text) => Value::Text(text.to_owned()),
                Err(_) => Value::Hex { hex: hex::encode(value) },
            };
            (name.as_str(), value)
        })
        .collect();
    serde_json::to_string(&readable).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

fn from_json(text: &str) -> Result<Headers, sqlx::Error> {
    let readable: Vec<(String, Value)> =
        serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    readable
        .into_iter()
        .map(|(name, value)| match value {
            Value::Text(text) => Ok((name, text.into_bytes())),
            Value::Hex { hex } => {
                hex::decode(hex).map(|bytes| (name, bytes)).map_err(|e| sqlx::Error::Decode(Box::new(e)))
            }
        })
        .collect()
}

impl Link {
    pub(crate) fn chain(&self) -> Option<Chain> {
        self.record.key.as_ref().map(|key| (self.tenant.clone(), key.clone()))
    }
}

/// The last version of an aggregate that was applied; a write on an outdated answer fails.
pub(crate) async fn last_version(
    database: impl PgExecutor<'_>,
    topic: &str,
    aggregate: Uuid,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT last_version FROM inbox WHERE stream = $1 AND aggregate_id = $2")
        .bind(topic)
        .bind(aggregate)
        .fetch_optional(database)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn headers_survive_the_way_through_the_table(
            headers in proptest::collection::vec(("[a-z_]{1,8}", proptest::collection::vec(any::<u8>(), 0..9)), 0..5),
        ) {
            prop_assert_eq!(from_json(&to_json(&headers).unwrap()).unwrap(), headers);
        }
    }
}
