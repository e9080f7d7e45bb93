//! Redis is an index of what is due soon: without it everything is told, from the database.

use std::num::NonZeroU16;

use jiff::{SignedDuration, Timestamp};
use redress_devstack::Part;
use redress_redis::{IndexState, Redis, RedisConfig, Timer, TimerIndex};
use redress_testkit::wait_until;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::load::{Load, now};
use crate::verdict::all_is_told_once;
use crate::world::{SOON, World};

/// Clocks that are in the index during the whole test.
const FAR: u32 = 40;
/// What came in while something was wrong must be told while it is wrong.
const MEANWHILE: usize = 12;

/// The service's index, as the service names it.
fn index(world: &World) -> TimerIndex {
    let config = RedisConfig { url: world.redis.clone().into(), timeout_ms: 1_000 };
    TimerIndex::new(Redis::connect(&config).unwrap(), "sla", NonZeroU16::new(32).unwrap())
}

/// Waits until the index is filled from the database, with the clocks that were set long before.
async fn is_filled(index: &TimerIndex) {
    wait_until("the index is filled", SOON, async || {
        let whole = matches!(index.state().await, Ok(IndexState::Whole));
        let armed = index.size().await.ok()?.armed;
        (whole && armed >= u64::from(FAR)).then_some(())
    })
    .await;
}

/// Sends Redis a command and gives its answer.
async fn command(world: &World, line: &str) -> String {
    let address = world.redis.strip_prefix("redis://").unwrap();
    let mut server = BufReader::new(TcpStream::connect(address).await.unwrap());
    server.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    server.read_line(&mut answer).await.unwrap();
    answer.trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_killed_and_then_emptied_is_noticed_and_filled_again_and_every_clock_is_told_once() {
    let world = World::with_own_redis().await;
    let sla = world.serve(0, &[]).await;
    let load = Load::start(&world, 10, FAR).await;
    let index = index(&world);
    is_filled(&index).await;
    load.warns(&world, 1).await;

    world.stack().kill(Part::Redis).await;
    load.warns(&world, MEANWHILE).await;
    world.stack().start_part(Part::Redis).await.unwrap();
    is_filled(&index).await;
    load.warns(&world, 1).await;

    assert_eq!(command(&world, "FLUSHALL").await, "+OK");
    load.warns(&world, MEANWHILE).await;
    is_filled(&index).await;

    all_is_told_once(&world, load).await;
    assert!(sla.is_alive());
    drop(sla);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_stands_still_for_half_a_minute_and_then_has_no_memory_left_delays_no_clock_and_doubles_none()
 {
    let world = World::with_own_redis().await;
    let sla = world.serve(0, &[]).await;
    let load = Load::start(&world, 10, FAR).await;
    let index = index(&world);
    is_filled(&index).await;
    load.warns(&world, 1).await;

    world.stack().pause(Part::Redis);
    // For half a minute, by the instants of what is told meanwhile.
    load.warns_of(&world, now() + SignedDuration::from_secs(30)).await;
    assert!(index.state().await.is_err(), "it says nothing");
    world.stack().resume(Part::Redis);
    is_filled(&index).await;
    load.warns(&world, 1).await;

    assert_eq!(command(&world, "CONFIG SET maxmemory-policy noeviction").await, "+OK");
    assert_eq!(command(&world, "CONFIG SET maxmemory 1").await, "+OK");
    let one = Timer::new(Uuid::from_u128(1), 0, Timestamp::MAX);
    assert_eq!(index.arm(&[one]).await.unwrap().no_room, 1, "the memory is full");
    load.warns(&world, MEANWHILE).await;
    assert_eq!(command(&world, "CONFIG SET maxmemory 0").await, "+OK");
    load.warns(&world, 1).await;

    all_is_told_once(&world, load).await;
    assert!(sla.is_alive());
    drop(sla);
    world.end().await;
}
