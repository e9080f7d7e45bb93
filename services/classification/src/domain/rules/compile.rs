//! From files to a rule set: every name resolved, every contradiction found.

mod names;
mod order;
mod rule;
mod thresholds;

use std::collections::{BTreeMap, BTreeSet};

use hex::ToHex as _;
use redress_domain::{PartyKind, UrgentReason};
use sha2::{Digest as _, Sha256};

use super::problem::{LoadProblem, Problems, SourceFile};
use super::source::{Item, RawAnyhow, RawReference, RawRule, RawSub, RawThreshold, RawUnit, read_items};
use super::{RuleSet, SubCategory};
use crate::domain::assessment::Missing;
use crate::domain::language::Language;
use crate::domain::lexicon::{Concept, Finders, Lexicon};
use crate::domain::normalize::Normalizer;
use crate::domain::scan::{Cues, Reference, Scanner, Threshold, Unit};
use crate::domain::words::{NONE, Table, Tables, Words};
use names::Names;

/// Everything the files hold, before names are resolved.
#[derive(Debug, Default)]
struct Sources<'a> {
    lexicons: BTreeMap<Language, Lexicon>,
    rules: Vec<(&'a SourceFile, Item<RawRule>)>,
    subs: Vec<(&'a SourceFile, Item<RawSub>)>,
    units: Vec<(&'a SourceFile, Item<RawUnit>)>,
    thresholds: Vec<(&'a SourceFile, Item<RawThreshold>)>,
    references: Vec<(&'a SourceFile, Item<RawReference>)>,
    anyhow: Vec<(&'a SourceFile, Item<RawAnyhow>)>,
    words: Tables,
}

impl RuleSet {
    /// Reads and checks all files of a rule set; the order of `files` does not matter.
    ///
    /// Refused are: a field or name nobody knows, rules that wait for each other's features, conditions that cannot
    /// hold, a language without a lexicon, a concept that a language has no entry for.
    pub fn load(files: &[SourceFile]) -> Result<Self, Problems> {
        let normalizer =
            Normalizer::new().map_err(|error| Problems::from(LoadProblem::of_file("", error.to_string())))?;
        let mut files: Vec<&SourceFile> = files.iter().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut problems = Problems::default();
        let sources = Sources::read(&files, &normalizer, &mut problems);
        let names = Names::collect(&sources, &mut problems);
        let subs = sub_categories(&sources, &mut problems);
        let rules = rule::compile(&sources.rules, &names, &subs, &mut problems);
        let thresholds = thresholds::compile(&sources, &names, &mut problems);
        let scanner = scanner(&sources, &names, thresholds, &mut problems);
        let details = details(&names, &subs, &mut problems);
        for label in sources.words.subs.labels.iter().filter(|label| !subs.contains_key(*label)) {
            problems.push(LoadProblem::of_file(
                "words/subcategories.txt",
                format!("there is no sub-category `{label}`"),
            ));
        }
        for label in sources.words.urgency.labels.iter().filter(|label| !is_urgency(label)) {
            problems
                .push(LoadProblem::of_file("words/urgency.txt", format!("`{label}` is no cause of urgency")));
        }
        for label in sources.words.parties.labels.iter().filter(|label| !is_party(label)) {
            problems.push(LoadProblem::of_file("words/parties.txt", format!("`{label}` is no party")));
        }
        match scanner {
            Some(scanner) if problems.is_empty() => Ok(Self {
                version: version(&files),
                normalizer,
                scanner,
                words: Words::default(),
                rules,
                details,
                subs,
                names: names.into_places(),
            }
            .with_words(sources.words)),
            _ => Err(problems),
        }
    }
}

impl<'a> Sources<'a> {
    fn read(files: &[&'a SourceFile], normalizer: &Normalizer, problems: &mut Problems) -> Self {
        let mut sources = Self::default();
        for &file in files {
            let parts: Vec<&str> = file.path.split('/').collect();
            match parts.as_slice() {
                ["lexicon", folder, _] => match Language::ALL
                    .iter()
                    .find(|l| l.code().eq_ignore_ascii_case(folder))
                {
                    Some(&language) => {
                        sources.lexicons.entry(language).or_default().read(file, normalizer, problems);
                    }
                    None => problems.add(file, 0, format!("`{folder}` is no language that is known here")),
                },
                ["rules", "subcategories.yaml"] => sources.subs.extend(placed(file, problems)),
                ["rules", "units.yaml"] => sources.units.extend(placed(file, problems)),
                ["rules", "thresholds.yaml"] => sources.thresholds.extend(placed(file, problems)),
                ["rules", "references.yaml"] => sources.references.extend(placed(file, problems)),
                ["rules", "anyhow.yaml"] => sources.anyhow.extend(placed(file, problems)),
                ["words", "subcategories.txt"] => sources.words.subs = Table::read(file, problems),
                ["words", "urgency.txt"] => sources.words.urgency = Table::read(file, problems),
                ["words", "parties.txt"] => sources.words.parties = Table::read(file, problems),
                ["rules", _] => sources.rules.extend(placed(file, problems)),
                _ => problems.add(
                    file,
                    0,
                    "a rule set holds `lexicon/<language>/<file>`, `rules/<file>`, and `words/subcategories.txt`, `urgency.txt` and `parties.txt` only",
                ),
            }
        }
        for language in Language::ALL.iter().filter(|language| !sources.lexicons.contains_key(language)) {
            problems.push(LoadProblem::of_file(
                format!("lexicon/{}", language.code().to_ascii_lowercase()),
                "this language has no lexicon",
            ));
        }
        sources
    }
}

fn placed<'a, T: serde::de::DeserializeOwned>(
    file: &'a SourceFile,
    problems: &mut Problems,
) -> Vec<(&'a SourceFile, Item<T>)> {
    read_items(file, problems).into_iter().map(|item| (file, item)).collect()
}

fn sub_categories(sources: &Sources<'_>, problems: &mut Problems) -> BTreeMap<String, SubCategory> {
    let mut subs = BTreeMap::new();
    for (file, Item { line, value }) in &sources.subs {
        let row = SubCategory {
            category: value.category,
            respondent: value.respondent,
            cause: value.cause,
            typical: value.typical,
            needs: value.needs.clone(),
        };
        if subs.insert(value.sub.clone(), row).is_some() {
            problems.add(file, *line, format!("the sub-category `{}` stands here twice", value.sub));
        }
    }
    subs
}

/// The feature by which each mandatory detail is told: `has.` and the detail's code. A detail that nothing can tell
/// would be asked for for ever.
fn details(
    names: &Names,
    subs: &BTreeMap<String, SubCategory>,
    problems: &mut Problems,
) -> BTreeMap<Missing, Concept> {
    let needed: BTreeSet<Missing> =
        subs.values().flat_map(|sub| sub.needs.iter().copied()).chain([Missing::Demand]).collect();
    let mut details = BTreeMap::new();
    for missing in needed {
        let name = names::detail(missing);
        match names.place(&name) {
            Some(place) => _ = details.insert(missing, place),
            None => problems.push(LoadProblem::of_file(
                "rules/subcategories.yaml",
                format!("`{missing}` is mandatory, but nothing gives `{name}`"),
            )),
        }
    }
    details
}

/// Whether a label of the table of urgency is known.
fn is_urgency(label: &str) -> bool {
    label == NONE || label.parse::<UrgentReason>().is_ok()
}

/// Whether a label of the table of parties is known.
fn is_party(label: &str) -> bool {
    label == NONE || label.parse::<PartyKind>().is_ok()
}

fn scanner(
    sources: &Sources<'_>,
    names: &Names,
    thresholds: Vec<Threshold>,
    problems: &mut Problems,
) -> Option<Scanner> {
    let cues = Cues {
        not: names.place("cue.not")?,
        denies: names.place("cue.denies")?,
        breaks: names.place("cue.breaks")?,
        promises: names.place("cue.promises")?,
        supposes: names.place("cue.supposes")?,
        settles: names.place("cue.settles")?,
    };
    let finders = match Finders::build(&sources.lexicons, |name| names.place(name)) {
        Ok(finders) => finders,
        Err(found) => {
            found.iter().cloned().for_each(|problem| problems.push(problem));
            return None;
        }
    };
    let units = sources.units.iter().filter_map(|(_, item)| {
        let RawUnit { unit, measure, factor } = &item.value;
        Some(Unit { concept: names.place(unit)?, measure: *measure, factor: *factor })
    });
    let references = sources.references.iter().filter_map(|(_, item)| {
        Some(Reference { cue: names.place(&item.value.cue)?, gives: names.place(&item.value.gives)? })
    });
    Some(Scanner {
        finders,
        cues,
        units: units.collect(),
        thresholds,
        references: references.collect(),
        long_number: names.place(&names::detail(Missing::OrderNo)),
        not_at_stake: names.place("cue.not_at_stake"),
    })
}

/// The first half of the SHA-256 over paths and contents, each with its length in front.
fn version(files: &[&SourceFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        for part in [&file.path, &file.content] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    let mut version: String = hash.finalize().encode_hex();
    version.truncate(32);
    version
}
