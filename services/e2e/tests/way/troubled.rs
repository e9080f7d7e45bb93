//! Faults in the middle of the simulator's run: the same is true in the end as without them.
//!
//! When something breaks is decided by how far the cases have come and not by a clock, so that it hits them at work on any
//! machine; what breaks is decided by a seed: another in each run, told when the run fails, and the one that
//! `REDRESS_KILL_SEED` has if it is set, so that a run can be had again.

use std::collections::BTreeMap;
use std::sync::Arc;

use redress_devstack::{Part, ServiceProcess};
use redress_simulator::plan::Shape;
use redress_testkit::wait_until;

use crate::installation::{SERVICES, SOON, Way, now};
use crate::played::Played;

/// More than is needed: each wave begins when the one before has ended and deaths are still to come.
const WHOLE: Shape = Shape { complaints: 150, rate: 4, spike: 10, seed: 11 };
/// Some 200 steps; with those of the live room twice as many.
const WAVE: usize = 25;
/// The same for fewer faults.
const SMALL: Shape = Shape { complaints: 60, rate: 4, spike: 10, seed: 12 };
const SMALL_WAVE: usize = 10;
const KILLS: usize = 20;
/// Steps from one death to the next.
const STEPS: i64 = 7;
/// Steps from one server's death to the next.
const APART: i64 = 40;

#[tokio::test(flavor = "multi_thread")]
async fn any_service_killed_twenty_times_in_the_middle_changes_nothing_of_what_the_accounts_say() {
    let way = Arc::new(Way::prepare().await);
    let mut processes = way.serve_all().await;
    let mut played = Played::in_waves(&way, WHOLE, WAVE);
    let mut deaths: BTreeMap<&str, usize> = BTreeMap::new();
    for service in victims(kill_seed()) {
        played.comes_on(STEPS).await;
        *deaths.entry(service).or_default() += 1;
        let process = processes.remove(service).unwrap();
        process.kill9().await;
        processes.insert(service, way.serve(service).await);
    }
    assert_eq!(deaths.values().sum::<usize>(), KILLS);
    played.ends().await;
    all_live(&processes);
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_emptied_kafka_and_postgres_restarted_in_the_middle_change_nothing_that_the_accounts_say() {
    let way = Arc::new(Way::alone().await);
    let processes = way.serve_all().await;
    let mut played = Played::in_waves(&way, SMALL, SMALL_WAVE);
    // One after the other: each meets cases that have gone on since the one before.
    for part in [Part::Redis, Part::Kafka, Part::Postgres] {
        played.comes_on(APART).await;
        way.stack().kill(part).await;
        way.stack().start_part(part).await.unwrap();
    }
    played.ends().await;
    end(way, processes).await;
}

type Processes = BTreeMap<&'static str, ServiceProcess>;

/// No service took the fault for a reason to leave; and nothing stays of the servers.
async fn end(way: Arc<Way>, processes: Processes) {
    all_live(&processes);
    drop(processes);
    // The people of the stories let go of the installation a moment after their last word.
    let alone = async || (Arc::strong_count(&way) == 1).then_some(());
    wait_until("nobody uses the installation", SOON, alone).await;
    Arc::into_inner(way).unwrap().end().await;
}

fn all_live(processes: &Processes) {
    let dead = processes.iter().filter(|(_, process)| !process.is_alive());
    assert_eq!(dead.map(|(service, _)| *service).collect::<Vec<_>>(), [""; 0]);
}

/// Tests' output is shown when they fail.
#[expect(clippy::print_stderr, reason = "a run that failed is to be had again")]
fn kill_seed() -> u64 {
    let given = std::env::var("REDRESS_KILL_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed = given.unwrap_or_else(|| now().subsec_nanosecond().unsigned_abs().into());
    eprintln!("to have this run again: REDRESS_KILL_SEED={seed}");
    seed
}

/// Whom it hits, in order. Every service is among them.
fn victims(seed: u64) -> Vec<&'static str> {
    let mut state = seed;
    let mut next = || {
        // Of Knuth's, MMIX: the high bits are what is random.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    };
    let mut victims: Vec<&str> = (0..KILLS)
        .map(|n| SERVICES.get(n).copied().unwrap_or_else(|| SERVICES[next() % SERVICES.len()]))
        .collect();
    for last in (1..victims.len()).rev() {
        victims.swap(last, next() % (last + 1));
    }
    victims
}

#[test]
fn the_victims_of_a_seed_are_the_same_each_time_and_every_service_is_among_them() {
    assert_eq!(victims(1), victims(1));
    assert_ne!(victims(1), victims(2));
    for seed in 0..50 {
        let victims = victims(seed);
        assert!(SERVICES.iter().all(|service| victims.contains(service)), "{victims:?}");
        assert_eq!(victims.len(), KILLS);
    }
}
