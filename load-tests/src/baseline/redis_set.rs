//! One `SET … NX EX` per complaint through one connection that all tasks share.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use redis::aio::ConnectionManager;
use redress_devstack::Endpoints;
use redress_testkit::unique_name;

use super::harness::Operation;

/// As large as an entry of intake's filter.
const VALUE: [u8; 42] = [1; 42];
const SECONDS_TO_LIVE: u64 = 24 * 60 * 60;

pub(super) struct RedisSet {
    connection: ConnectionManager,
    prefix: String,
    /// Every key is new, as that of a complaint is.
    keys: AtomicU64,
}

impl RedisSet {
    pub(super) async fn connect(stack: &Endpoints) -> anyhow::Result<Self> {
        let client = redis::Client::open(stack.redis.as_str())?;
        let connection = ConnectionManager::new(client).await.context("cannot reach Redis")?;
        Ok(Self { connection, prefix: unique_name("raw"), keys: AtomicU64::new(0) })
    }
}

impl Operation for RedisSet {
    async fn run(&self, _number: u64) -> anyhow::Result<()> {
        let key = format!("{}:{:032x}", self.prefix, self.keys.fetch_add(1, Ordering::Relaxed));
        let mut connection = self.connection.clone();
        let mut set = redis::cmd("SET");
        set.arg(key).arg(&VALUE).arg("NX").arg("EX").arg(SECONDS_TO_LIVE);
        Ok(set.query_async(&mut connection).await?)
    }
}
