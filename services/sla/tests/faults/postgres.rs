//! Postgres is the truth: while it is away nothing is told, and when it is back everything is.

use redress_devstack::Part;

use crate::load::Load;
use crate::verdict::all_is_told_once;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn postgres_killed_and_started_again_twice_costs_no_clock_and_doubles_none() {
    let world = World::with_own_postgres().await;
    let sla = world.serve(0, &[]).await;
    let load = Load::start(&world, 15, 0).await;
    for _ in 0..2 {
        load.warns(&world, 10).await;
        world.stack().kill(Part::Postgres).await;
        // As many come in meanwhile as else; their instants pass while nobody can tell.
        load.comes_in(20).await;
        world.stack().start_part(Part::Postgres).await.unwrap();
    }
    all_is_told_once(&world, load).await;
    assert!(sla.is_alive(), "it goes on by itself");
    drop(sla);
    world.end().await;
}
