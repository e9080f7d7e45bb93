//! The index of what is due soon: it wakes, and nothing depends on it.

use std::num::NonZeroU16;
use std::time::Duration;

use redress_devstack::shared;
use redress_redis::{IndexState, Redis, RedisConfig, TimerIndex};
use redress_sla::app::Desk;
use redress_sla::app::fire::Firing;
use redress_sla::app::inputs::Inputs;
use redress_sla::app::soon::Soon;
use redress_testkit::wait_until;
use tokio_util::sync::CancellationToken;

use crate::bench::{Bench, in_seconds};
use crate::course::Case;

const SOON: Duration = Duration::from_mins(2);

async fn index() -> TimerIndex {
    let config = RedisConfig { url: shared().await.redis.clone().into(), timeout_ms: 1_000 };
    TimerIndex::new(Redis::connect(&config).unwrap(), "sla-test", NonZeroU16::new(4).unwrap())
}

#[tokio::test]
async fn a_clock_that_is_set_is_warned_of_by_the_index_alone_and_one_from_before_too() {
    let bench = Bench::new().await;
    // Set before the index is filled: 80 % of its hour have passed two seconds from now.
    Case::new(1).registered(in_seconds(2 - 2_880)).heard(&bench).await;
    let index = index().await;
    let (soon, noted) = Soon::new(index.clone(), "test");
    let desk = Desk { noted, ..bench.desk.clone() };
    let firing = Firing::new(desk.clone(), Inputs::those_read());
    let stop = CancellationToken::new();
    let kept = tokio::spawn(soon.run(desk.clone(), firing, stop.clone()));
    wait_until("the index is filled", SOON, async || {
        matches!(index.state().await, Ok(IndexState::Whole)).then_some(())
    })
    .await;
    // Set afterwards, by a handler that notes it. Nobody else looks: the firing's own loop does not run.
    let bench = Bench { desk, ..bench };
    Case::new(2).registered(in_seconds(3 - 2_880)).heard(&bench).await;
    wait_until("both are warned of", SOON, async || {
        let warned = bench.published_of("C05").await;
        (warned.iter().filter(|line| line.starts_with("ClockWarned")).count() == 2).then_some(())
    })
    .await;
    stop.cancel();
    kept.await.unwrap().unwrap();
}
