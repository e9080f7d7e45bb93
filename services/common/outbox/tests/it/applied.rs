//! Up to when everything has been applied.

use jiff::Timestamp;
use redress_domain::Clock as _;
use redress_messaging::EventMeta;
use redress_testkit::wait_until;

use crate::ledger::{Ledger, SOURCE, WallClock, meta};
use crate::world::{LIMIT, World, aggregate, stream};

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_of_a_partition_the_watermark_follows_the_clock() {
    let world = World::new().await;
    world.produce(stream(1, 1)).await;
    let running = world.start(Ledger::default());
    world.wait_for_ledger(1).await;
    let done = LedgerTime::now();
    wait_until("every partition is applied through a later time", LIMIT, async || {
        let status = crate::admin::consumers(&running.admin).await;
        let later = |at: &Option<pbjson_types::Timestamp>| at.as_ref().is_some_and(|at| at.seconds > done.0);
        (status.len() == 4 && status.iter().all(|partition| later(&partition.applied_through))).then_some(())
    })
    .await;
    running.stop().await;
}

struct LedgerTime(i64);

impl LedgerTime {
    fn now() -> Self {
        Self(redress_domain::Clock::now(&crate::ledger::WallClock).as_second())
    }
}

/// Up to when the source has been applied.
async fn watermark(world: &World) -> Option<Timestamp> {
    redress_outbox::watermarks(&world.db, &[SOURCE]).await.unwrap().first()?.applied_through
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_in_the_future_does_not_lift_the_watermark_and_a_parked_event_holds_what_is_counted_at_its_time()
 {
    let world = World::new().await;
    let at = |time: &str| Some(time.parse::<Timestamp>().unwrap());
    let recorded = |n: u128, time: &str| EventMeta { recorded_at: at(time), ..meta(aggregate(n), 1) };
    world.produce((0..40).map(|n| (recorded(n, "9999-01-01T00:00:00Z"), b"ok".to_vec()))).await;
    let running = world.start(Ledger::default());
    let applied = wait_until("there is a watermark", LIMIT, async || watermark(&world).await).await;
    assert!(applied < WallClock.now(), "{applied}");
    let own = "2026-01-01T00:00:00Z";
    world.produce([(recorded(50, own), b"refuse".to_vec())]).await;
    world.wait_for_parked(1).await;
    let counted =
        redress_outbox::watermarks_of(&world.db, &"acme".parse().unwrap(), &[SOURCE]).await.unwrap();
    assert!(counted[0].applied_through < at(own));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_nobody_was_given_yet_holds_the_watermark_back() {
    let world = World::new().await;
    let running = world.start(Ledger::default());
    wait_until("there is a watermark", LIMIT, async || watermark(&world).await).await;
    running.stop().await;
    // As on a first start whose second process is late.
    sqlx::query("DELETE FROM progress WHERE partition = 3").execute(&world.db).await.unwrap();
    assert_eq!(watermark(&world).await, None);
    assert_eq!(redress_outbox::read_through(&world.db, SOURCE).await.unwrap(), None);
}
