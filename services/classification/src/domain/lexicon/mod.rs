//! Terms of the field, and the concepts they stand for.
//!
//! A *concept* is a name such as `ship` or `refund`; rules speak of concepts, files per language say by which terms a
//! writer names them. One pass of Aho–Corasick per language finds all terms, leftmost and longest: `未签收` hides
//! `签收`, which is how a longer term takes back what a shorter one would say.
//!
//! A term that ends in `*` stands for every word that begins with it. Latin terms match whole words only.
//! Traditional Chinese has the terms of simplified Chinese and its own; where both know a term, its own meaning holds.

mod source;

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};

pub use source::{Lexicon, Term};

use super::language::{Language, Scripts};
use super::rules::problem::{LoadProblem, Problems};

/// A concept or feature by its place in the rule set's table of names.
pub type Concept = u16;

/// A term that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// What it stands for.
    pub concept: Concept,
    /// First byte in the normal form.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// The terms of one language, ready to be found.
#[derive(Debug)]
struct Finder {
    automaton: AhoCorasick,
    /// Per pattern: its concepts, and whether it stands for a beginning.
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    concepts: Vec<Concept>,
    open_ended: bool,
}

/// The finders of all languages.
#[derive(Debug)]
pub struct Finders {
    hans: Finder,
    hant: Finder,
    en: Finder,
}

impl Finders {
    /// Builds the automata. `concept` tells a name's place.
    pub fn build(
        lexicons: &BTreeMap<Language, Lexicon>,
        concept: impl Fn(&str) -> Option<Concept>,
    ) -> Result<Self, Problems> {
        let finder = |language: Language| {
            let own = lexicons.get(&language).map(Lexicon::terms).unwrap_or_default();
            let inherited = match language {
                Language::ZhHant => lexicons.get(&Language::ZhHans).map(Lexicon::terms).unwrap_or_default(),
                Language::ZhHans | Language::En => &[],
            };
            Finder::build(own, inherited, &concept)
                .map_err(|reason| Problems::from(LoadProblem::of_file(language.code(), reason)))
        };
        Ok(Self { hans: finder(Language::ZhHans)?, hant: finder(Language::ZhHant)?, en: finder(Language::En)? })
    }

    /// Every term in `text`, in the order of their beginnings. A text of two scripts is searched for the terms of both.
    pub fn find(&self, text: &str, language: Language) -> Vec<Match> {
        let scripts = Scripts::of(text);
        let mut found = Vec::with_capacity(64);
        if scripts.han > 0 {
            let chinese = if language == Language::ZhHant { &self.hant } else { &self.hans };
            chinese.find(text, &mut found);
        }
        if language == Language::En || scripts.latin > 2 || scripts.han == 0 {
            self.en.find(text, &mut found);
        }
        found.sort_unstable_by_key(|m| (m.start, m.concept, m.end));
        found.dedup();
        found
    }
}

impl Finder {
    fn build(
        own: &[Term],
        inherited: &[Term],
        concept: &impl Fn(&str) -> Option<Concept>,
    ) -> Result<Self, String> {
        let mut terms: BTreeMap<&str, Pattern> = BTreeMap::new();
        for term in own {
            add(&mut terms, term, concept);
        }
        let own_texts: Vec<&str> = terms.keys().copied().collect();
        for term in inherited.iter().filter(|t| own_texts.binary_search(&t.text()).is_err()) {
            add(&mut terms, term, concept);
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(terms.keys())
            .map_err(|error| error.to_string())?;
        Ok(Self { automaton, patterns: terms.into_values().collect() })
    }

    fn find(&self, text: &str, found: &mut Vec<Match>) {
        for m in self.automaton.find_iter(text) {
            let Some(pattern) = self.patterns.get(m.pattern().as_usize()) else { continue };
            let Some(end) = whole_word(text, m.start(), m.end(), pattern.open_ended) else { continue };
            found.extend(pattern.concepts.iter().map(|&concept| Match { concept, start: m.start(), end }));
        }
    }
}

fn add<'a>(
    terms: &mut BTreeMap<&'a str, Pattern>,
    term: &'a Term,
    concept: &impl Fn(&str) -> Option<Concept>,
) {
    let pattern =
        terms.entry(term.text()).or_insert(Pattern { concepts: Vec::new(), open_ended: term.open_ended() });
    // A term that is a whole word in one concept and a beginning in another is a beginning: the wider one.
    pattern.open_ended |= term.open_ended();
    pattern.concepts.extend(concept(term.concept()).filter(|c| !pattern.concepts.contains(c)));
}

/// Where the word ends that a match covers; `None` if the match is only a piece of a Latin word.
fn whole_word(text: &str, start: usize, end: usize, open_ended: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let word = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    if word(start) && start.checked_sub(1).is_some_and(word) {
        return None;
    }
    if !(end.checked_sub(1).is_some_and(word) && word(end)) {
        return Some(end);
    }
    open_ended.then(|| (end..bytes.len()).find(|&at| !word(at)).unwrap_or(bytes.len()))
}
