//! Reading the files of a language: a mapping of concepts to terms.

use std::collections::{BTreeMap, BTreeSet};

use serde_saphyr::Spanned;

use crate::domain::normalize::Normalizer;
use crate::domain::rules::problem::{Problems, SourceFile, line_of};

/// A term in normal form and the concept it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    text: String,
    concept: String,
    open_ended: bool,
}

impl Term {
    /// The term in normal form, without its `*`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The concept's name.
    pub fn concept(&self) -> &str {
        &self.concept
    }

    /// Whether every word that begins so is meant.
    pub fn open_ended(&self) -> bool {
        self.open_ended
    }
}

/// All files of one language.
#[derive(Debug, Default)]
pub struct Lexicon {
    terms: Vec<Term>,
    concepts: BTreeSet<String>,
}

impl Lexicon {
    /// Reads one file into the lexicon and notes what is wrong with it.
    pub fn read(&mut self, file: &SourceFile, normalizer: &Normalizer, problems: &mut Problems) {
        let concepts: BTreeMap<String, Vec<Spanned<String>>> = match serde_saphyr::from_str(&file.content) {
            Ok(concepts) => concepts,
            Err(error) => {
                problems.add_parse(file, 0, &error);
                return;
            }
        };
        for (concept, terms) in concepts {
            for term in terms {
                let normal = normalizer.normalize(&term.value);
                let text = normal.text().trim();
                let (text, open_ended) = text.strip_suffix('*').map_or((text, false), |stem| (stem, true));
                if text.split('~').any(str::is_empty) || text.matches('~').count() > 1 {
                    let reason =
                        format!("`{text}` of the concept `{concept}` is no term and no two parts with a gap");
                    problems.add(file, line_of(&term), reason);
                    continue;
                }
                self.terms.push(Term { text: text.to_owned(), concept: concept.clone(), open_ended });
            }
            self.concepts.insert(concept);
        }
    }

    /// The terms in the order read.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The concepts that have an entry here, even an empty one.
    pub fn concepts(&self) -> &BTreeSet<String> {
        &self.concepts
    }
}
