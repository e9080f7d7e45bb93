use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use redress_devstack::{Part, Stack, StackOptions};
use redress_outbox::ConsumerError;
use redress_testkit::wait_until;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::ledger::{Ledger, meta};
use crate::world::{LIMIT, World, aggregate, stream};

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_killed_again_and_again_lose_and_double_nothing() {
    let world = World::new().await;
    let mut random = rand::rngs::StdRng::seed_from_u64(20_261_125);
    let mut nodes = [world.node("a"), world.node("b")];
    let feeding = async {
        for version in 1..=5 {
            world.produce((0..2_000).map(|n| (meta(aggregate(n), version), b"ok".to_vec()))).await;
        }
    };
    let killing = async {
        // The deaths are spread over the work, and lie anywhere within what is being done then.
        let mut deaths: Vec<i64> = (0..14).map(|_| random.random_range(0..9_000)).collect();
        deaths.sort_unstable();
        for ((round, name), applied) in (0..14).zip(["a", "b"].into_iter().cycle()).zip(deaths) {
            world.wait_for_ledger(applied).await;
            nodes[round % 2].kill9().await;
            nodes[round % 2] = world.node(name);
        }
    };
    tokio::join!(feeding, killing);
    world.wait_for_ledger(10_000).await;
    world.check(2_000, 5).await;
    assert_eq!(world.count("parked_event").await, 0);
    for node in nodes {
        assert!(node.terminate(Duration::from_secs(10)).await.unwrap().success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_sleeps_past_its_membership_and_wakes_up_doubles_nothing() {
    let world = World::new().await;
    let sleeper = world.node("a");
    world.produce(stream(1_000, 1)).await;
    world.wait_for_ledger(100).await;
    sleeper.pause();
    let other = world.node("b");
    world.produce((0..1_000).map(|n| (meta(aggregate(n), 2), b"ok".to_vec()))).await;
    world.wait_for_ledger(2_000).await;
    // It wakes up with a batch in its hands.
    sleeper.resume();
    for version in 3..=5 {
        world.produce((0..1_000).map(|n| (meta(aggregate(n), version), b"ok".to_vec()))).await;
    }
    world.wait_for_ledger(5_000).await;
    world.check(1_000, 5).await;
    assert_eq!(world.count("parked_event").await, 0);
    other.kill9().await;
    sleeper.kill9().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_restored_to_an_older_state_ends_the_process_and_catches_up_after_its_restart() {
    let world = World::new().await;
    world.produce(stream(200, 2)).await;
    let running = world.start(Ledger::default());
    world.wait_for_ledger(400).await;
    running.stop().await;
    let server = Server::of(&world);
    let name = world.database.name();
    server.disconnect_all(name).await;
    server.run(&format!(r#"CREATE DATABASE "{name}_old" TEMPLATE "{name}""#)).await;

    let running = world.start(Ledger::default());
    world.produce((0..200).flat_map(|n| (3..=4).map(move |v| (meta(aggregate(n), v), b"ok".to_vec())))).await;
    world.wait_for_ledger(800).await;
    server.run(&format!(r#"ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false"#)).await;
    server.disconnect_all(name).await;
    server.run(&format!(r#"ALTER DATABASE "{name}" RENAME TO "{name}_lost""#)).await;
    server.run(&format!(r#"ALTER DATABASE "{name}_old" RENAME TO "{name}""#)).await;
    let ended = running.end().await;
    assert!(matches!(ended, ConsumerError::Behind { .. }), "{ended}");

    let running = world.start(Ledger::default());
    world.produce((0..200).map(|n| (meta(aggregate(n), 5), b"ok".to_vec()))).await;
    world.wait_for_ledger(1_000).await;
    let repeats = world.check(200, 5).await;
    assert!(repeats > 0, "what had been published is published again, and known by its version");
    running.stop().await;
    server.run(&format!(r#"DROP DATABASE "{name}_lost" WITH (FORCE)"#)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_and_a_broker_that_is_killed_are_waited_for() {
    let parts = &[Part::Postgres, Part::Kafka];
    let stack = Stack::start(StackOptions { parts, ..StackOptions::default() }).await.unwrap();
    let world = World::on(stack.endpoints()).await;
    let running = world.start(Ledger::default());
    world.produce(stream(300, 1)).await;
    world.wait_for_ledger(300).await;

    stack.kill(Part::Postgres).await;
    world.produce((0..300).map(|n| (meta(aggregate(n), 2), b"ok".to_vec()))).await;
    stack.start_part(Part::Postgres).await.unwrap();
    world.wait_for_ledger(600).await;

    stack.kill(Part::Kafka).await;
    stack.start_part(Part::Kafka).await.unwrap();
    world.produce((0..300).map(|n| (meta(aggregate(n), 3), b"ok".to_vec()))).await;
    world.wait_for_ledger(900).await;
    world.check(300, 3).await;
    assert_eq!(world.count("parked_event").await, 0);
    running.stop().await;
    drop(world);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_terminated_under_load_double_nothing() {
    let world = World::new().await;
    let running = world.start(Ledger::default());
    let server = Server::of(&world);
    let terminating = async {
        for version in 1..=5 {
            world.produce((0..500).map(|n| (meta(aggregate(n), version), b"ok".to_vec()))).await;
            server.disconnect_all(world.database.name()).await;
        }
    };
    terminating.await;
    world.wait_for_ledger(2_500).await;
    wait_until("the relay is back", LIMIT, async || (world.count("outbox").await == 0).then_some(())).await;
    world.check(500, 5).await;
    assert_eq!(world.count("parked_event").await, 0);
    running.stop().await;
}

/// The server, from outside the database under test.
struct Server(String);

impl Server {
    fn of(world: &World) -> Self {
        let (server, _) = world.database.url.rsplit_once('/').unwrap();
        Self(format!("{server}/postgres"))
    }

    async fn run(&self, statement: &str) {
        let mut connection = sqlx::PgConnection::connect(&self.0).await.unwrap();
        // Connections that were ended take a moment to go.
        wait_until(statement, LIMIT, async || {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.ok()
        })
        .await;
    }

    async fn disconnect_all(&self, database: &str) {
        let mut connection = sqlx::PgConnection::connect(&self.0).await.unwrap();
        sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1")
            .bind(database)
            .execute(&mut connection)
            .await
            .unwrap();
    }
}
