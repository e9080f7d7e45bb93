//! What writers promise of their topics, and when it holds for what was read of them: pure.
//!
//! A promise says that everything up to a time is in the log. It holds for a partition once that is read to an end that
//! was seen after the promise had been heard. Under load reading is never at the end, so one end per partition is kept
//! until it has been passed.

use std::collections::HashMap;

use redress_messaging::{Mark, Promise, Record};

/// The last promise per topic, and what is waited for per partition.
#[derive(Debug, Default)]
pub(super) struct Marks {
    promises: HashMap<String, Promise>,
    goals: HashMap<(&'static str, i32), Goal>,
}

/// An end that was seen after a promise had been heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Goal {
    end: i64,
    promise: Promise,
}

/// `promise` holds for `partition` if its next offset is one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) partition: i32,
    pub(crate) least: i64,
    /// Not beyond the end: such a position is one in another log, which was replaced.
    pub(crate) most: i64,
    pub(crate) promise: Promise,
}

impl Marks {
    /// Takes note of what was written since. A mark that cannot be read says nothing.
    pub(super) fn hear(&mut self, records: &[Record]) {
        for mark in records.iter().filter_map(|record| Mark::of_record(record).ok()) {
            let known = self.promises.entry(mark.topic).or_insert(mark.promise);
            known.recorded_through = known.recorded_through.max(mark.promise.recorded_through);
            known.caused_through = known.caused_through.max(mark.promise.caused_through);
        }
    }

    /// What is promised of a topic, as far as was heard. Ask for it before the ends.
    pub(super) fn promise(&self, topic: &str) -> Option<Promise> {
        self.promises.get(topic).copied()
    }

    /// What may hold by now, with the ends per partition that were seen after `promise` had been heard.
    pub(super) fn steps(&self, topic: &'static str, ends: &[(i32, i64)], promise: Promise) -> Vec<Step> {
        let of = |&(partition, end): &(i32, i64)| {
            let now = Step { partition, least: end, most: end, promise };
            let goal = self.goals.get(&(topic, partition)).filter(|goal| goal.end < end);
            let before =
                goal.map(|goal| Step { partition, least: goal.end, most: end - 1, promise: goal.promise });
            [Some(now), before]
        };
        ends.iter().flat_map(of).flatten().collect()
    }

    /// Sets new goals where there were none, and where one of the steps was written.
    pub(super) fn written(
        &mut self,
        topic: &'static str,
        ends: &[(i32, i64)],
        promise: Promise,
        reached: &[i32],
    ) {
        for &(partition, end) in ends {
            let next = Goal { end, promise };
            let goal = self.goals.entry((topic, partition)).or_insert(next);
            // An end that went back is another log's.
            if reached.contains(&partition) || goal.end > end {
                *goal = next;
            }
        }
    }
}

#[cfg(test)]
#[path = "marks_tests.rs"]
mod tests;
