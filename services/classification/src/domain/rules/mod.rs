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
use super::case::Case;
use super::language;
use super::lexicon::Concept;
use super::normalize::Normalizer;
use super::scan::Scanner;
use super::words::{self, Known, Tables, Words};
use condition::{Condition, Near};

/// A published set of rules with its lexicons.
#[derive(Debug)]
pub struct RuleSet {
    version: String,
    pub(super) normalizer: Normalizer,
    pub(super) scanner: Scanner,
    /// In the order of evaluation: a feature is given before it is asked for.
    rules: Vec<Rule>,
    pub(super) words: Words,
    subs: BTreeMap<String, SubCategory>,
    names: HashMap<String, Concept>,
    /// The feature that tells that a mandatory detail is there, per detail.
    details: BTreeMap<Missing, Concept>,
}

/// What a case shows to the weights of words.
#[derive(Debug)]
pub struct Shown {
    /// Its pieces.
    pub pieces: Vec<String>,
    /// Everything else, with what it counts.
    pub said: Vec<(String, f32)>,
    /// Whether the matter arises in a live-commerce relation.
    pub live: bool,
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

impl SubCategory {
    /// Whom such a complaint is usually directed at, in live commerce and outside it.
    pub fn usual_party(&self, live: bool) -> Option<PartyKind> {
        self.respondent.party(Some(self.cause).filter(|_| live))
    }
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

    /// The term of the lexicons that a piece of a text is, as they write it.
    pub fn term(&self, piece: &str) -> Option<String> {
        self.scanner.finders.term(self.normalizer.normalize(piece).text())
    }

    /// A sub-category's name, as long-lived as the rule set.
    pub(super) fn name_of_sub(&self, sub: &str) -> Option<&str> {
        self.subs.get_key_value(sub).map(|(name, _)| name.as_str())
    }

    /// The row whose parties stand for a whole category.
    pub(super) fn typical(&self, category: Category) -> Option<&SubCategory> {
        self.subs.values().find(|row| row.category == category && row.typical)
    }

    /// What a case shows to the weights of words. They are learned from it.
    pub fn shown(&self, case: &Case) -> Shown {
        let normal = self.normalizer.normalize(&case.text);
        let scan = self.scanner.scan(&normal, language::detect(&normal, case.language));
        let mut names = vec![""; self.names.len()];
        for (name, place) in &self.names {
            if let Some(slot) = names.get_mut(usize::from(*place)) {
                *slot = name;
            }
        }
        let name = |concept: Concept| names.get(usize::from(concept)).copied().unwrap_or_default().to_owned();
        let mut evaluation = Evaluation::new(self, case, normal.text(), &scan);
        evaluation.before_decision();
        let live = evaluation.live();
        let (pieces, said) = words::keys(normal.text(), &scan.hits, case, live, name);
        Shown { pieces, said, live }
    }

    /// The same rules with other weights of words.
    #[must_use]
    pub fn with_words(self, tables: Tables) -> Self {
        let known = Names { places: &self.names, subs: &self.subs };
        let words = Words::build(tables, self.names.len(), &known);
        Self { words, ..self }
    }

    /// All sub-categories.
    pub fn sub_categories(&self) -> impl Iterator<Item = (&str, &SubCategory)> {
        self.subs.iter().map(|(k, v)| (k.as_str(), v))
    }

    /// The place of a feature that code asks for by name.
    pub(super) fn feature(&self, name: &str) -> Option<Concept> {
        self.names.get(name).copied()
    }
}

/// The names that tables of weights may speak of.
struct Names<'a> {
    places: &'a HashMap<String, Concept>,
    subs: &'a BTreeMap<String, SubCategory>,
}

impl Known for Names<'_> {
    fn concept(&self, name: &str) -> Option<Concept> {
        self.places.get(name).copied()
    }

    fn category(&self, sub: &str) -> Option<Category> {
        self.subs.get(sub).map(|row| row.category)
    }
}
