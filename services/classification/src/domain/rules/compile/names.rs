//! The names of a rule set: concepts of the lexicons, features of tables and rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Sources;
use crate::domain::assessment::Missing;
use crate::domain::language::Language;
use crate::domain::lexicon::{Concept, Lexicon};
use crate::domain::rules::problem::{LoadProblem, Problems};
use crate::domain::rules::source::Outcome;
use crate::domain::scan::Scope;

/// The cues that the code looks for itself.
const CUES: [&str; 7] = [
    "cue.not",
    "cue.denies",
    "cue.breaks",
    "cue.promises",
    "cue.supposes",
    "cue.settles",
    "cue.not_at_stake",
];

/// The name of the feature that tells that a mandatory detail is there.
pub(super) fn detail(missing: Missing) -> String {
    format!("has.{}", missing.code())
}

/// Every name and its place.
#[derive(Debug, Default)]
pub(super) struct Names {
    places: HashMap<String, Concept>,
    anyhow: BTreeSet<String>,
}

impl Names {
    pub(super) fn collect(sources: &Sources<'_>, problems: &mut Problems) -> Self {
        let concepts = concepts(&sources.lexicons, problems);
        let mut all: BTreeSet<String> = concepts.iter().cloned().collect();
        for (_, item) in &sources.rules {
            if let Outcome::Feature(name) = &item.value.then {
                all.insert(name.clone());
            }
        }
        all.extend(sources.thresholds.iter().map(|(_, item)| item.value.feature.clone()));
        all.extend(sources.references.iter().map(|(_, item)| item.value.gives.clone()));
        for name in CUES.iter().filter(|cue| !concepts.contains(**cue)) {
            problems
                .push(LoadProblem::of_file("lexicon", format!("the concept `{name}` is needed for scopes")));
        }
        for (file, item) in &sources.anyhow {
            if !all.contains(&item.value.concept) {
                problems.add(file, item.line, format!("nothing gives `{}`", item.value.concept));
            }
        }
        for (file, item) in &sources.units {
            if !concepts.contains(&item.value.unit) {
                problems.add(file, item.line, format!("no lexicon knows the unit `{}`", item.value.unit));
            }
        }
        for (file, item) in &sources.references {
            if !concepts.contains(&item.value.cue) {
                problems.add(file, item.line, format!("no lexicon knows the cue `{}`", item.value.cue));
            }
        }
        let mut names = Self::default();
        for name in all {
            match Concept::try_from(names.places.len()) {
                Ok(place) => _ = names.places.insert(name, place),
                Err(_) => problems.push(LoadProblem::of_file("lexicon", "more than 65,536 names")),
            }
        }
        names.anyhow = sources.anyhow.iter().map(|(_, item)| item.value.concept.clone()).collect();
        names
    }

    pub(super) fn place(&self, name: &str) -> Option<Concept> {
        self.places.get(name).copied()
    }

    /// In which scope a name counts if a condition does not say.
    pub(super) fn usual_scope(&self, name: &str) -> Scope {
        if self.anyhow.contains(name) { Scope::Any } else { Scope::Asserted }
    }

    pub(super) fn into_places(self) -> HashMap<String, Concept> {
        self.places
    }
}

/// All concepts; each must have an entry, if only an empty one, in every language that stands on its own.
fn concepts(lexicons: &BTreeMap<Language, Lexicon>, problems: &mut Problems) -> BTreeSet<String> {
    let all: BTreeSet<String> = lexicons.values().flat_map(|l| l.concepts().iter().cloned()).collect();
    for language in [Language::ZhHans, Language::En] {
        let Some(lexicon) = lexicons.get(&language) else { continue };
        for concept in all.difference(lexicon.concepts()) {
            problems.push(LoadProblem::of_file(
                format!("lexicon/{}", language.code().to_ascii_lowercase()),
                format!("the concept `{concept}` has no entry in this language"),
            ));
        }
    }
    all
}
