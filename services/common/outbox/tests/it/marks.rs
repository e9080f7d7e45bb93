//! What writers promise of their topics: no guess where they know better.

use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use redress_devstack::shared;
use redress_domain::{Clock as _, whole_microseconds};
use redress_messaging::{LogReader, MARKS, Producer, TopicSpec, ensure_topics};
use redress_outbox::{Guard, MIGRATOR, Relay, Subscription, Wake, Watermark, enqueue, watermarks};
use redress_postgres::{Db, migrate};
use redress_testkit::{TestDatabase, wait_until};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ledger::{Ledger, SOURCE, WallClock, event};
use crate::world::{LIMIT, World, aggregate, connect, stream};

/// Nobody writes it.
const QUIET: &str = "test.quiet.v1";

/// Another service, which writes the source.
struct Writer {
    _database: TestDatabase,
    db: Db,
}

impl Writer {
    async fn new() -> Self {
        let database = TestDatabase::create(shared().await, "writer").await;
        let db = connect(&database);
        migrate(&db, &[&MIGRATOR]).await.unwrap();
        Self { _database: database, db }
    }

    fn start(&self, world: &World) -> (CancellationToken, JoinHandle<()>) {
        let producer = Producer::for_relay(&world.kafka).unwrap();
        let relay = Relay::new(self.db.clone(), producer, "writer", Wake::default()).marking([SOURCE]);
        let stop = CancellationToken::new();
        let running = relay.run(stop.clone());
        (stop, tokio::spawn(async move { running.await.unwrap() }))
    }

    /// Decides something, as long ago as now.
    async fn record(&self, n: u128) -> Timestamp {
        let now = WallClock.now();
        let mut tx = self.db.pool().begin().await.unwrap();
        enqueue(&mut tx, &[event(SOURCE, aggregate(n), 1, b"ok")]).await.unwrap();
        tx.commit().await.unwrap();
        now
    }

    /// Lets another relay have all buckets but the first, and do nothing with them.
    async fn hold_up(&self, held_up: bool) {
        let statement = if held_up {
            "UPDATE outbox_lease SET holder = 'asleep', expires_at = now() + interval '1 hour' WHERE bucket > 0"
        } else {
            "UPDATE outbox_lease SET holder = NULL, expires_at = NULL WHERE holder = 'asleep'"
        };
        sqlx::query(statement).execute(&self.db).await.unwrap();
    }

    /// Lets its own input have been read up to a time.
    async fn has_read(&self, through: Timestamp) {
        sqlx::query(
            "INSERT INTO progress (topic, partition, next_offset, applied_through, adopts)
             VALUES ('test.input.v1', 0, 0, $1, false)
             ON CONFLICT (topic, partition) DO UPDATE SET applied_through = excluded.applied_through",
        )
        .bind(through.to_sqlx())
        .execute(&self.db)
        .await
        .unwrap();
    }
}

async fn mark_of(world: &World, topic: &str) -> Option<Watermark> {
    watermarks(&world.db, &[topic]).await.unwrap().pop()
}

async fn applied(world: &World, topic: &str) -> Option<Timestamp> {
    mark_of(world, topic).await?.applied_through
}

/// Until everything that a guess would allow beyond `at` is allowed: as the watermark of a topic says whose writer makes no
/// promises.
async fn guess_passes(world: &World, at: Timestamp) {
    wait_until("the guess has passed it", LIMIT, async || {
        applied(world, QUIET).await.filter(|through| *through > at)
    })
    .await;
}

