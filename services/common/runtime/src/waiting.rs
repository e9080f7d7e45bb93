//! Waiting for dependencies without failing to start: each is asked again until it is there, or the process leaves.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::Condition;

/// How often a dependency is asked that is about to come.
const SOON: Duration = Duration::from_millis(100);
/// How often one is asked that may never come.
const PERHAPS: Duration = Duration::from_secs(5);

/// Sets `condition` once `probe` has succeeded, and then stays until `stop`. A task of a service: readiness asks for
/// dependencies at the start and not again, since a dependency that goes away later takes every replica at once.
pub async fn ready_once<F: Future<Output = bool>>(
    condition: Condition,
    stop: CancellationToken,
    probe: impl Fn() -> F,
) -> anyhow::Result<()> {
    tokio::select! {
        () = stop.cancelled() => return Ok(()),
        () = there(SOON, probe) => condition.set(true),
    }
    stop.cancelled().await;
    Ok(())
}

/// Runs `work` once `probe` has succeeded; it would only fail before.
pub async fn run_once<F: Future<Output = bool>>(
    stop: CancellationToken,
    probe: impl Fn() -> F,
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    after(SOON, stop, probe, work).await
}

/// The same for something that an installation may not have, such as another service's topic: asked seldom.
pub async fn run_if_ever<F: Future<Output = bool>>(
    stop: CancellationToken,
    probe: impl Fn() -> F,
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    after(PERHAPS, stop, probe, work).await
}

async fn after<F: Future<Output = bool>>(
    period: Duration,
    stop: CancellationToken,
    probe: impl Fn() -> F,
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    tokio::select! {
        () = stop.cancelled() => return Ok(()),
        () = there(period, probe) => {}
    }
    work.await
}

async fn there<F: Future<Output = bool>>(period: Duration, probe: impl Fn() -> F) {
    while !probe().await {
        tokio::time::sleep(period).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::Readiness;

    #[tokio::test]
    async fn a_condition_holds_once_the_dependency_has_answered_and_the_task_stays() {
        let readiness = Readiness::new();
        let condition = readiness.condition("database");
        let stop = CancellationToken::new();
        let asked = Cell::new(0);
        let task = ready_once(condition, stop.clone(), || {
            asked.set(asked.get() + 1);
            std::future::ready(asked.get() == 2)
        });
        let watch = async {
            while !readiness.failing().is_empty() {
                tokio::task::yield_now().await;
            }
            stop.cancel();
        };
        let (outcome, ()) = tokio::join!(task, watch);
        outcome.unwrap();
        assert_eq!(asked.get(), 2);
    }

    #[tokio::test]
    async fn work_whose_dependency_never_comes_ends_with_the_process_and_is_never_begun() {
        let stop = CancellationToken::new();
        stop.cancel();
        let outcome = run_if_ever(stop, || std::future::ready(false), async { anyhow::bail!("begun") }).await;
        assert!(outcome.is_ok());
    }
}
