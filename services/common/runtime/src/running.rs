use std::collections::HashMap;

use anyhow::{Context as _, anyhow};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use crate::Task;

/// Tasks that run, by name. Those still running when it is dropped are aborted.
#[derive(Default)]
pub(crate) struct Running {
    tasks: JoinSet<anyhow::Result<()>>,
    names: HashMap<Id, &'static str>,
}

impl Running {
    pub(crate) fn spawn(&mut self, task: Task) {
        let id = self.tasks.spawn(task.future).id();
        self.names.insert(id, task.name);
    }

    /// Returns when one has ended, which none should; never if there are none.
    pub(crate) async fn ended_early(&mut self) -> anyhow::Error {
        match self.tasks.join_next_with_id().await {
            None => std::future::pending().await,
            Some(ended) => match self.outcome(ended) {
                (name, Ok(())) => anyhow!("{name} ended by itself"),
                (_, Err(error)) => error,
            },
        }
    }

    /// Returns when all have ended, or at `until` at the latest. The first error is returned, each is logged.
    pub(crate) async fn ended(&mut self, until: Instant) -> anyhow::Result<()> {
        let mut first = Ok(());
        while !self.tasks.is_empty() {
            let Ok(ended) = tokio::time::timeout_at(until, self.tasks.join_next_with_id()).await else {
                let left: Vec<_> = self.names.values().copied().collect();
                tracing::warn!(tasks = left.join(", "), "out of time; left behind");
                return first.and(Err(anyhow!("out of time: {}", left.join(", "))));
            };
            if let Some((_, Err(error))) = ended.map(|ended| self.outcome(ended)) {
                tracing::error!(error = format!("{error:#}"), "ended with an error");
                first = first.and(Err(error));
            }
        }
        first
    }

    fn outcome(
        &mut self,
        ended: Result<(Id, anyhow::Result<()>), JoinError>,
    ) -> (&'static str, anyhow::Result<()>) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let name = self.names.remove(&id).unwrap_or("a task");
        // A panic's message may hold what a caller sent; the hook has logged the place.
        let outcome = ended.map_or_else(|_| Err(anyhow!("panicked")), |(_, outcome)| outcome);
        (name, outcome.context(name))
    }
}
