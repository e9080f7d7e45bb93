//! `BullMQ`'s own Rust crate on the same Redis: delayed jobs, as it is meant to be used. Its jobs live in Redis only.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::ensure;
use bullmq::options::RedisConnectionOptions;
use bullmq::types::RemoveOnFinish;
use bullmq::worker::CancellationToken;
use bullmq::{BulkJob, Job, Queue, QueueOptions, Worker, WorkerOptions};
use hdrhistogram::Histogram;
use jiff::Timestamp;
use redress_devstack::Endpoints;
use redress_domain::Clock as _;
use redress_runtime::SystemClock;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::clocks::Clock;
use super::{BATCH, WRITERS};
use crate::driver::tally::{histogram, record};

const QUEUE: &str = "timers";
/// Jobs that the worker runs at a time: enough that it never waits for one answer of Redis.
const CONCURRENCY: usize = 100;

/// A queue and its connection.
pub(super) struct Peer {
    queue: Arc<Queue>,
    connection: RedisConnectionOptions,
}

/// Jobs that have run.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) lateness: Histogram<u64>,
    pub(super) count: u64,
    pub(super) early: u64,
    pub(super) last: Timestamp,
}

impl Peer {
    pub(super) async fn connect(stack: &Endpoints) -> anyhow::Result<Self> {
        let connection = RedisConnectionOptions::new().url(stack.redis.as_str());
        let queue = Queue::with_options(QUEUE, QueueOptions::new().connection(connection.clone())).await?;
        Ok(Self { queue: Arc::new(queue), connection })
    }

    /// Adds a delayed job for each clock, in bulk.
    pub(super) async fn arm(&self, clocks: &[Clock]) -> anyhow::Result<Duration> {
        let start = Instant::now();
        super::in_turns(clocks, WRITERS, BATCH, |clocks| {
            let queue = Arc::clone(&self.queue);
            async move {
                let now = SystemClock.now();
                let job = |clock: &Clock| {
                    let delay = Duration::try_from(clock.due.duration_since(now)).unwrap_or_default();
                    let data = json!({"clock": clock.id, "due": clock.due.as_millisecond()});
                    BulkJob::new("clock", data).delay(delay.max(Duration::from_millis(1)))
                };
                queue.add_bulk(clocks.iter().map(job).collect()).await?;
                Ok(())
            }
        })
        .await?;
        Ok(start.elapsed())
    }

    /// Runs jobs that do nothing until `count` have run.
    pub(super) async fn run(&self, count: u64, within: Duration) -> anyhow::Result<Ran> {
        let (worker, ran) = self.worker().await?;
        let deadline = Instant::now() + within;
        while locked(&ran).count < count {
            ensure!(Instant::now() < deadline, "{} of {count} jobs ran after {within:?}", locked(&ran).count);
            sleep(Duration::from_millis(5)).await;
        }
        worker.close(5_000).await?;
        let ran = locked(&ran);
        Ok(Ran { lateness: ran.lateness.clone(), ..*ran })
    }

    async fn worker(&self) -> anyhow::Result<(Worker, Arc<Mutex<Ran>>)> {
        let ran = Ran { lateness: histogram()?, count: 0, early: 0, last: Timestamp::UNIX_EPOCH };
        let ran = Arc::new(Mutex::new(ran));
        let noted = Arc::clone(&ran);
        let process = move |job: Job, _: CancellationToken| {
            note(&noted, job.data()["due"].as_i64());
            std::future::ready(Ok::<_, bullmq::Error>(Value::Null))
        };
        let options = WorkerOptions {
            connection: self.connection.clone(),
            concurrency: CONCURRENCY,
            remove_on_complete: Some(RemoveOnFinish::Bool(true)),
            ..WorkerOptions::default()
        };
        Ok((Worker::with_options(QUEUE, process, options).await?, ran))
    }
}

fn note(ran: &Mutex<Ran>, due_ms: Option<i64>) {
    let (now, mut ran) = (SystemClock.now(), locked(ran));
    let late = now.as_microsecond() - due_ms.unwrap_or_default() * 1_000;
    record(&mut ran.lateness, Duration::from_micros(u64::try_from(late).unwrap_or(0)));
    ran.early += u64::from(late < 0);
    ran.count += 1;
    ran.last = now;
}

fn locked(ran: &Mutex<Ran>) -> std::sync::MutexGuard<'_, Ran> {
    ran.lock().unwrap_or_else(PoisonError::into_inner)
}
