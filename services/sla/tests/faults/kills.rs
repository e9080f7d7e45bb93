//! The process dies at the worst moments, under a load of clocks that are set and fire.

use std::process::ExitStatus;

use redress_devstack::StackError;
use redress_testkit::wait_until;

use crate::load::Load;
use crate::verdict::all_is_told_once;
use crate::world::{SOON, World};

/// Where the process is killed.
#[derive(Clone, Copy)]
enum At {
    /// It ends itself, without a word, when the firing meets this point.
    Point(&'static str),
    /// Between the commit of a batch that was heard and all that follows.
    Commit,
    /// Between the broker's acknowledgement of events and their deletion from the outbox.
    Publication,
    /// At a moment that depends on nothing that happens inside.
    AnyMoment,
}

/// How often at each place instead, for a long run by hand.
const PER_POINT: &str = "REDRESS_KILLS_PER_POINT";

/// How often, for each place.
const KILLS: [(At, u32); 6] = [
    (At::Point("fire.claimed=30%return"), 10),
    (At::Point("fire.before_commit=30%return"), 10),
    // Committed, and the index of what is due soon knows nothing of it.
    (At::Point("clocks.committed=30%return"), 10),
    (At::Commit, 5),
    (At::Publication, 5),
    (At::AnyMoment, 10),
];
/// In all.
const FIFTY: u32 = 50;

#[tokio::test(flavor = "multi_thread")]
async fn kills_between_claim_and_effect_and_at_any_other_moment_lose_no_clock_and_double_none() {
    let world = World::shared().await;
    let load = Load::start(&world, 10, 0).await;
    let wanted: Option<u32> = std::env::var(PER_POINT).ok().map(|times| times.parse().unwrap());
    let kills = KILLS.map(|(place, times)| (place, wanted.unwrap_or(times)));
    let all: u32 = kills.iter().map(|(_, times)| *times).sum();
    assert!(wanted.is_some() || all >= FIFTY, "{all} kills");
    let mut killed = 0;
    let rounds = kills.iter().map(|(_, times)| *times).max().unwrap();
    for round in 0..rounds {
        for (place, _) in kills.iter().filter(|(_, times)| round < *times) {
            killed += 1;
            match place {
                At::Point(point) => ends_itself(&world, point).await,
                At::Commit => killed_after_commit(&world).await,
                At::Publication => killed_after_publishing(&world).await,
                At::AnyMoment => {
                    let sla = world.serve(0, &[]).await;
                    tells(&world, 1 + i64::from(round) * 7 % 11).await;
                    sla.kill9().await;
                }
            }
        }
    }
    assert_eq!(killed, all);
    let sla = world.serve(0, &[]).await;
    all_is_told_once(&world, load).await;
    let published = world.log.published().await;
    assert!(
        published.values().any(|event| event.times > 1),
        "a relay that dies before it deletes publishes again"
    );
    drop(sla);
    world.end().await;
}

/// Waits until `count` further events are told.
async fn tells(world: &World, count: i64) {
    let before = world.told().await.unwrap();
    let more = async || (world.told().await? >= before + count).then_some(());
    wait_until("something is told", SOON, more).await;
}

/// Serves until the firing meets the point. That may be before anybody has seen it ready.
async fn ends_itself(world: &World, point: &str) {
    let status = match world.try_serve(0, &[("FAILPOINTS", point)]).await {
        Ok(sla) => sla.wait_end(SOON).await.unwrap(),
        Err(error) => ended(&error).unwrap_or_else(|| panic!("{point}: {error:#}")),
    };
    assert_eq!(status.code(), None, "{point}: {status}");
}

fn ended(error: &anyhow::Error) -> Option<ExitStatus> {
    match error.downcast_ref::<StackError>()? {
        StackError::Ended { status, .. } => Some(*status),
        _ => None,
    }
}

/// Killed while it stands between the commit of a batch and all that follows.
async fn killed_after_commit(world: &World) {
    let sla = world.begin(0, "consumer-committed=pause");
    tells(world, 1).await;
    sla.kill9().await;
}

/// Killed while it stands between the broker's acknowledgement of events and their deletion from the outbox.
async fn killed_after_publishing(world: &World) {
    let before = world.log.written().await;
    let sla = world.begin(0, "relay-acknowledged=pause");
    let more = async || (world.log.written().await > before).then_some(());
    wait_until("events are published", SOON, more).await;
    sla.kill9().await;
}
