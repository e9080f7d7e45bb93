//! Redis alone: what arming and claiming cost at least. One sorted set, one connection.

use std::time::Duration;

use anyhow::ensure;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, Script};
use redress_devstack::Endpoints;
use tokio::time::Instant;

use super::clocks::Clock;

const DUE: &str = "raw:{0}:due";
const IN_FLIGHT: &str = "raw:{0}:inflight";
/// Commands of one pipeline.
const PIPELINE: usize = 1_000;
/// Timers of one claim, and their lease.
const CLAIMED: usize = 100;
const LEASE_MS: u64 = 30_000;

/// A connection without a time limit: flushing a million keys takes a while.
pub(super) async fn connect(stack: &Endpoints) -> anyhow::Result<MultiplexedConnection> {
    let client = redis::Client::open(stack.redis.as_str())?;
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    Ok(client.get_multiplexed_async_connection_with_config(&config).await?)
}

/// An empty server.
pub(super) async fn flush(redis: &mut MultiplexedConnection) -> anyhow::Result<()> {
    Ok(redis::cmd("FLUSHALL").exec_async(redis).await?)
}

/// Bytes that the server has taken for data and itself.
pub(super) async fn used_memory(redis: &mut MultiplexedConnection) -> anyhow::Result<u64> {
    let info: String = redis::cmd("INFO").arg("memory").query_async(redis).await?;
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
    Ok(used.unwrap_or_default().trim().parse()?)
}

/// Bytes that the server counts for sorted sets alone.
pub(super) async fn usage(redis: &mut MultiplexedConnection, keys: &[String]) -> anyhow::Result<u64> {
    let mut pipeline = Pipeline::new();
    for key in keys {
        pipeline.cmd("MEMORY").arg("USAGE").arg(key).arg("SAMPLES").arg(10_000);
    }
    let sizes: Vec<Option<u64>> = pipeline.query_async(redis).await?;
    Ok(sizes.into_iter().flatten().sum())
}

/// Adds the clocks one command each, a thousand to a pipeline.
pub(super) async fn arm(redis: &mut MultiplexedConnection, clocks: &[Clock]) -> anyhow::Result<Duration> {
    let start = Instant::now();
    for clocks in clocks.chunks(PIPELINE) {
        let mut pipeline = Pipeline::with_capacity(clocks.len());
        for clock in clocks {
            let timer = clock.timer();
            let mut member = [0; 12];
            member[..8].copy_from_slice(&timer.key.to_be_bytes());
            pipeline.cmd("ZADD").arg(DUE).arg(timer.due_ms).arg(&member[..]).ignore();
        }
        pipeline.exec_async(redis).await?;
    }
    Ok(start.elapsed())
}

/// Claims all that is due, which must be `count`.
pub(super) async fn claim(redis: &mut MultiplexedConnection, count: usize) -> anyhow::Result<Duration> {
    let script = Script::new(include_str!("raw_claim.lua"));
    let (start, mut claimed) = (Instant::now(), 0);
    loop {
        let mut call = script.prepare_invoke();
        call.key(DUE).key(IN_FLIGHT).arg(CLAIMED).arg(LEASE_MS);
        let timers: Vec<Vec<u8>> = call.invoke_async(redis).await?;
        claimed += timers.len();
        if timers.is_empty() {
            break;
        }
    }
    ensure!(claimed == count, "{claimed} of {count} raw timers were claimed");
    Ok(start.elapsed())
}
