//! A process that is asked to leave while its group is still being joined.

use redress_outbox::Guard;
use redress_testkit::wait_until;
use sqlx::{Connection as _, PgConnection};

use crate::ledger::{Ledger, SOURCE};
use crate::world::{LIMIT, World, stream};

const WAITS_FOR_POSITIONS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%progress%'";

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_waits_for_its_positions_leaves_in_order_and_reads_from_the_same_place_next_time() {
    let world = World::new().await;
    world.produce(stream(10, 1)).await;
    let mut operator = PgConnection::connect(&world.database.url).await.unwrap();
    let mut locked = operator.begin().await.unwrap();
    sqlx::query("LOCK TABLE progress IN ACCESS EXCLUSIVE MODE").execute(&mut *locked).await.unwrap();
    let (group, wake) = world.group(Guard::Version, Ledger::default());
    let running = world.start_group(group, wake);
    let waits = async || {
        let waiting: i64 = sqlx::query_scalar(WAITS_FOR_POSITIONS).fetch_one(world.db.pool()).await.unwrap();
        (waiting > 0).then_some(())
    };
    wait_until("positions are asked for", LIMIT, waits).await;
    // Neither an error nor a wait for the lock, which nobody gives back yet.
    tokio::time::timeout(LIMIT, running.stop()).await.unwrap();
    locked.rollback().await.unwrap();

    let again = world.start(Ledger::default());
    world.wait_for_ledger(10).await;
    again.stop().await;
    assert_eq!(world.read(SOURCE).await.len(), 10);
    world.check(10, 1).await;
}
