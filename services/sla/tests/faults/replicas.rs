//! Several processes on one database.

use crate::load::Load;
use crate::verdict::all_is_told_once;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_at_once_tell_everything_once_and_one_goes_on_when_the_other_is_killed() {
    let world = World::shared().await;
    let (one, other) = tokio::join!(world.serve(0, &[]), world.serve(1, &[]));
    let load = Load::start(&world, 30, 0).await;
    load.warns(&world, 80).await;
    other.kill9().await;
    load.warns(&world, 20).await;
    all_is_told_once(&world, load).await;
    assert!(one.is_alive());
    drop(one);
    world.end().await;
}
