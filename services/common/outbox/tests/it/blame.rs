//! Who is to blame for a batch that fails: a record, or nobody.

use async_trait::async_trait;
use redress_messaging::{EventMeta, Outgoing};
use redress_outbox::{BatchHandler, DecodeError, Delivery, Guard, HandlerError};
use redress_postgres::{Db, PostgresConfig};
use redress_testkit::wait_until;
use sqlx::PgConnection;

use crate::ledger::{Ledger, SOURCE, meta};
use crate::world::{LIMIT, World, aggregate, stream};

#[tokio::test(flavor = "multi_thread")]
async fn while_a_table_is_missing_the_batch_waits_and_nothing_is_parked() {
    let world = World::new().await;
    sqlx::query("ALTER TABLE ledger RENAME TO hidden").execute(&world.db).await.unwrap();
    world.produce(stream(10, 2)).await;
    let running = world.start(Ledger::default());
    wait_until("the partitions are shown as paused", LIMIT, async || {
        let status = crate::admin::consumers(&running.admin).await;
        let parked = world.count("parked_event").await > 0;
        (parked || status.iter().any(|partition| partition.paused)).then_some(())
    })
    .await;
    assert_eq!(world.count("parked_event").await, 0, "no record is to blame");
    sqlx::query("ALTER TABLE hidden RENAME TO ledger").execute(&world.db).await.unwrap();
    world.wait_for_ledger(20).await;
    world.check(10, 2).await;
    running.stop().await;
}

/// A ledger that takes its time, by the number of records.
struct Slow(Ledger);

#[async_trait]
impl BatchHandler for Slow {
    type Event = String;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<String>, DecodeError> {
        self.0.decode(meta, payload)
    }

    async fn apply(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<String>],
    ) -> Result<(), HandlerError> {
        let seconds = f64::from(u32::try_from(batch.len()).unwrap()) / 100.0;
        sqlx::query("SELECT pg_sleep($1)").bind(seconds).execute(&mut *connection).await?;
        self.0.apply(connection, batch).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_takes_too_long_is_cut_in_two_and_nobody_is_blamed() {
    let mut world = World::new().await;
    let url = world.database.url.as_str();
    let config =
        PostgresConfig { statement_timeout_ms: 1_500, lock_timeout_ms: 1_000, ..PostgresConfig::at(url) };
    world.db = Db::connect(&config, "slow").unwrap();
    world.produce(stream(400, 1)).await;
    let (group, wake) = world.group(Guard::Version, Slow(Ledger::default()));
    let running = world.start_group(group, wake);
    world.wait_for_ledger(400).await;
    world.check(400, 1).await;
    assert_eq!(world.count("parked_event").await, 0);
    running.stop().await;
}

/// A ledger whose refusals cannot be written down as they are.
struct Odd(Ledger);

#[async_trait]
impl BatchHandler for Odd {
    type Event = String;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<String>, DecodeError> {
        if payload == b"odd" {
            return Err(DecodeError::new("odd \0"));
        }
        self.0.decode(meta, payload)
    }

    async fn apply(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<String>],
    ) -> Result<(), HandlerError> {
        self.0.apply(connection, batch).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_which_the_database_refuses_something_is_parked_without_that() {
    let world = World::new().await;
    world.produce(stream(30, 1)).await;
    world.produce([(meta(aggregate(7), 2), b"odd".to_vec())]).await;
    world.produce((0..30).filter(|n| *n != 7).map(|n| (meta(aggregate(n), 2), b"ok".to_vec()))).await;
    let (group, wake) = world.group(Guard::Version, Odd(Ledger::default()));
    let running = world.start_group(group, wake);
    world.wait_for_ledger(59).await;
    world.wait_for_parked(1).await;
    let (detail, event_type): (String, Option<String>) =
        sqlx::query_as("SELECT detail, event_type FROM parked_event").fetch_one(&world.db).await.unwrap();
    assert!(detail.starts_with("the database refuses"), "{detail}");
    assert_eq!(event_type, None);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn envelopes_that_no_table_holds_are_parked_and_all_others_flow() {
    let world = World::new().await;
    let odd = |n: u128, name: &'static str, value: &str| {
        let mut headers = EventMeta { version: None, ..meta(aggregate(n), 1) }.to_headers();
        headers.retain(|(known, _)| known != name);
        headers.push((name.into(), value.to_owned()));
        let key = aggregate(n).to_string();
        Outgoing { topic: SOURCE.into(), key, headers, payload: b"ok".to_vec() }
    };
    world.producer.send(odd(1, "ce_type", "test.v1\0")).await.unwrap();
    world.producer.send(odd(2, "ce_recordedtime", "-004999-01-01T00:00:00Z")).await.unwrap();
    // Behind them in each partition.
    world.produce((10..40).map(|n| (meta(aggregate(n), 1), b"ok".to_vec()))).await;
    let running = world.start(Ledger::default());
    world.wait_for_ledger(30).await;
    world.wait_for_parked(2).await;
    running.stop().await;
}
