//! Rule sets: typed tables in YAML, compiled once, immutable afterwards.
//!
//! A rule set is a handful of files. [`RuleSet::load`] reads them all, notes everything that is wrong with its place,
//! and gives either a rule set whose every name is resolved, or the whole list of problems: a set with a problem never
//! takes effect, the running one stays.

mod compile;
mod condition;
mod evaluate;
pub mod examples;
pub mod problem;
mod source;

use std::collections::{BTreeMap, HashMap};

use redress_domain::{Category, Channel, PartyKind};

pub(super) use evaluate::Evaluation;
pub use evaluate::Fired;
pub use source::{Cause, Outcome, Preference, Respondent};

use super::assessment::Missing;
use super::lexicon::Concept;
use super::normalize::Normalizer;
use super::scan::Scanner;
use condition::{Condition, Near};

/// A published set of rules with its lexicons.
#[derive(Debug)]
pub struct RuleSet {
    version: String,
    pub(super) normalizer: Normalizer,
    pub(super) scanner: Scanner,
    /// In the order of evaluation: a feature is given before it is asked for.
    rules: Vec<Rule>,
    subs: BTreeMap<String, SubCategory>,
    names: HashMap<String, Concept>,
    /// The feature that tells that a mandatory detail is there, per detail.
    details: BTreeMap<Missing, Concept>,
}

/// What the table says of a sub-category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubCategory {
    /// Its category.
    pub category: Category,
    /// Whom such a complaint is directed at, unless a rule knows better.
    pub respondent: Respondent,
    /// Who causes it in live commerce, unless a rule knows better.
    pub cause: Cause,
    /// Whether its parties stand for the whole category where only hints speak.
    pub typical: bool,
    /// What is mandatory.
    pub needs: Vec<Missing>,
}

#[derive(Debug)]
struct Rule {
    id: String,
    label: String,
    /// Place in the files, for telling reasons in the order people read them.
    order: usize,
    all: Vec<Condition>,
    none: Vec<Condition>,
    near: Option<Near>,
    context: Context,
    outcome: Outcome,
    /// The feature's place, if the outcome is a feature.
    gives: Option<Concept>,
    score: f32,
    after_decision: bool,
}

#[derive(Debug, Default)]
struct Context {
    live: Option<bool>,
    order: Option<bool>,
    complainant: Option<Vec<PartyKind>>,
    channel: Option<Vec<Channel>>,
    at_stake: Option<f64>,
    category: Option<Vec<Category>>,
    sub: Option<Vec<String>>,
}

impl RuleSet {
    /// The version: the hash of all files, so that the same words always carry the same version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What the table says of a sub-category.
    pub fn sub_category(&self, sub: &str) -> Option<&SubCategory> {
        self.subs.get(sub)
    }

    /// The row whose parties stand for a whole category.
    pub(super) fn typical(&self, category: Category) -> Option<&SubCategory> {
        self.subs.values().find(|row| row.category == category && row.typical)
    }

    /// The place of a feature that code asks for by name.
    pub(super) fn feature(&self, name: &str) -> Option<Concept> {
        self.names.get(name).copied()
    }
}
