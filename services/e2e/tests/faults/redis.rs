use redress_devstack::Part;
use redress_testkit::Addresses;

use crate::world::{SOON, World, assert_untroubled};

#[tokio::test(flavor = "multi_thread")]
async fn redis_killed_and_come_back_empty_costs_no_answer_and_no_complaint() {
    let world = World::alone().await;
    let at = Addresses::claim();
    let intake = world.intake("one", &at, &[]).await;
    let load = world.load(&[&at], 50).start().unwrap();
    load.accepts(50, SOON).await;
    world.stack().kill(Part::Redis).await;
    load.accepts(100, SOON).await;
    world.restart(Part::Redis).await;
    load.accepts(50, SOON).await;
    let sent = load.stop().await.unwrap();
    assert_untroubled(&sent);

    // The same keys again, most of which Redis has forgotten: the same complaints, which stand in no second row.
    let again = world.load(&[&at], 1).burst(100).await.unwrap();
    assert_untroubled(&again);
    world.all_is_well(&sent).await;
    drop(intake);
    world.end().await;
}
