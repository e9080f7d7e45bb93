//! One run of a clock: from the fact that started it to the one that ended it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::fact::Fact;
use crate::domain::policy::{Attributes, Definition, Policy};

/// Facts in order, with what was known of the case after each, and the policy in effect at each.
#[derive(Debug)]
pub(super) struct Timeline<'a> {
    pub(super) facts: Vec<&'a Fact>,
    pub(super) known: Vec<Arc<Attributes>>,
    pub(super) policies: Vec<Arc<Policy>>,
}

/// A run; indices are places in the timeline.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) policy: Arc<Policy>,
    pub(super) definition: Arc<Definition>,
    pub(super) subject: String,
    pub(super) start: usize,
    pub(super) started_at: Timestamp,
    /// Due instants that events announced, each with the event's place; the last counts.
    pub(super) announced: Vec<(usize, Timestamp)>,
    pub(super) end: Option<End>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) index: usize,
    /// When it ended; the time of the fact, unless that tells another.
    pub(super) at: Timestamp,
    pub(super) how: How,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum How {
    /// What stops it has happened.
    Met,
    /// Something that makes it needless.
    Cancelled { reason: String },
    /// The case ended, and may go on one day.
    CaseEnded { reason: String },
}

impl Run {
    /// Whether it is of that clock and subject, and has not ended.
    pub(super) fn is_open(&self, definition: &str, subject: &str) -> bool {
        self.end.is_none() && self.definition.id == definition && self.subject == subject
    }

    pub(super) fn due_announced(&self) -> Option<Timestamp> {
        self.announced.last().map(|(_, due)| *due)
    }
}

impl Timeline<'_> {
    /// Places at the same instant as `index`, in other topics: which of them came first nobody can tell.
    pub(super) fn at_once(&self, index: usize) -> impl Iterator<Item = usize> {
        let (at, topic) = (self.facts[index].at, &self.facts[index].topic);
        let same = move |other: &usize| self.facts[*other].at == at && self.facts[*other].topic != *topic;
        let from = self.facts[..index].iter().rposition(|fact| fact.at != at).map_or(0, |before| before + 1);
        let to =
            self.facts[index..].iter().position(|fact| fact.at != at).map_or(self.facts.len(), |n| index + n);
        (from..to).filter(same)
    }
}
