//! Partitions that come and go while their reader is busy.

use std::sync::atomic::Ordering;

use redress_outbox::{Admin, ConsumerError, Guard, Subscription};
use redress_testkit::wait_until;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::admin::consumers;
use crate::ledger::{Ledger, SOURCE};
use crate::world::{LIMIT, PARTITIONS, World, stream};

/// A member without a fixed name: it leaves the group when it ends.
struct Member {
    admin: Admin,
    group: JoinHandle<Result<(), ConsumerError>>,
    stop: CancellationToken,
}

impl Member {
    fn join(world: &World, ledger: Ledger) -> Self {
        let (group, _) = world.group_as("", vec![Subscription::new(SOURCE, Guard::Version, ledger)]);
        let stop = CancellationToken::new();
        let admin = Admin::new(&group, &world.kafka, "member").unwrap();
        Self { admin, group: tokio::spawn(group.run(stop.clone())), stop }
    }

    async fn reads(&self, partitions: usize) {
        wait_until(&format!("{partitions} partitions are read"), LIMIT, async || {
            (consumers(&self.admin).await.len() == partitions).then_some(())
        })
        .await;
    }

    async fn leave(self) {
        self.stop.cancel();
        self.group.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_are_taken_and_given_again_while_a_batch_waits_are_all_read() {
    let world = World::new().await;
    let busy = Ledger::default();
    busy.away.store(true, Ordering::Relaxed);
    let member = Member::join(&world, busy.clone());
    member.reads(PARTITIONS as usize).await;
    world.produce(stream(100, 1)).await;
    wait_until("a batch waits", LIMIT, async || {
        consumers(&member.admin).await.iter().any(|partition| partition.paused).then_some(())
    })
    .await;
    // Its worker hears of none of this before the batch is done.
    for _ in 0..3 {
        let visitor = Member::join(&world, busy.clone());
        visitor.reads(2).await;
        // Written by whoever is given a partition: so it is seen when they are back, before the next one comes.
        sqlx::query("UPDATE progress SET partitions = NULL").execute(&world.db).await.unwrap();
        visitor.leave().await;
        wait_until("its partitions are back", LIMIT, async || {
            (world.count("progress WHERE partitions IS NOT NULL").await == 2).then_some(())
        })
        .await;
    }
    busy.away.store(false, Ordering::Relaxed);
    world.wait_for_ledger(100).await;
    world.produce(stream(100, 2).skip(100)).await;
    world.wait_for_ledger(200).await;
    member.reads(PARTITIONS as usize).await;
    member.leave().await;
}
