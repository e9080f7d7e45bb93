//! Terms of the field, and the concepts they stand for.
//!
//! A *concept* is a name such as `ship` or `refund`; rules speak of concepts, files per language say by which terms a
//! writer names them. One pass of Aho–Corasick per language finds all terms. A term inside a longer one is hidden:
//! `未签收` hides `签收`, which is how a longer term takes back what a shorter one would say. Terms that only overlap
//! both count (`被扣` and `扣了两次` in 被扣了两次): leftmost-longest search was refused because it loses the second.
//!
//! A term that ends in `*` stands for every word that begins with it. Latin terms match whole words only. `被~盗` is a
//! term with a gap: both parts in this order, at most six characters or words apart, within one clause.
//!
//! Traditional Chinese has the terms of simplified Chinese and its own; where both know a term, its own meaning holds.

mod source;

use std::collections::{BTreeMap, HashMap};

use aho_corasick::AhoCorasick;

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
    /// What each pattern stands for.
    patterns: Vec<Pattern>,
    /// What each gapped term stands for.
    gapped: Vec<Concept>,
}

#[derive(Debug, Default)]
struct Pattern {
    concepts: Vec<Concept>,
    /// Fields of words, which neither hide nor are hidden.
    fields: Vec<Concept>,
    open_ended: bool,
    /// The gapped terms that begin with this pattern, and those that end with it.
    begins: Vec<u32>,
    ends: Vec<u32>,
}

/// How the names of concepts begin that are fields of words: they say what a text speaks of, and rules hardly ask for them.
const FIELD: &str = "field.";
/// How many characters or words a gap may hold.
const WIDEST_GAP: usize = 6;
/// No gap of that many characters is longer in bytes; words are cut off here.
const WIDEST_GAP_BYTES: usize = 48;

/// The finders of all languages.
#[derive(Debug)]
pub struct Finders {
    hans: Finder,
    hant: Finder,
    en: Finder,
    /// Every term without a gap, and whether it stands for every word that begins so.
    vocabulary: HashMap<String, bool>,
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
        Ok(Self {
            hans: finder(Language::ZhHans)?,
            hant: finder(Language::ZhHant)?,
            en: finder(Language::En)?,
            vocabulary: vocabulary(lexicons),
        })
    }

    /// The term that a piece of a text in normal form is, as the lexicons write it: `refund*` for `refunded`.
    pub fn term(&self, piece: &str) -> Option<String> {
        if self.vocabulary.contains_key(piece) {
            return Some(piece.to_owned());
        }
        let mut stems = piece.char_indices().rev().map(|(end, _)| &piece[..end]);
        let stem = stems.find(|stem| self.vocabulary.get(*stem) == Some(&true))?;
        // Only a single word is a word that begins so.
        let rest = &piece[stem.len()..];
        rest.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| format!("{stem}*"))
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

fn vocabulary(lexicons: &BTreeMap<Language, Lexicon>) -> HashMap<String, bool> {
    let mut vocabulary = HashMap::new();
    for term in lexicons.values().flat_map(Lexicon::terms).filter(|term| !term.text().contains('~')) {
        *vocabulary.entry(term.text().to_owned()).or_insert(false) |= term.open_ended();
    }
    vocabulary
}

impl Finder {
    fn build(
        own: &[Term],
        inherited: &[Term],
        concept: &impl Fn(&str) -> Option<Concept>,
    ) -> Result<Self, String> {
        let mut terms: BTreeMap<&str, Pattern> = BTreeMap::new();
        let mut gapped = Vec::new();
        for term in own {
            add(&mut terms, &mut gapped, term, concept);
        }
        let own_texts: Vec<&str> = terms.keys().copied().collect();
        for term in inherited.iter().filter(|t| own_texts.binary_search(&t.text()).is_err()) {
            add(&mut terms, &mut gapped, term, concept);
        }
        let automaton = AhoCorasick::new(terms.keys()).map_err(|error| error.to_string())?;
        Ok(Self { automaton, patterns: terms.into_values().collect(), gapped })
    }

    fn find(&self, text: &str, found: &mut Vec<Match>) {
        let mut terms: Vec<(usize, usize, &Pattern)> = Vec::with_capacity(64);
        for m in self.automaton.find_overlapping_iter(text) {
            let Some(pattern) = self.patterns.get(m.pattern().as_usize()) else { continue };
            let Some(end) = whole_word(text, m.start(), m.end(), pattern.open_ended) else { continue };
            terms.push((m.start(), end, pattern));
        }
        // The longer of those that begin together comes first; whatever ends no later than one before it is inside it.
        terms.sort_by_key(|&(start, end, _)| (start, std::cmp::Reverse(end)));
        self.join(text, &terms, found);
        let mut covered = 0;
        for (start, end, pattern) in terms {
            found.extend(pattern.fields.iter().map(|&concept| Match { concept, start, end }));
            // What is only part of gapped terms hides nothing.
            if end > covered && !pattern.concepts.is_empty() {
                covered = end;
                found.extend(pattern.concepts.iter().map(|&concept| Match { concept, start, end }));
            }
        }
    }
}

impl Finder {
    /// Joins the two parts of gapped terms: the end with the last beginning before it.
    fn join(&self, text: &str, terms: &[(usize, usize, &Pattern)], found: &mut Vec<Match>) {
        let mut begun: Vec<Option<(usize, usize)>> = vec![None; self.gapped.len()];
        for &(start, end, pattern) in terms {
            for &term in &pattern.ends {
                let (Some(&concept), Some(Some((from, to)))) =
                    (self.gapped.get(term as usize), begun.get(term as usize))
                else {
                    continue;
                };
                let near = *to <= start && start - to <= WIDEST_GAP_BYTES;
                if near && text.get(*to..start).is_some_and(is_gap) {
                    found.push(Match { concept, start: *from, end });
                }
            }
            for &term in &pattern.begins {
                if let Some(slot) = begun.get_mut(term as usize) {
                    *slot = Some((start, end));
                }
            }
        }
    }
}

/// Whether the words between two parts belong to one clause and are few.
fn is_gap(between: &str) -> bool {
    let ends = [',', '。', '.', '!', '?', ';', '\n', '…'];
    !between.contains(ends) && crate::domain::scan::within(between, WIDEST_GAP)
}

fn add<'a>(
    terms: &mut BTreeMap<&'a str, Pattern>,
    gapped: &mut Vec<Concept>,
    term: &'a Term,
    concept: &impl Fn(&str) -> Option<Concept>,
) {
    if let Some((begin, end)) = term.text().split_once('~') {
        let Some(concept) = concept(term.concept()) else { return };
        // A lexicon of four thousand million terms is refused long before.
        let place = u32::try_from(gapped.len()).unwrap_or(u32::MAX);
        gapped.push(concept);
        terms.entry(begin).or_default().begins.push(place);
        terms.entry(end).or_default().ends.push(place);
        return;
    }
    let pattern = terms.entry(term.text()).or_default();
    // A term that is a whole word in one concept and a beginning in another is a beginning: the wider one.
    pattern.open_ended |= term.open_ended();
    let list = if term.concept().starts_with(FIELD) { &mut pattern.fields } else { &mut pattern.concepts };
    list.extend(concept(term.concept()).filter(|c| !list.contains(c)));
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
