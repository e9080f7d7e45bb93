//! What a text says: its terms, each with the scope it was said in, and its numbers with their units.

mod numbers;
mod quantities;
mod references;
mod scopes;

pub use quantities::{Measure, Threshold, Unit};
pub use references::Reference;
pub(super) use scopes::within;
pub use scopes::{Cues, Scope};

use super::language::Language;
use super::lexicon::{Concept, Finders, Match};
use super::normalize::Normalized;
use quantities::Quantity;

/// A term or number with the scope it was said in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// What it stands for.
    pub concept: Concept,
    /// First byte in the normal form.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Which sentence of the text, from 0.
    pub sentence: u32,
    /// How it was said, as a set of [`Scope`]s.
    pub scopes: u8,
}

/// Reads texts; part of a rule set.
#[derive(Debug)]
pub struct Scanner {
    /// Finds terms.
    pub finders: Finders,
    /// The concepts that open scopes.
    pub cues: Cues,
    /// The concepts that are units of measures.
    pub units: Vec<Unit>,
    /// What numbers mean to rules.
    pub thresholds: Vec<Threshold>,
    /// The concepts that announce a number of reference.
    pub references: Vec<Reference>,
    /// Given by any long number that is no telephone number.
    pub long_number: Option<Concept>,
    /// Announces money that is not in dispute: thresholds of coupons, multiples, prices of comparison.
    pub not_at_stake: Option<Concept>,
}

/// What was read.
#[derive(Debug, Default, PartialEq)]
pub struct Scan {
    /// Terms and numbers by their beginning.
    pub hits: Vec<Hit>,
    /// The greatest amount that is in dispute, in whole yuan.
    pub at_stake: Option<f64>,
}

impl Scanner {
    /// Reads `normal`. Time grows with the length of the text and the number of its terms, never with their product.
    pub fn scan(&self, normal: &Normalized, language: Language) -> Scan {
        let text = normal.text();
        let mut matches = self.finders.find(text, language);
        let numbers = numbers::find(text);
        let quantities = quantities::find(text, &numbers, &matches, &self.units);
        let at_stake = self.at_stake(text, &quantities, &matches);
        for quantity in &quantities {
            matches.extend(self.thresholds.iter().filter(|t| t.holds(quantity)).map(|t| Match {
                concept: t.gives,
                start: quantity.start,
                end: quantity.end,
            }));
        }
        references::find(text, &self.references, self.long_number, &mut matches);
        matches.sort_by_key(|m| m.start);
        Scan { hits: scopes::place(text, &matches, &self.cues), at_stake }
    }

    fn at_stake(&self, text: &str, quantities: &[Quantity], matches: &[Match]) -> Option<f64> {
        let mut waived = matches.iter().filter(|m| Some(m.concept) == self.not_at_stake).peekable();
        let mut last = None;
        let mut greatest: Option<f64> = None;
        for quantity in quantities.iter().filter(|q| q.measure == Measure::Money) {
            while let Some(cue) = waived.next_if(|cue| cue.start <= quantity.start) {
                last = Some(cue.end);
            }
            let before =
                last.map(|end| text.get(end.min(quantity.start)..quantity.start).unwrap_or_default());
            if before.is_none_or(|between| !within(between, 4)) {
                greatest = Some(greatest.map_or(quantity.value, |g| g.max(quantity.value)));
            }
        }
        greatest
    }
}
