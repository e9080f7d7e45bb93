use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

/// The conditions under which the process may be sent work. Clones share them.
#[derive(Debug, Clone)]
pub struct Readiness(Arc<watch::Sender<State>>);

#[derive(Debug, Clone, Default)]
struct State {
    leaving: bool,
    conditions: BTreeMap<&'static str, bool>,
}

/// One named condition; false until set. Clones share it.
#[derive(Debug, Clone)]
pub struct Condition {
    readiness: Readiness,
    name: &'static str,
}

impl Readiness {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }

    /// Adds a condition, for example `postgres`. It stands at false until it is set.
    pub fn condition(&self, name: &'static str) -> Condition {
        self.0.send_modify(|state| {
            state.conditions.insert(name, false);
        });
        Condition { readiness: self.clone(), name }
    }

    /// The names of the conditions that do not hold; none means ready.
    pub fn failing(&self) -> Vec<&'static str> {
        self.0.borrow().failing()
    }

    /// The process leaves: not ready for good.
    pub(crate) fn leave(&self) {
        self.0.send_modify(|state| state.leaving = true);
    }

    /// Returns when readiness is `wanted`.
    pub(crate) async fn wait_for(&self, wanted: bool) {
        // Fails only if the sender is gone, and it is `self`.
        let _ = self.0.subscribe().wait_for(|state| state.failing().is_empty() == wanted).await;
    }
}

impl State {
    fn failing(&self) -> Vec<&'static str> {
        let leaving = self.leaving.then_some("leaving");
        let failing = self.conditions.iter().filter(|(_, holds)| !**holds).map(|(name, _)| *name);
        leaving.into_iter().chain(failing).collect()
    }
}

impl Condition {
    /// Says whether the condition holds now.
    pub fn set(&self, holds: bool) {
        self.readiness.0.send_if_modified(|state| {
            let before = state.conditions.insert(self.name, holds);
            if before != Some(holds) {
                tracing::info!(condition = self.name, holds, "a readiness condition changed");
            }
            before != Some(holds)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_when_every_condition_holds_and_the_process_is_not_leaving() {
        let readiness = Readiness::new();
        let (postgres, kafka) = (readiness.condition("postgres"), readiness.condition("kafka"));
        assert_eq!(readiness.failing(), ["kafka", "postgres"]);
        kafka.set(true);
        assert_eq!(readiness.failing(), ["postgres"]);
        postgres.set(true);
        assert!(readiness.failing().is_empty());
        readiness.leave();
        assert_eq!(readiness.failing(), ["leaving"]);
    }
}
