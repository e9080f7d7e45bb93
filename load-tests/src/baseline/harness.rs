//! Runs one raw operation many times, in the two ways that bound what it can cost.
//!
//! **Flat out**, many tasks in a closed loop: wake-ups and system calls are shared by many operations, the cheapest that
//! it gets. **At the rate** of the run that it is compared with, open loop: as often as the service does it, so the
//! latencies can be compared too.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::driver::schedule::Schedule;
use crate::driver::tally::{histogram, record};
use crate::report::{as_f64, microseconds_each};

/// An operation that can be repeated; `number` tells the repetitions apart.
pub(crate) trait Operation: Send + Sync + 'static {
    fn run(&self, number: u64) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// How often an operation ran, in which time.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) times: u64,
    pub(crate) elapsed: Duration,
    pub(crate) latency: Histogram<u64>,
}

impl Done {
    /// Microseconds of `cpu` per operation.
    pub(crate) fn cpu_us(&self, cpu: Duration) -> f64 {
        microseconds_each(cpu, self.times)
    }

    pub(crate) fn per_second(&self) -> f64 {
        as_f64(self.times) / self.elapsed.as_secs_f64()
    }
}

/// Closed loop: `tasks` at a time for `lasting`.
pub(crate) async fn flat_out(
    operation: &Arc<impl Operation>,
    tasks: usize,
    lasting: Duration,
) -> anyhow::Result<Done> {
    let start = Instant::now();
    let numbers = Arc::new(AtomicU64::new(0));
    let mut running = JoinSet::new();
    for _ in 0..tasks {
        let (operation, numbers) = (Arc::clone(operation), Arc::clone(&numbers));
        running.spawn(async move {
            while start.elapsed() < lasting {
                operation.run(numbers.fetch_add(1, Ordering::Relaxed)).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.context("a task of a baseline panicked")??;
    }
    let times = numbers.load(Ordering::Relaxed);
    Ok(Done { times, elapsed: start.elapsed(), latency: histogram()? })
}

/// Open loop at `rate` for `lasting`; latencies from the intended start.
pub(crate) async fn at_rate(
    operation: &Arc<impl Operation>,
    rate: u32,
    lasting: Duration,
) -> anyhow::Result<Done> {
    let (start, schedule) = (Instant::now(), Schedule::new(rate, lasting));
    let latency = Arc::new(Mutex::new(histogram()?));
    let (mut running, mut number) = (JoinSet::new(), 0);
    schedule
        .run(|intended| {
            number += 1;
            let (operation, latency, number) = (Arc::clone(operation), Arc::clone(&latency), number);
            running.spawn(async move {
                operation.run(number).await?;
                record(&mut latency.lock().unwrap_or_else(PoisonError::into_inner), intended.elapsed());
                anyhow::Ok(())
            });
            // Take the ended ones out, so that the set stays small.
            while running.try_join_next().is_some_and(|ended| matches!(ended, Ok(Ok(())))) {}
        })
        .await;
    while let Some(ended) = running.join_next().await {
        ended.context("a task of a baseline panicked")??;
    }
    let latency = latency.lock().unwrap_or_else(PoisonError::into_inner).clone();
    ensure!(
        latency.len() == schedule.count(),
        "{} of {} raw operations failed",
        schedule.count() - latency.len(),
        schedule.count()
    );
    Ok(Done { times: schedule.count(), elapsed: start.elapsed(), latency })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Every7thFails;

    impl Operation for Every7thFails {
        async fn run(&self, number: u64) -> anyhow::Result<()> {
            ensure!(number % 7 != 6, "planted");
            Ok(())
        }
    }

    struct Nothing;

    impl Operation for Nothing {
        async fn run(&self, _number: u64) -> anyhow::Result<()> {
            tokio::task::yield_now().await;
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_baseline_with_failures_is_no_baseline() {
        let failing = Arc::new(Every7thFails);
        assert!(at_rate(&failing, 1_000, Duration::from_millis(20)).await.is_err());
        assert!(flat_out(&failing, 4, Duration::from_millis(20)).await.is_err());
    }

    #[tokio::test]
    async fn each_operation_is_counted_once() {
        let done = at_rate(&Arc::new(Nothing), 1_000, Duration::from_millis(50)).await.unwrap();
        assert_eq!((done.times, done.latency.len()), (50, 50));
        assert!((done.cpu_us(Duration::from_micros(100)) - 2.0).abs() < 1e-9);
    }
}
