use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use redress_domain::Category;

use super::super::engine::{Engine, is_examples, load};
use crate::domain::rules::RuleSet;
use crate::domain::rules::examples::{Difference, Example, Labels, compare, test};
use crate::domain::rules::problem::{LoadProblem, Problems, SourceFile};
use crate::error::Error;
use crate::store::rule_set::Files;

/// Characters of an example's text that name it.
const NAMED: usize = 60;

/// What came of a test.
pub(super) struct Verdict {
    /// What keeps it from loading.
    pub(super) problems: Problems,
    /// Examples that keep it from passing.
    pub(super) failed: Vec<String>,
    /// Examples that it assesses otherwise than the running set.
    pub(super) changed: Vec<String>,
    /// The rules, if they load.
    pub(super) loaded: Option<RuleSet>,
}

impl Verdict {
    pub(super) fn passed(&self) -> bool {
        self.loaded.is_some() && self.failed.is_empty()
    }
}

/// What is judged.
pub(super) struct Judged {
    /// The rules that run.
    pub(super) running: Arc<Engine>,
    /// Their files.
    pub(super) running_files: Files,
    /// The files of the new set.
    pub(super) files: Files,
    /// Those of them that the caller brought.
    pub(super) own: Files,
}

/// Loads and tests: work for a processor, so not on the threads that answer.
pub(super) async fn judge(judged: Judged) -> Result<Verdict, Error> {
    tokio::task::spawn_blocking(move || verdict(&judged)).await.map_err(Error::unread)
}

fn verdict(Judged { running, running_files, files, own }: &Judged) -> Verdict {
    let mut problems = Problems::default();
    for path in own.keys().filter(|path| !is_known_place(path)) {
        problems
            .push(LoadProblem::of_file(path, "lexicon/<language>/, rules/, words/ or examples/ is expected"));
    }
    let examples: BTreeMap<&str, Vec<Example>> = files
        .iter()
        .filter(|(path, _)| is_examples(path))
        .map(|(path, content)| (path.as_str(), read_examples(path, content, &mut problems)))
        .collect();
    let before = examples_of(running_files);
    for category in without_examples(&before, &examples) {
        problems.push(LoadProblem::of_file("examples/", format!("{category} has no example any more")));
    }
    let loaded = match load(files) {
        Ok(rules) => Some(rules),
        Err(more) => {
            more.iter().cloned().for_each(|problem| problems.push(problem));
            None
        }
    };
    let Some(rules) = loaded.filter(|_| problems.is_empty()) else {
        return Verdict { problems, failed: Vec::new(), changed: Vec::new(), loaded: None };
    };
    let mut failed = Vec::new();
    let mut changed = Vec::new();
    for (path, examples) in &examples {
        // What a caller brings and the running set has already is known to hold, or not to.
        let known = before.get(path).map_or(&[][..], Vec::as_slice);
        for difference in test(&rules, examples) {
            let example = examples.iter().find(|example| example.text == difference.text);
            let is_new = example.is_none_or(|example| !known.contains(example));
            let held = example.is_some_and(|example| {
                Labels::of(&running.rules.assess(&example.case())) == difference.expected
            });
            if is_new || held {
                failed.push(shown(path, &difference));
            }
        }
        changed.extend(compare(&running.rules, &rules, examples).iter().map(|d| shown(path, d)));
    }
    Verdict { problems, failed, changed, loaded: Some(rules) }
}

/// The examples of files that were loaded before.
fn examples_of(files: &Files) -> BTreeMap<&str, Vec<Example>> {
    let mut none = Problems::default();
    let read = files.iter().filter(|(path, _)| is_examples(path));
    read.map(|(path, content)| (path.as_str(), read_examples(path, content, &mut none))).collect()
}

/// Categories that had examples and would have none: nothing would test what changes them from then on.
fn without_examples(
    before: &BTreeMap<&str, Vec<Example>>,
    examples: &BTreeMap<&str, Vec<Example>>,
) -> BTreeSet<Category> {
    let of = |examples: &BTreeMap<&str, Vec<Example>>| -> BTreeSet<Category> {
        examples.values().flatten().map(|example| example.is.category).collect()
    };
    of(before).difference(&of(examples)).copied().collect()
}

fn is_known_place(path: &str) -> bool {
    ["lexicon/", "rules/", "words/", "examples/"].iter().any(|folder| path.starts_with(folder))
}

fn read_examples(path: &str, content: &str, problems: &mut Problems) -> Vec<Example> {
    let file = SourceFile { path: path.to_owned(), content: content.to_owned() };
    Example::read(&file).unwrap_or_else(|found| {
        found.iter().cloned().for_each(|problem| problems.push(problem));
        Vec::new()
    })
}

/// An example by its beginning, with the labels that are expected and those that come out.
fn shown(path: &str, difference: &Difference<'_>) -> String {
    let name: String = difference.text.chars().take(NAMED).collect();
    let pairs = label_pairs(&difference.expected, &Labels::of(&difference.assessment));
    format!("{path}: {name}: {}", pairs.join(", "))
}

fn label_pairs(expected: &Labels, got: &Labels) -> Vec<String> {
    let mut pairs = Vec::new();
    let mut pair = |label: &str, expected: String, got: String| {
        if expected != got {
            pairs.push(format!("{label} {expected} → {got}"));
        }
    };
    pair("category", expected.category.to_string(), got.category.to_string());
    pair("sub", format!("{:?}", expected.sub), format!("{:?}", got.sub));
    pair("secondary", format!("{:?}", expected.secondary), format!("{:?}", got.secondary));
    pair("major", expected.major.to_string(), got.major.to_string());
    pair("urgent", format!("{:?}", expected.urgent), format!("{:?}", got.urgent));
    pair("live", format!("{:?}", expected.live), format!("{:?}", got.live));
    pair("respondent", format!("{:?}", expected.respondent), format!("{:?}", got.respondent));
    pair("matter", expected.matter.to_string(), got.matter.to_string());
    pair("inadmissible", format!("{:?}", expected.inadmissible), format!("{:?}", got.inadmissible));
    pair("missing", format!("{:?}", expected.missing), format!("{:?}", got.missing));
    pairs
}
