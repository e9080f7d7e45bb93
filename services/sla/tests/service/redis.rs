//! The index of what is due soon: it wakes, and nothing depends on it.

use std::num::NonZeroU16;
use std::time::Duration;

use redress_devstack::{Part, Stack, StackOptions, shared};
use redress_redis::{IndexState, Redis, RedisConfig, TimerIndex};
use redress_sla::app::Desk;
use redress_sla::app::fire::Firing;
use redress_sla::app::inputs::Inputs;
use redress_sla::app::soon::{Noted, Soon};
use redress_testkit::wait_until;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::bench::{Bench, in_seconds};
use crate::course::Case;

pub(crate) const SOON: Duration = Duration::from_mins(2);
/// After how many seconds 80 % of an hour have passed.
const WARNED_AFTER: i64 = 2_880;

pub(crate) fn index(url: &str, prefix: &'static str) -> TimerIndex {
    let config = RedisConfig { url: url.into(), timeout_ms: 500 };
    TimerIndex::new(Redis::connect(&config).unwrap(), prefix, NonZeroU16::new(4).unwrap())
}

/// The index is kept, and what it tells is fired. Nobody else looks: the firing's own loop does not run.
pub(crate) struct Kept {
    pub(crate) bench: Bench,
    stop: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Kept {
    pub(crate) fn start(bench: Bench, index: &TimerIndex) -> Self {
        Self::kept_by(bench, Soon::new(index.clone(), "test"))
    }

    /// What comes into the horizon is added all the time.
    pub(crate) fn rolling(bench: Bench, index: &TimerIndex) -> Self {
        let (soon, noted) = Soon::new(index.clone(), "test");
        Self::kept_by(bench, (soon.rolling_every(Duration::ZERO), noted))
    }

    fn kept_by(bench: Bench, (soon, noted): (Soon, Noted)) -> Self {
        let desk = Desk { noted, ..bench.desk.clone() };
        let (stop, firing) = (CancellationToken::new(), Firing::new(desk.clone(), Inputs::those_read()));
        let running = tokio::spawn(soon.run(desk.clone(), firing, stop.clone()));
        Self { bench: Bench { desk, ..bench }, stop, running }
    }

    pub(crate) async fn relies(&self, wanted: bool) {
        let what = if wanted { "the index is relied on" } else { "the index is not relied on" };
        let noted = &self.bench.desk.noted;
        wait_until(what, SOON, async || (noted.is_relied_on() == wanted).then_some(())).await;
    }

    pub(crate) async fn warned(&self, count: usize) {
        wait_until("all are warned of", SOON, async || {
            let warned = self.bench.published_of("C05").await;
            (warned.iter().filter(|line| line.starts_with("ClockWarned")).count() == count).then_some(())
        })
        .await;
    }

    /// How many shares are to be warned of within the next quarter of an hour.
    async fn within_horizon(&self) -> u64 {
        let soon = "SELECT count(*) FROM clock WHERE warn_at <= now() + interval '15 minutes'";
        let count: i64 = sqlx::query_scalar(soon).fetch_one(self.bench.db.pool()).await.unwrap();
        u64::try_from(count).unwrap()
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.running.await.unwrap().unwrap();
    }
}

/// Warned of some seconds from now.
pub(crate) fn warned_in(n: u128, seconds: i64) -> Case {
    Case::new(n).registered(in_seconds(seconds - WARNED_AFTER))
}

pub(crate) async fn command(url: &str, line: &str) -> String {
    let address = url.strip_prefix("redis://").unwrap();
    let mut server = BufReader::new(TcpStream::connect(address).await.unwrap());
    server.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    server.read_line(&mut answer).await.unwrap();
    answer.trim_end().to_owned()
}

#[tokio::test]
async fn a_clock_that_is_set_is_warned_of_by_the_index_alone_and_one_from_before_too() {
    let bench = Bench::new().await;
    // Set before the index is filled.
    warned_in(1, 2).heard(&bench).await;
    let kept = Kept::start(bench, &index(&shared().await.redis, "sla-alone"));
    kept.relies(true).await;
    // Set afterwards, by a handler that notes it.
    warned_in(2, 3).heard(&kept.bench).await;
    kept.warned(2).await;
    kept.end().await;
}

#[tokio::test]
async fn the_index_holds_what_is_due_within_its_horizon_and_nothing_of_the_months_after() {
    let bench = Bench::new().await;
    warned_in(1, 600).heard(&bench).await;
    let index = index(&shared().await.redis, "sla-horizon");
    let kept = Kept::start(bench, &index);
    kept.relies(true).await;
    // Filled from the database, and told of by a handler: the same horizon.
    for n in 2..6 {
        warned_in(n, 500).heard(&kept.bench).await;
        warned_in(n + 10, 1_200).heard(&kept.bench).await;
    }
    assert!(kept.within_horizon().await >= 5);
    wait_until("all within the horizon are in", SOON, async || {
        (index.size().await.ok()?.armed == kept.within_horizon().await).then_some(())
    })
    .await;
    let armed: i64 = sqlx::query_scalar("SELECT count(*) FROM clock WHERE warn_at IS NOT NULL")
        .fetch_one(kept.bench.db.pool())
        .await
        .unwrap();
    assert!(u64::try_from(armed).unwrap() > 3 * kept.within_horizon().await, "most are far off: {armed}");
    kept.end().await;
}

#[tokio::test]
async fn a_clock_that_never_came_into_the_index_is_warned_of_by_the_sweep_although_the_index_is_relied_on() {
    let kept = Kept::start(Bench::new().await, &index(&shared().await.redis, "sla-swept"));
    kept.relies(true).await;
    // Committed by a process that died before it could tell the index.
    let died = Bench::beside(&kept.bench);
    warned_in(1, 2).heard(&died).await;
    let sweep = Firing::new(kept.bench.desk.clone(), Inputs::those_read());
    let sweeping = tokio::spawn(sweep.run(kept.stop.clone()));
    kept.warned(1).await;
    assert!(kept.bench.desk.noted.is_relied_on(), "nobody knows that it lacks one");
    kept.end().await;
    sweeping.await.unwrap().unwrap();
}

#[tokio::test]
async fn redis_that_stands_still_is_emptied_or_is_full_is_not_relied_on_and_then_filled_again() {
    let parts = &[Part::Redis];
    let stack = Stack::start(StackOptions { parts, ..StackOptions::default() }).await.unwrap();
    let url = stack.endpoints().redis.clone();
    let index = index(&url, "sla-own");
    let kept = Kept::start(Bench::new().await, &index);
    kept.relies(true).await;

    stack.pause(Part::Redis);
    kept.relies(false).await;
    // Its timer cannot be told to the index now.
    warned_in(1, 600).heard(&kept.bench).await;
    stack.resume(Part::Redis);
    kept.relies(true).await;
    assert_eq!(index.size().await.unwrap().armed, kept.within_horizon().await, "it was filled again");

    assert_eq!(command(&url, "FLUSHALL").await, "+OK");
    assert_eq!(index.state().await.unwrap(), IndexState::Lost, "the marks went with the timers");
    wait_until("it is filled again", SOON, async || {
        let filled = index.size().await.ok()?.armed == kept.within_horizon().await;
        (filled && index.state().await.ok()? == IndexState::Whole).then_some(())
    })
    .await;
    kept.relies(true).await;

    assert_eq!(command(&url, "CONFIG SET maxmemory-policy noeviction").await, "+OK");
    assert_eq!(command(&url, "CONFIG SET maxmemory 1").await, "+OK");
    warned_in(2, 600).heard(&kept.bench).await;
    kept.relies(false).await;
    assert!(index.size().await.unwrap().armed < kept.within_horizon().await, "one found no room");
    assert_eq!(command(&url, "CONFIG SET maxmemory 0").await, "+OK");
    kept.relies(true).await;
    assert_eq!(index.size().await.unwrap().armed, kept.within_horizon().await);
    kept.end().await;
    stack.stop().await;
}
