//! In which scope something was said.
//!
//! Sentences end at full stops, question and exclamation marks, semicolons and line ends; clauses also at commas and at
//! words such as "but". A cue reaches from where it stands to the end of its clause, a negation only a few words far:
//! "没有给我发货" denies the shipping, "没有解决破损的问题" does not deny the breakage.

use super::Hit;
use crate::domain::lexicon::{Concept, Match};

/// How something was said. A hit carries a set of these, a condition asks for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Scope {
    /// Said as a fact.
    Asserted = 1,
    /// Said at all.
    Any = 1 << 1,
    /// Denied, within a few words.
    Negated = 1 << 2,
    /// Inside quotation marks, or told as somebody's promise.
    Quoted = 1 << 3,
    /// Supposed, feared or threatened.
    Supposed = 1 << 4,
    /// Settled before.
    Settled = 1 << 5,
}

/// The concepts that open scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cues {
    /// "not": reaches a few words.
    pub not: Concept,
    /// "did not say that": denies the clause.
    pub denies: Concept,
    /// "but": ends what a cue before it opened.
    pub breaks: Concept,
    /// "promised that": the clause is a promise.
    pub promises: Concept,
    /// "if": the clause is supposed.
    pub supposes: Concept,
    /// "was resolved": the sentence is settled.
    pub settles: Concept,
}

/// How far "not" denies an action that a rule asks to be denied, in units of [`within`].
const REACH: usize = 6;
/// How far "not" makes a fact no fact.
const GRIP: usize = 2;

/// Tells the scope of every match; `matches` are in the order of their beginnings.
pub(super) fn place(text: &str, matches: &[Match], cues: &Cues) -> Vec<Hit> {
    let borders = Borders::of(text);
    let settled = settled_sentences(matches, cues, &borders);
    let quotes = quotations(text);
    let mut open = Open::default();
    let mut hits = Vec::with_capacity(matches.len());
    for m in matches {
        let (sentence, clause) = borders.at(m.start);
        if open.clause != clause || m.concept == cues.breaks {
            open = Open { clause, ..Open::default() };
        }
        let quoted = open.promised || stands_in(&quotes, m);
        let settled = settled.binary_search(&sentence).is_ok();
        hits.push(Hit {
            concept: m.concept,
            start: m.start,
            end: m.end,
            sentence,
            scopes: open.scopes(text, m, quoted, settled),
        });
        open.note(m, cues);
    }
    hits
}

/// The cues that stand before a place in its clause.
#[derive(Debug, Default)]
struct Open {
    clause: u32,
    not: Option<usize>,
    denied: bool,
    promised: bool,
    supposed: bool,
}

impl Open {
    fn note(&mut self, m: &Match, cues: &Cues) {
        if m.concept == cues.not {
            self.not = Some(m.end);
        }
        self.denied |= m.concept == cues.denies;
        self.promised |= m.concept == cues.promises;
        self.supposed |= m.concept == cues.supposes;
    }

    fn scopes(&self, text: &str, m: &Match, quoted: bool, settled: bool) -> u8 {
        let between = self.not.filter(|&end| end <= m.start).and_then(|end| text.get(end..m.start));
        let negated = self.denied || between.is_some_and(|between| within(between, REACH));
        let no_fact = self.denied || between.is_some_and(|between| within(between, GRIP));
        let mut scopes = Scope::Any as u8;
        for (holds, scope) in [
            (!(no_fact || quoted || self.supposed || settled), Scope::Asserted),
            (negated, Scope::Negated),
            (quoted, Scope::Quoted),
            (self.supposed, Scope::Supposed),
            (settled, Scope::Settled),
        ] {
            if holds {
                scopes |= scope as u8;
            }
        }
        scopes
    }
}

/// Whether `between` is at most `most` Han characters and Latin words long. Looks at no more than that.
pub(in crate::domain) fn within(between: &str, most: usize) -> bool {
    let mut count = 0;
    let mut in_word = false;
    for c in between.chars() {
        let letter = c.is_ascii_alphanumeric() || c == '\'';
        count += usize::from(!c.is_ascii() || (letter && !in_word));
        in_word = letter;
        if count > most {
            return false;
        }
    }
    true
}

/// Where clauses end, and which of the ends are ends of sentences.
struct Borders {
    clauses: Vec<usize>,
    sentences: Vec<usize>,
}

impl Borders {
    fn of(text: &str) -> Self {
        let mut borders = Self { clauses: Vec::new(), sentences: Vec::new() };
        for (at, c) in text.char_indices() {
            let next = text.as_bytes().get(at + 1);
            match c {
                '。' | '!' | '?' | ';' | '\n' | '…' => borders.sentences.push(at),
                // 12.99 and wren.hollow are no ends.
                '.' if next.is_none_or(u8::is_ascii_whitespace) => borders.sentences.push(at),
                ',' if !next.is_some_and(u8::is_ascii_digit) => {}
                ':' | '、' => {}
                _ => continue,
            }
            borders.clauses.push(at);
        }
        borders
    }

    /// The numbers of the sentence and of the clause at `byte`.
    fn at(&self, byte: usize) -> (u32, u32) {
        let number =
            |ends: &[usize]| u32::try_from(ends.partition_point(|&end| end < byte)).unwrap_or(u32::MAX);
        (number(&self.sentences), number(&self.clauses))
    }
}

fn settled_sentences(matches: &[Match], cues: &Cues, borders: &Borders) -> Vec<u32> {
    // In the order of matches, so sorted.
    matches.iter().filter(|m| m.concept == cues.settles).map(|m| borders.at(m.start).0).collect()
}

/// A quotation longer than this is a stray mark.
const LONGEST_QUOTATION: usize = 300;

/// Whether a match stands inside one of the quotations, which are in order.
fn stands_in(quotations: &[(usize, usize)], m: &Match) -> bool {
    let after = quotations.partition_point(|&(from, _)| from <= m.start);
    after.checked_sub(1).and_then(|index| quotations.get(index)).is_some_and(|&(_, to)| m.end <= to)
}

/// What stands inside quotation marks.
fn quotations(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, char)> = None;
    for (at, c) in text.char_indices() {
        if let Some((from, close)) = open {
            if c == close {
                found.push((from, at));
                open = None;
                continue;
            }
            if at - from <= LONGEST_QUOTATION {
                continue;
            }
        }
        open = match c {
            '“' => Some((at, '”')),
            '「' => Some((at, '」')),
            '『' => Some((at, '』')),
            '"' => Some((at, '"')),
            _ => None,
        };
    }
    found
}
