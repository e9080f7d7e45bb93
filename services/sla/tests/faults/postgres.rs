//! Postgres is the truth: while it is away nothing is told, and when it is back everything is.

use redress_devstack::Part;

use crate::load::Load;
use crate::verdict::all_is_told_once;
use crate::world::World;

/// Nothing listens there.
const NO_REDIS: (&str, &str) = ("REDRESS__REDIS__URL", "redis://127.0.0.1:1");

/// PostgreSQL dies and comes back under load, with `settings` for the process.
async fn dies_and_comes_back(settings: &[(&str, &str)]) {
    let world = World::with_own_postgres().await;
    let sla = world.serve(0, settings).await;
    let load = Load::start(&world, 15, 0).await;
    load.warns(&world, 10).await;
    world.stack().kill(Part::Postgres).await;
    // As many come in meanwhile as else; their instants pass while nobody can tell.
    load.comes_in(30).await;
    world.stack().start_part(Part::Postgres).await.unwrap();
    all_is_told_once(&world, load).await;
    assert!(sla.is_alive(), "it goes on by itself");
    drop(sla);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_killed_and_started_again_costs_no_clock_and_doubles_none() {
    dies_and_comes_back(&[]).await;
}

/// The index would wake the firing, whatever has become of its own loop: here nobody else looks.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_killed_and_started_again_is_asked_on_where_there_is_no_redis() {
    dies_and_comes_back(&[NO_REDIS]).await;
}
