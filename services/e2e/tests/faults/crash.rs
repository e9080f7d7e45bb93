use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use redress_devstack::StackError;
use redress_e2e::evidence::LIFECYCLE;
use redress_testkit::{Addresses, wait_until};

use crate::world::{SOON, World};

const KILL: i32 = 9;

/// Where the process is killed.
#[derive(Clone, Copy)]
enum At {
    /// It ends itself as `kill -9` would when a call or a batch meets this point.
    Point(&'static str),
    /// Between the commit of a batch and all that follows.
    Commit,
    /// Between the broker's acknowledgement of events and their deletion from the outbox.
    Publication,
    /// At a moment that depends on nothing that happens inside.
    AnyMoment,
}

/// How often at each place of the path instead, for a long run by hand.
const PER_POINT: &str = "REDRESS_KILLS_PER_POINT";

/// How often, for each place on the path; 50 kills in all.
const KILLS: [(At, u32); 7] = [
    (At::Point("accept.before_send=20%return"), 8),
    (At::Point("accept.after_acknowledgement=20%return"), 8),
    (At::Point("accept.before_answer=20%return"), 8),
    (At::Point("register.before_commit=50%return"), 8),
    (At::Commit, 5),
    (At::Publication, 5),
    (At::AnyMoment, 8),
];

#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_spread_over_every_point_of_the_path_lose_nothing_and_double_nothing() {
    let world = World::shared().await;
    let at = Addresses::claim();
    let load = world.load(&[&at], 30).start().unwrap();
    let wanted: Option<u32> = std::env::var(PER_POINT).ok().map(|times| times.parse().unwrap());
    let kills = KILLS.map(|(place, times)| (place, wanted.unwrap_or(times)));
    let rounds = kills.iter().map(|(_, times)| *times).max().unwrap();
    for round in 0..rounds {
        for (place, _) in kills.iter().filter(|(_, times)| round < *times) {
            match place {
                At::Point(point) => ends_itself(&world, &at, point).await,
                At::Commit => killed_after_commit(&world, &at).await,
                At::Publication => killed_after_publishing(&world, &at).await,
                At::AnyMoment => {
                    let intake = world.intake("one", &at, &[]).await;
                    load.accepts(1 + usize::try_from(round).unwrap() * 7 % 11, SOON).await;
                    intake.kill9().await;
                }
            }
        }
    }

    let _intake = world.intake("one", &at, &[]).await;
    load.accepts(30, SOON).await;
    let sent = load.stop().await.unwrap();
    let verdict = world.all_is_well(&sent).await;
    assert!(verdict.repeated > 0, "a relay that dies before it deletes publishes again");
    assert_eq!(world.evidence.parked().await.unwrap(), 0);
}

/// Serves until a call or a batch meets the point. That may be before anybody has seen it ready.
async fn ends_itself(world: &World, at: &Addresses, point: &str) {
    let status = match world.try_intake("one", at, &[("FAILPOINTS", point)]).await {
        Ok(intake) => intake.wait_end(SOON).await.unwrap(),
        Err(error) => ended(&error).unwrap_or_else(|| panic!("{point}: {error:#}")),
    };
    assert_eq!(status.signal(), Some(KILL), "{point}: {status}");
}

fn ended(error: &anyhow::Error) -> Option<ExitStatus> {
    match error.downcast_ref::<StackError>()? {
        StackError::Ended { status, .. } => Some(*status),
        _ => None,
    }
}

/// Killed while it stands between the commit of a batch and all that follows.
async fn killed_after_commit(world: &World, at: &Addresses) {
    let before = world.evidence.applied().await.unwrap();
    let intake = world.begin("one", at, "consumer-committed=pause");
    let more = async || (world.evidence.applied().await.ok()? > before).then_some(());
    wait_until("a batch is committed", SOON, more).await;
    intake.kill9().await;
}

/// Killed while it stands between the broker's acknowledgement of events and their deletion from the outbox.
async fn killed_after_publishing(world: &World, at: &Addresses) {
    let before = world.evidence.written(LIFECYCLE).await.unwrap();
    let intake = world.begin("one", at, "relay-acknowledged=pause");
    let more = async || (world.evidence.written(LIFECYCLE).await.ok()? > before).then_some(());
    wait_until("events are published", SOON, more).await;
    intake.kill9().await;
}
