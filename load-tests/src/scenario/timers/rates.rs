//! How fast timers are armed and fired: bare commands, `BullMQ` and ours, in turn.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use redress_domain::Clock as _;
use redress_runtime::SystemClock;

use super::clocks::{Clock, Verdict};
use super::firing::Firing;
use super::peer::Peer;
use super::{Amounts, Bench, LIMIT, per_second, raw};
use crate::report::{Report, progress};
use crate::site::Site;

/// How far off timers are that are only armed.
const FAR: SignedDuration = SignedDuration::from_mins(10);
/// Time enough to arm what then is due at one instant.
const ARMING: SignedDuration = SignedDuration::from_secs(10);

/// Rates of one round, per second, and how long it took until all that was due at one instant had fired.
#[derive(Debug, Clone, Copy, Default)]
struct Round {
    zadd: f64,
    raw_claim: f64,
    peer_arm: f64,
    peer_drain_s: f64,
    arm: f64,
    drain_s: f64,
}

pub(super) async fn run(
    site: &Site,
    bench: &mut Bench,
    amounts: Amounts,
    report: &mut Report,
) -> anyhow::Result<bool> {
    let count = amounts.count as usize;
    let (mut rounds, mut sound) = (Vec::new(), true);
    for round in 1..=amounts.pairs {
        progress(format_args!("round {round} of {}", amounts.pairs));
        let (measured, verdict) = one(site, bench, count).await?;
        sound &= verdict.missed == 0 && verdict.early == 0 && verdict.doubled == 0;
        rounds.push(measured);
    }
    let per_drain = |seconds: f64| per_second(count, Duration::from_secs_f64(seconds));
    let mut tell = |name: &str, of: &dyn Fn(&Round) -> f64, goal: &'static str| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        values.sort_unstable_by(f64::total_cmp);
        report.goal(format!("{name}_median"), values[values.len() / 2], goal);
        report.figure(format!("{name}_min"), values[0]);
        report.figure(format!("{name}_max"), values[values.len() - 1]);
    };
    tell("raw_zadd_per_s", &|round| round.zadd, "");
    tell("raw_claim_per_s", &|round| round.raw_claim, "");
    tell("bullmq_arm_per_s", &|round| round.peer_arm, "");
    tell("bullmq_drain_s", &|round| round.peer_drain_s, "");
    tell("bullmq_fire_per_s", &|round| per_drain(round.peer_drain_s), "");
    tell("arm_per_s", &|round| round.arm, "");
    tell("fire_per_s", &|round| per_drain(round.drain_s), "");
    tell("drain_s", &|round| round.drain_s, "<= 5 for 50,000 at one instant; aim 2.5");
    tell("arm_over_bullmq", &|round| round.arm / round.peer_arm, ">= 1.0; aim 1.5");
    tell("arm_over_raw_zadd", &|round| round.arm / round.zadd, ">= 0.10");
    tell("fire_over_bullmq", &|round| round.peer_drain_s / round.drain_s, ">= 0.5; aim 1.0");
    tell("fire_over_raw_claim", &|round| per_drain(round.drain_s) / round.raw_claim, "");
    Ok(sound)
}

async fn one(site: &Site, bench: &mut Bench, count: usize) -> anyhow::Result<(Round, Verdict)> {
    let mut round = Round::default();

    bench.clear().await?;
    round.zadd = per_second(count, raw::arm(&mut bench.redis, &at(count, SystemClock.now() - ARMING)).await?);
    round.raw_claim = per_second(count, raw::claim(&mut bench.redis, count).await?);

    bench.clear().await?;
    let peer = Peer::connect(site.stack()).await?;
    round.peer_arm = per_second(count, peer.arm(&at(count, SystemClock.now() + FAR)).await?);

    bench.clear().await?;
    round.arm = per_second(count, bench.arm(&at(count, SystemClock.now() + FAR)).await?);

    bench.clear().await?;
    let (peer, instant) = (Peer::connect(site.stack()).await?, SystemClock.now() + ARMING);
    peer.arm(&at(count, instant)).await?;
    let ran = peer.run(count as u64, LIMIT).await?;
    round.peer_drain_s = since(instant, ran.last);

    bench.clear().await?;
    let instant = SystemClock.now() + ARMING;
    bench.arm(&at(count, instant)).await?;
    let mut firing = Firing::start(&bench.index, &bench.clocks)?;
    firing.fired(count as u64, LIMIT).await?;
    round.drain_s = since(instant, firing.seen().last);
    drop(firing);
    Ok((round, bench.clocks.verdict().await?))
}

/// Clocks that are due at one instant.
fn at(count: usize, due: Timestamp) -> Vec<Clock> {
    (0..count as u64).map(|number| Clock::numbered(number, due)).collect()
}

fn since(instant: Timestamp, last: Timestamp) -> f64 {
    last.duration_since(instant).as_secs_f64().max(f64::EPSILON)
}
