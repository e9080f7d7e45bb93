//! What a handler does before its transaction.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, Guard, HandlerError};
use redress_proto::admin::v1::RedriveParkedRequest;
use redress_proto::admin::v1::admin_service_server::AdminService as _;
use redress_testkit::wait_until;
use sqlx::PgConnection;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::ledger::{Ledger, SOURCE, meta};
use crate::world::{LIMIT, Running, World, admin_request, aggregate, stream};

/// A ledger that needs something from outside for each event.
#[derive(Clone)]
struct Inquirer {
    ledger: Ledger,
    /// What it was asked to prepare, in order.
    asked: Arc<Mutex<Vec<(Uuid, i64)>>>,
    /// Whether what it asks is away.
    away: Arc<AtomicBool>,
    preparing: Gate,
    applying: Gate,
}

impl Inquirer {
    fn new() -> Self {
        Self {
            ledger: Ledger::default(),
            asked: Arc::default(),
            away: Arc::default(),
            preparing: Gate::open(),
            applying: Gate::open(),
        }
    }

    fn start(&self, world: &World) -> Running {
        let (group, wake) = world.group(Guard::Version, self.clone());
        world.start_group(group, wake)
    }
}

#[async_trait]
impl BatchHandler for Inquirer {
    type Event = String;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<String>, DecodeError> {
        self.ledger.decode(meta, payload)
    }

    async fn prepare(&self, batch: &[Delivery<String>]) -> Result<(), HandlerError> {
        self.preparing.pass().await;
        if self.away.load(Ordering::Relaxed) {
            return Err(HandlerError::Unavailable("the test says so".into()));
        }
        let asked = batch.iter().map(|delivery| (delivery.meta.subject, delivery.meta.version.unwrap()));
        self.asked.lock().unwrap().extend(asked);
        if !self.ledger.mended.load(Ordering::Relaxed) {
            if batch.iter().any(|delivery| *delivery.event == "unknown outside") {
                return Err(HandlerError::poison("nobody knows it"));
            }
            assert!(!batch.iter().any(|delivery| *delivery.event == "panic outside"), "told to panic");
        }
        Ok(())
    }

    async fn apply(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<String>],
    ) -> Result<(), HandlerError> {
        self.applying.pass().await;
        self.ledger.apply(connection, batch).await
    }
}

/// Holds up whoever comes until it is opened, for good.
#[derive(Clone)]
struct Gate {
    lock: Arc<Semaphore>,
    reached: Arc<AtomicBool>,
}

impl Gate {
    fn shut() -> Self {
        Self { lock: Arc::new(Semaphore::new(0)), reached: Arc::default() }
    }

    fn open() -> Self {
        let gate = Self::shut();
        gate.unlock();
        gate
    }

    fn unlock(&self) {
        self.lock.close();
    }

    async fn pass(&self) {
        self.reached.store(true, Ordering::Relaxed);
        self.lock.acquire().await.ok();
    }

    async fn is_reached(&self, by: &str) {
        wait_until(by, LIMIT, async || self.reached.load(Ordering::Relaxed).then_some(())).await;
    }
}

/// Whether a transaction holds what the guard writes first.
async fn inbox_is_being_written(world: &World) -> bool {
    sqlx::query_scalar(
        "SELECT count(*) > 0 FROM pg_locks JOIN pg_database AS d ON d.oid = database
         WHERE datname = current_database() AND relation = 'inbox'::regclass AND mode = 'RowExclusiveLock'",
    )
    .fetch_one(world.db.pool())
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_prepared_before_its_transaction_begins() {
    let world = World::new().await;
    world.produce(stream(10, 2)).await;
    let handler = Inquirer { preparing: Gate::shut(), applying: Gate::shut(), ..Inquirer::new() };
    let running = handler.start(&world);
    handler.preparing.is_reached("a batch is being prepared").await;
    assert!(!inbox_is_being_written(&world).await);
    handler.preparing.unlock();
    handler.applying.is_reached("a batch is being applied").await;
    assert!(inbox_is_being_written(&world).await);
    handler.applying.unlock();
    world.wait_for_ledger(20).await;
    world.check(10, 2).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_what_preparing_needs_is_away_the_batch_waits_and_nothing_is_parked() {
    let world = World::new().await;
    world.produce(stream(10, 2)).await;
    let handler = Inquirer::new();
    handler.away.store(true, Ordering::Relaxed);
    let running = handler.start(&world);
    wait_until("the partitions are shown as paused", LIMIT, async || {
        let status = crate::admin::consumers(&running.admin).await;
        status.iter().any(|partition| partition.paused).then_some(())
    })
    .await;
    assert_eq!(world.count("ledger").await, 0);
    handler.away.store(false, Ordering::Relaxed);
    world.wait_for_ledger(20).await;
    world.check(10, 2).await;
    assert_eq!(world.count("parked_event").await, 0);
    running.stop().await;
}

/// Parks by `poison`, checks that all others flow, mends what is outside and redrives.
async fn parks_and_mends(poison: &[u8], cause: &str) {
    let world = World::new().await;
    world.produce(stream(30, 1)).await;
    world.produce([(meta(aggregate(7), 2), poison.to_vec())]).await;
    world.produce((0..30).filter(|n| *n != 7).map(|n| (meta(aggregate(n), 2), b"ok".to_vec()))).await;
    let handler = Inquirer::new();
    let running = handler.start(&world);
    world.wait_for_parked(1).await;
    world.wait_for_ledger(59).await;
    let causes: Vec<String> =
        sqlx::query_scalar("SELECT cause FROM parked_event").fetch_all(world.db.pool()).await.unwrap();
    assert_eq!(causes, [cause]);

    handler.ledger.mended.store(true, Ordering::Relaxed);
    handler.asked.lock().unwrap().clear();
    let reason = "known outside by now".to_owned();
    let request = RedriveParkedRequest { topic: SOURCE.to_owned(), reason, positions: Vec::new() };
    let redriven = running.admin.redrive_parked(admin_request(request)).await.unwrap().into_inner();
    assert_eq!((redriven.applied, redriven.still_parked), (1, 0));
    assert_eq!(*handler.asked.lock().unwrap(), [(aggregate(7), 2)], "what is redriven is prepared too");
    world.check(30, 2).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_prepared_is_found_by_bisection() {
    parks_and_mends(b"unknown outside", "HANDLER_REFUSED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_makes_preparing_panic_is_found_by_bisection() {
    parks_and_mends(b"panic outside", "HANDLER_PANICKED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_applied_already_or_waits_behind_a_parked_record_is_not_prepared() {
    let world = World::new().await;
    world.produce(stream(20, 3)).await;
    world.produce([(meta(aggregate(99), 1), b"refuse".to_vec())]).await;
    let handler = Inquirer::new();
    let running = handler.start(&world);
    world.wait_for_ledger(60).await;
    world.wait_for_parked(1).await;
    handler.asked.lock().unwrap().clear();

    world.produce([(meta(aggregate(99), 2), b"ok".to_vec())]).await;
    world.produce(stream(20, 4)).await;
    world.wait_for_ledger(80).await;
    world.wait_for_parked(2).await;
    let mut asked = handler.asked.lock().unwrap().clone();
    asked.sort_unstable();
    // A batch that has to be repeated is prepared again.
    asked.dedup();
    let new: Vec<(Uuid, i64)> = (0..20).map(|n| (aggregate(n), 4)).collect();
    assert_eq!(asked, new);
    running.stop().await;
}
