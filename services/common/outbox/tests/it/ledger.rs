//! A service in small: it notes each event it applies in a table without unique constraints, so that what happens twice
//! or in disorder shows, and publishes an event of its own for each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use redress_domain::Clock;
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError, OutboxEvent, enqueue};
use sqlx::PgConnection;
use uuid::Uuid;

/// What the ledger reads.
pub(crate) const SOURCE: &str = "test.source.v1";
/// What it publishes.
pub(crate) const SINK: &str = "test.sink.v1";

pub(crate) const SCHEMA: &str = "
    CREATE TABLE ledger (
        seq       bigserial PRIMARY KEY,
        aggregate uuid   NOT NULL,
        version   bigint NOT NULL,
        text      text   NOT NULL
    )";

/// Applies whatever it is told, unless the text of the event says otherwise.
#[derive(Clone, Default)]
pub(crate) struct Ledger {
    /// Whether poison has become harmless.
    pub(crate) mended: Arc<AtomicBool>,
    /// Whether what the handler needs is away.
    pub(crate) away: Arc<AtomicBool>,
    /// Milliseconds that each batch takes.
    pub(crate) takes_ms: Arc<AtomicU32>,
    /// Bytes of the largest batch so far.
    pub(crate) largest: Arc<AtomicUsize>,
}

#[async_trait]
impl BatchHandler for Ledger {
    type Event = String;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<String>, DecodeError> {
        if meta.event_type != "test.v1.Noted" {
            return Ok(None);
        }
        match std::str::from_utf8(payload) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) if self.mended.load(Ordering::Relaxed) => Ok(Some("mended".to_owned())),
            Err(_) => Err(DecodeError::new("the text is no UTF-8")),
        }
    }

    async fn apply(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<String>],
    ) -> Result<(), HandlerError> {
        let bytes = batch.iter().map(|delivery| delivery.record.size()).sum();
        self.largest.fetch_max(bytes, Ordering::Relaxed);
        if self.away.load(Ordering::Relaxed) {
            return Err(HandlerError::Unavailable("the test says so".into()));
        }
        if !self.mended.load(Ordering::Relaxed) {
            if batch.iter().any(|delivery| *delivery.event == "refuse") {
                return Err(HandlerError::poison("the rules refuse it"));
            }
            assert!(!batch.iter().any(|delivery| *delivery.event == "panic"), "told to panic");
        }
        let takes_seconds = f64::from(self.takes_ms.load(Ordering::Relaxed)) / 1_000.0;
        sqlx::query("SELECT pg_sleep($1)").bind(takes_seconds).execute(&mut *connection).await?;
        sqlx::query(
            "INSERT INTO ledger (aggregate, version, text)
             SELECT aggregate, version, text
             FROM unnest($1::uuid[], $2::bigint[], $3::text[]) WITH ORDINALITY AS n(aggregate, version, text, place)
             ORDER BY place",
        )
        .bind(batch.iter().map(|delivery| delivery.meta.subject).collect::<Vec<_>>())
        .bind(batch.iter().map(|delivery| delivery.meta.version.unwrap_or(0)).collect::<Vec<_>>())
        .bind(batch.iter().map(|delivery| delivery.event.as_str()).collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
        let events: Vec<OutboxEvent> = batch
            .iter()
            .filter_map(|delivery| {
                let version = delivery.meta.version?;
                Some(event(SINK, delivery.meta.subject, version, delivery.event.as_bytes()))
            })
            .collect();
        enqueue(connection, &events).await?;
        Ok(())
    }
}

pub(crate) fn event(topic: &'static str, aggregate: Uuid, version: i64, payload: &[u8]) -> OutboxEvent {
    OutboxEvent {
        topic: topic.into(),
        key: aggregate.to_string(),
        meta: meta(aggregate, version),
        payload: payload.to_vec(),
    }
}

pub(crate) fn meta(aggregate: Uuid, version: i64) -> EventMeta {
    EventMeta {
        event_id: Uuid::from_u128(aggregate.as_u128() ^ (u128::from(version.unsigned_abs()) << 64)),
        event_type: "test.v1.Noted".into(),
        source: "/redress/test".into(),
        tenant: "acme".parse().unwrap(),
        subject: aggregate,
        version: Some(version),
        occurred_at: Timestamp::UNIX_EPOCH,
        recorded_at: None,
        actor: None,
        decided_by: None,
        causation: None,
        correlation: None,
        traceparent: None,
        tracestate: None,
    }
}

/// The clock on the wall.
pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
