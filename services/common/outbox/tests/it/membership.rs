//! Members that lose their place in the group, share a name, or come and go.

use std::cell::Cell;
use std::sync::atomic::Ordering;

use redress_devstack::{Part, Stack, StackOptions};
use redress_messaging::EventMeta;
use redress_outbox::{Admin, ConsumerError, Guard, Subscription};
use redress_testkit::wait_until;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::admin::consumers;
use crate::ledger::{Ledger, SOURCE, meta};
use crate::world::{LIMIT, PARTITIONS, Running, World, aggregate, stream};

fn next_versions(aggregates: u32, version: i64) -> impl Iterator<Item = (EventMeta, Vec<u8>)> {
    (0..aggregates).map(move |n| (meta(aggregate(n.into()), version), b"ok".to_vec()))
}

type Group = JoinHandle<Result<(), ConsumerError>>;

async fn own_stack() -> Stack {
    let parts = &[Part::Postgres, Part::Kafka];
    Stack::start(StackOptions { parts, ..StackOptions::default() }).await.unwrap()
}

/// The client itself says so, whatever the broker knows: it gives its partitions up.
async fn session_is_over(running: &Running) {
    wait_until("the session is over", LIMIT, async || {
        consumers(&running.admin).await.is_empty().then_some(())
    })
    .await;
}

/// Waits for `work`, which the group is to do without ending.
async fn without_ending(group: &mut Group, work: impl Future<Output = ()>) {
    tokio::select! {
        ended = group => panic!("the group ended: {ended:?}"),
        () = work => {}
    }
}

async fn all_partitions_are_read(admin: &Admin) {
    wait_until("all partitions are read", LIMIT, async || {
        (consumers(admin).await.len() == PARTITIONS as usize).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_away_for_longer_than_the_session_is_waited_for() {
    let stack = own_stack().await;
    let mut world = World::on(stack.endpoints()).await;
    world.kafka.session_timeout_ms = 10_000;
    // What was fetched, five batches, is still being applied and committed when the session ends.
    let slow = Ledger::default();
    slow.takes_ms.store(2_300, Ordering::Relaxed);
    let mut running = world.start(slow.clone());
    world.produce(stream(2_500, 1)).await;
    world.wait_for_ledger(1).await;

    stack.kill(Part::Kafka).await;
    session_is_over(&running).await;
    slow.takes_ms.store(0, Ordering::Relaxed);
    stack.start_part(Part::Kafka).await.unwrap();

    world.produce(next_versions(2_500, 2)).await;
    without_ending(&mut running.group, world.wait_for_ledger(5_000)).await;
    without_ending(&mut running.group, all_partitions_are_read(&running.admin)).await;
    world.check(2_500, 2).await;
    assert_eq!(world.count("parked_event").await, 0);
    running.stop().await;
    drop(world);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_stands_still_for_longer_than_the_session_is_waited_for() {
    let stack = own_stack().await;
    let world = World::on(stack.endpoints()).await;
    let mut running = world.start(Ledger::default());
    world.produce(stream(2_000, 1)).await;
    world.wait_for_ledger(1).await;

    stack.pause(Part::Kafka);
    let standing_still = async {
        session_is_over(&running).await;
        stack.resume(Part::Kafka);
    };
    let sent_meanwhile = world.produce(next_versions(2_000, 2));
    tokio::join!(standing_still, sent_meanwhile);

    without_ending(&mut running.group, world.wait_for_ledger(4_000)).await;
    world.check(2_000, 2).await;
    assert_eq!(world.count("parked_event").await, 0);
    running.stop().await;
    drop(world);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_living_members_with_one_name_the_older_ends_and_says_why() {
    let world = World::new().await;
    world.produce(stream(100, 1)).await;
    let older = world.start(Ledger::default());
    world.wait_for_ledger(100).await;
    let newer = world.start(Ledger::default());
    let ended = older.end().await;
    assert!(matches!(ended, ConsumerError::Kafka(_)));
    assert!(ended.to_string().contains("the same group_instance_id"), "{ended}");

    world.produce(next_versions(100, 2)).await;
    world.wait_for_ledger(200).await;
    world.check(100, 2).await;
    assert!(!newer.group.is_finished(), "the name is its own");
    newer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_members_come_and_go_records_flow_once_and_in_order() {
    const ROUNDS: usize = 8;
    const AGGREGATES: u32 = 50;
    let world = World::new().await;
    let staying = world.start(Ledger::default());
    let over = Cell::new(false);
    let flowing = async {
        let mut version = 0;
        while !over.get() {
            version += 1;
            world.produce(next_versions(AGGREGATES, version)).await;
            // Some are always on their way, however slow the machine.
            world.wait_for_ledger((version - 5) * i64::from(AGGREGATES)).await;
        }
        version
    };
    let coming_and_going = async {
        for _ in 0..ROUNDS {
            all_partitions_are_read(&staying.admin).await;
            let guest = Guest::join(&world);
            guest.works().await;
            guest.leave().await;
        }
        all_partitions_are_read(&staying.admin).await;
        over.set(true);
    };
    let (versions, ()) = tokio::join!(flowing, coming_and_going);
    world.wait_for_ledger(versions * i64::from(AGGREGATES)).await;
    world.check(AGGREGATES.into(), versions).await;
    assert_eq!(world.count("parked_event").await, 0);
    staying.stop().await;
}

/// A member without a fixed name: its partitions move when it comes and when it goes.
struct Guest {
    admin: Admin,
    group: Group,
    stop: CancellationToken,
}

impl Guest {
    fn join(world: &World) -> Self {
        let subscription = Subscription::new(SOURCE, Guard::Version, Ledger::default());
        let (group, _) = world.group_as("", vec![subscription]);
        let stop = CancellationToken::new();
        let admin = Admin::new(&group, &world.kafka, "guest").unwrap();
        Self { admin, group: tokio::spawn(group.run(stop.clone())), stop }
    }

    /// Waits until it has applied something of a partition that it was given.
    async fn works(&self) {
        let first = wait_until("the guest is given a partition", LIMIT, async || {
            consumers(&self.admin).await.into_iter().next()
        })
        .await;
        wait_until("the guest applies records", LIMIT, async || {
            let partitions = consumers(&self.admin).await;
            let moved = |now: &redress_proto::admin::v1::PartitionStatus| {
                now.partition == first.partition && now.next_offset > first.next_offset
            };
            partitions.iter().any(moved).then_some(())
        })
        .await;
    }

    async fn leave(self) {
        self.stop.cancel();
        self.group.await.unwrap().unwrap();
    }
}
