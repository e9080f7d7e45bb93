//! Which facts a rule speaks of.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Attributes;
use crate::domain::fact::{Fact, Value};

/// A value that a field, or an attribute of the case (`case.category`), must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The field's path, or `case.` and the attribute.
    pub field: String,
    /// One of these.
    pub values: Vec<Value>,
    /// Whether it must be none of them instead.
    pub none: bool,
}

/// An event, with what must hold of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Its short name.
    pub event: String,
    /// The field that tells what within the case it is about; none for the case itself.
    pub subject: Option<String>,
    /// Of what meets a clock: the field that tells when it happened; none for the event's own time.
    pub at: Option<String>,
    /// All of these must hold.
    pub when: Vec<Condition>,
}

impl Condition {
    /// Whether it holds.
    pub fn holds(&self, fact: &Fact, case: &Attributes) -> bool {
        let attribute = self.field.strip_prefix("case.").map(|name| case.value(name));
        let value = attribute.unwrap_or_else(|| fact.fields.get(&self.field).cloned());
        value.is_some_and(|value| self.values.contains(&value)) != self.none
    }

    /// Whether both can hold at once, as far as this field tells.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        match (self.none, other.none) {
            (false, false) => self.values.iter().any(|value| other.values.contains(value)),
            (false, true) => self.values.iter().any(|value| !other.values.contains(value)),
            (true, false) => other.values.iter().any(|value| !self.values.contains(value)),
            (true, true) => true,
        }
    }
}

impl Pattern {
    /// Whether it speaks of `fact`.
    pub fn matches(&self, fact: &Fact, case: &Attributes) -> bool {
        self.event == fact.event && self.when.iter().all(|condition| condition.holds(fact, case))
    }

    /// What within the case `fact` is about; empty for the case.
    pub fn subject<'a>(&self, fact: &'a Fact) -> &'a str {
        self.subject.as_deref().map_or("", |field| fact.text(field))
    }

    /// When what it speaks of happened.
    pub fn instant(&self, fact: &Fact) -> Timestamp {
        self.at.as_deref().and_then(|field| fact.time(field)).unwrap_or(fact.at)
    }

    /// Whether it speaks of `fact` about `subject`; a pattern without a subject speaks of every subject.
    pub fn is_about(&self, fact: &Fact, case: &Attributes, subject: &str) -> bool {
        self.matches(fact, case) && (self.subject.is_none() || self.subject(fact) == subject)
    }
}

/// Conditions by their fields.
pub(super) fn by_field(conditions: &[Condition]) -> BTreeMap<&str, &Condition> {
    conditions.iter().map(|condition| (condition.field.as_str(), condition)).collect()
}
