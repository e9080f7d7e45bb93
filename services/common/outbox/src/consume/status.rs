use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::plan::Cursors;

/// How far this process has come, for lag, health and operators. Nothing depends on it.
#[derive(Debug, Default)]
pub(crate) struct Status(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    partitions: BTreeMap<(&'static str, i32), Reach>,
    waiting: BTreeSet<&'static str>,
}

/// How far one partition has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    /// First offset not yet applied.
    pub(crate) next: i64,
    /// End of the log as last seen.
    pub(crate) end: i64,
    /// Whether its topic waits for a dependency.
    pub(crate) waiting: bool,
}

impl Status {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn assigned(&self, topic: &'static str, partition: i32, next: i64) {
        let reach = Reach { next, end: next, waiting: false };
        self.state().partitions.insert((topic, partition), reach);
    }

    pub(crate) fn revoked(&self, topic: &'static str, partition: i32) {
        self.state().partitions.remove(&(topic, partition));
    }

    pub(crate) fn all_revoked(&self) {
        self.state().partitions.clear();
    }

    pub(crate) fn applied(&self, topic: &'static str, cursors: &Cursors) {
        let mut state = self.state();
        for (&partition, cursor) in cursors {
            if let Some(reach) = state.partitions.get_mut(&(topic, partition)) {
                reach.next = reach.next.max(cursor.first);
                reach.end = reach.end.max(reach.next);
            }
        }
    }

    pub(crate) fn ends_at(&self, topic: &'static str, ends: &[(i32, i64)]) {
        let mut state = self.state();
        for &(partition, end) in ends {
            if let Some(reach) = state.partitions.get_mut(&(topic, partition)) {
                reach.end = end.max(reach.next);
            }
        }
    }

    pub(crate) fn waits(&self, topic: &'static str, waits: bool) {
        let mut state = self.state();
        if waits {
            state.waiting.insert(topic);
        } else {
            state.waiting.remove(topic);
        }
    }

    /// Records not yet applied, per partition of this process.
    pub(crate) fn lags(&self) -> Vec<(&'static str, i32, i64)> {
        let state = self.state();
        state.partitions.iter().map(|((topic, at), reach)| (*topic, *at, reach.end - reach.next)).collect()
    }

    pub(crate) fn partitions(&self, topic: &str) -> Vec<(i32, Reach)> {
        let state = self.state();
        let own = state.partitions.iter().filter(|((of, _), _)| *of == topic);
        own.map(|((of, partition), reach)| {
            (*partition, Reach { waiting: state.waiting.contains(of), ..*reach })
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_that_went_elsewhere_has_no_lag_here() {
        let status = Status::default();
        status.assigned("t", 0, 5);
        status.assigned("t", 1, 0);
        status.ends_at("t", &[(0, 9), (1, 3)]);
        assert_eq!(status.lags(), [("t", 0, 4), ("t", 1, 3)]);
        status.revoked("t", 0);
        assert_eq!(status.lags(), [("t", 1, 3)]);
    }
}