/// Reads the source as written by `writer`, which makes promises; and a topic of which nobody makes any.
async fn reading(world: &World) -> crate::world::Running {
    let source = Subscription::new(SOURCE, Guard::Version, Ledger::default());
    let quiet = Subscription::new(QUIET, Guard::Own, Ledger::default());
    let spec = TopicSpec { name: QUIET, partitions: 1, retention: Duration::from_hours(1) };
    ensure_topics(&world.kafka, &[spec]).await.unwrap();
    let (group, wake) = world.group_of(vec![source, quiet]);
    let running = world.start_group(group, wake);
    wait_until("promises are kept", LIMIT, async || {
        let kept =
            world.count("progress WHERE caused_through IS NOT NULL AND topic = 'test.source.v1'").await;
        (kept == i64::from(crate::world::PARTITIONS)).then_some(())
    })
    .await;
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_writer_publishes_late_holds_its_readers_back_however_late_it_is() {
    let (world, writer) = (World::new().await, Writer::new().await);
    writer.hold_up(true).await;
    let (stop, relaying) = writer.start(&world);
    let running = reading(&world).await;
    let recorded = writer.record(1).await;
    guess_passes(&world, recorded).await;
    // Younger ones come through in all partitions meanwhile.
    world.produce(stream(20, 1).skip(2)).await;
    world.wait_for_ledger(18).await;
    guess_passes(&world, applied(&world, QUIET).await.unwrap()).await;
    assert!(applied(&world, SOURCE).await.unwrap() < recorded, "it is still to come");
    writer.hold_up(false).await;
    wait_until("it came, and the watermark passes it", LIMIT, async || {
        applied(&world, SOURCE).await.filter(|through| *through > recorded)
    })
    .await;
    assert_eq!(world.applied().await[&aggregate(1)], [1]);
    stop.cancel();
    relaying.await.unwrap();

    // A writer that is down: what it has decided and not published is known to nobody.
    let down_from = WallClock.now();
    guess_passes(&world, down_from).await;
    assert!(applied(&world, SOURCE).await.unwrap() < down_from);
    let (stop, relaying) = writer.start(&world);
    wait_until("it is up again", LIMIT, async || {
        applied(&world, SOURCE).await.filter(|through| *through > down_from)
    })
    .await;
    stop.cancel();
    relaying.await.unwrap();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_in_a_transaction_that_takes_long_holds_its_readers_back_too() {
    let (world, writer) = (World::new().await, Writer::new().await);
    let (stop, relaying) = writer.start(&world);
    let running = reading(&world).await;
    let recorded = WallClock.now();
    let mut tx = writer.db.pool().begin().await.unwrap();
    enqueue(&mut tx, &[event(SOURCE, aggregate(1), 1, b"ok")]).await.unwrap();
    // Long enough for promises of later than that to be made and read, if any were.
    let much_later = recorded + jiff::SignedDuration::from_secs(3);
    wait_until("the guess has passed it by seconds", LIMIT, async || {
        // The server ends a transaction that does nothing.
        sqlx::query("SELECT 1").execute(&mut *tx).await.unwrap();
        applied(&world, QUIET).await.filter(|through| *through > much_later)
    })
    .await;
    assert!(applied(&world, SOURCE).await.unwrap() < recorded, "it may still be recorded");
    tx.commit().await.unwrap();
    wait_until("it came, and the watermark passes it", LIMIT, async || {
        applied(&world, SOURCE).await.filter(|through| *through > recorded)
    })
    .await;
    assert_eq!(world.applied().await[&aggregate(1)], [1]);
    stop.cancel();
    relaying.await.unwrap();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_lags_behind_its_own_inputs_says_so_and_is_waited_for() {
    let (world, writer) = (World::new().await, Writer::new().await);
    let lagging_at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    writer.has_read(lagging_at).await;
    let (stop, relaying) = writer.start(&world);
    let running = reading(&world).await;
    let begun = whole_microseconds(WallClock.now());
    wait_until("what it recorded by itself is read", LIMIT, async || {
        applied(&world, SOURCE).await.filter(|through| *through >= begun)
    })
    .await;
    let caused = async || mark_of(&world, SOURCE).await.unwrap().caused_through.unwrap();
    assert_eq!(caused().await, lagging_at);
    writer.has_read(begun).await;
    wait_until("it has caught up", LIMIT, async || (caused().await == begun).then_some(())).await;
    stop.cancel();
    relaying.await.unwrap();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_relays_one_makes_the_promises_and_another_when_it_is_gone() {
    let (world, writer) = (World::new().await, Writer::new().await);
    let marks = LogReader::following(&world.kafka, MARKS.name, 10).unwrap();
    let heard = async |what: &str| {
        wait_until(what, LIMIT, async || {
            let news = marks.off_the_runtime(|marks| Ok(marks.news())).await.unwrap();
            (!news.is_empty()).then_some(())
        })
        .await;
    };
    sqlx::query("UPDATE outbox_lease SET holder = 'asleep', expires_at = now() + interval '3 seconds'")
        .execute(&writer.db)
        .await
        .unwrap();
    let asleep_until = WallClock.now() + jiff::SignedDuration::from_millis(2_500);
    let (stop, relaying) = writer.start(&world);
    heard("there are marks once the bucket is free").await;
    assert!(WallClock.now() >= asleep_until, "another one's bucket, another one's promise");
    stop.cancel();
    relaying.await.unwrap();
    let (stop, relaying) = writer.start(&world);
    heard("the next goes on").await;
    stop.cancel();
    relaying.await.unwrap();
}
