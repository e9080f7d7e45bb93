//! Hosts whose clocks are wrong by ten minutes: one time source decides, and it is the database's.
//!
//! The service runs in the test's own process, with the wrong clock where the runtime would give it the host's. A library
//! that deceives a whole process (libfaketime) was tried and refused: librdkafka waits in calls that it does not know, so
//! that the client spins or stands still, as none does on a host whose clock is wrong.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use redress_domain::Clock;
use redress_runtime::{Context, Service as _};
use redress_sla::Sla;
use redress_testkit::wait_until;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::load::{Load, now};
use crate::verdict::all_is_told_once;
use crate::world::{SOON, Witnessed, World};

const TEN_MINUTES: SignedDuration = SignedDuration::from_mins(10);
const NEARLY: SignedDuration = SignedDuration::from_mins(9);

/// A clock that is wrong by this.
struct Wrong(SignedDuration);

impl Clock for Wrong {
    fn now(&self) -> Timestamp {
        now() + self.0
    }
}

/// The service on a host, with all its work and without its edges.
struct Host {
    stop: CancellationToken,
    tasks: JoinSet<anyhow::Result<()>>,
}

impl Host {
    async fn start(world: &World, process: usize, wrong_by: SignedDuration) -> Self {
        let config = world.config(process);
        let context = Context::new(&config.runtime, Arc::new(Wrong(wrong_by))).unwrap();
        let stop = context.stop.clone();
        let mut tasks = JoinSet::new();
        for task in Sla::build(Arc::new(config), context).await.unwrap().tasks {
            tasks.spawn(task.into_future());
        }
        Self { stop, tasks }
    }

    async fn end(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap().unwrap();
        }
    }
}

/// By how much the clock of the host that told an event differs from the database's.
fn difference(told: &Witnessed) -> SignedDuration {
    told.meta.recorded_at.unwrap().duration_since(told.at)
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_are_ten_minutes_ahead_and_behind_tell_nothing_early_and_everything_once() {
    let world = World::shared().await;
    let (ahead, behind) =
        tokio::join!(Host::start(&world, 0, TEN_MINUTES), Host::start(&world, 1, -TEN_MINUTES));
    let load = Load::start(&world, 15, 0).await;
    load.warns(&world, 40).await;
    wait_until("both have told something", SOON, async || {
        let told = world.witnessed().await?;
        let by_one_ahead = told.iter().any(|told| difference(told) > NEARLY);
        let by_one_behind = told.iter().any(|told| difference(told) < -NEARLY);
        (by_one_ahead && by_one_behind).then_some(())
    })
    .await;
    all_is_told_once(&world, load).await;
    tokio::join!(ahead.end(), behind.end());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_ten_minutes_behind_is_not_late_for_that() {
    let world = World::shared().await;
    let behind = Host::start(&world, 0, -TEN_MINUTES).await;
    let load = Load::start(&world, 10, 0).await;
    load.warns(&world, 20).await;
    // The breaches, too, within the time that a test waits: a third of what the clock is wrong by.
    all_is_told_once(&world, load).await;
    let told = world.witnessed().await.unwrap();
    assert!(told.iter().all(|told| difference(told) < -NEARLY), "it went by another time");
    behind.end().await;
    world.end().await;
}
