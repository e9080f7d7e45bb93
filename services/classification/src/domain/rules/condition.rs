//! Conditions over what a text says.

use crate::domain::lexicon::Concept;
use crate::domain::scan::{Hit, Scope};

/// Alternatives of which one must hold: `refund@negated|refund_delayed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition(pub(super) Vec<Alternative>);

/// A concept or feature in a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alternative {
    pub(super) concept: Concept,
    pub(super) scope: u8,
}

/// Two conditions close together in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Near {
    pub(super) of: [Condition; 2],
    pub(super) within: usize,
}

/// What a text says, arranged for asking.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    text: &'a str,
    hits: &'a [Hit],
    /// Per concept: the scopes in which it was said, all together.
    scopes: Vec<u8>,
    /// Features given by rules, and the evidence they rest on; a handful.
    given: Vec<(Concept, Vec<(usize, usize)>)>,
}

impl<'a> Facts<'a> {
    /// Arranges the hits of a text; `names` is the number of concepts and features.
    pub(super) fn new(text: &'a str, hits: &'a [Hit], names: usize) -> Self {
        let mut scopes = vec![0; names];
        for hit in hits {
            if let Some(slot) = scopes.get_mut(usize::from(hit.concept)) {
                *slot |= hit.scopes;
            }
        }
        Self { text, hits, scopes, given: Vec::new() }
    }

    /// Whether the concept or feature holds at all.
    pub(super) fn said(&self, concept: Concept) -> bool {
        self.scopes.get(usize::from(concept)).is_some_and(|&scopes| scopes != 0)
    }

    /// Adds a feature that a rule found; it counts in every scope but "negated", "quoted" and the like.
    pub(super) fn give(&mut self, feature: Concept, evidence: Vec<(usize, usize)>) {
        if let Some(slot) = self.scopes.get_mut(usize::from(feature)) {
            *slot |= Scope::Any as u8 | Scope::Asserted as u8;
            self.given.push((feature, evidence));
        }
    }

    /// Whether the condition holds.
    pub(super) fn holds(&self, condition: &Condition) -> bool {
        condition.0.iter().any(|alternative| self.alternative(*alternative))
    }

    fn alternative(&self, alternative: Alternative) -> bool {
        self.scopes
            .get(usize::from(alternative.concept))
            .is_some_and(|scopes| scopes & alternative.scope != 0)
    }

    /// The words a condition that holds rests on: the first of each alternative.
    pub(super) fn evidence(&self, condition: &Condition, evidence: &mut Vec<(usize, usize)>) {
        for alternative in condition.0.iter().filter(|a| self.alternative(**a)) {
            if let Some(hit) = self.hits.iter().find(|hit| alternative.fits(hit)) {
                evidence.push((hit.start, hit.end));
            } else {
                let given = self.given.iter().filter(|(feature, _)| *feature == alternative.concept);
                evidence.extend(given.flat_map(|(_, spans)| spans));
            }
        }
    }

    /// The first two hits that are close together. Looks only at each hit's neighbours.
    pub(super) fn near(&self, near: &Near) -> Option<[(usize, usize); 2]> {
        let [first, second] = &near.of;
        if !(self.holds(first) && self.holds(second)) {
            return None;
        }
        let mut last: [Option<&Hit>; 2] = [None, None];
        for hit in self.hits {
            let fits = [first.fits(hit), second.fits(hit)];
            for side in 0..2 {
                let other = last[1 - side];
                if let Some(other) = other.filter(|other| fits[side] && self.close(other, hit, near.within)) {
                    return Some([(other.start, other.end), (hit.start, hit.end)]);
                }
            }
            for side in 0..2 {
                if fits[side] {
                    last[side] = Some(hit);
                }
            }
        }
        None
    }

    fn close(&self, before: &Hit, after: &Hit, most: usize) -> bool {
        before.sentence == after.sentence
            && before.end <= after.start
            && self.text.get(before.end..after.start).is_some_and(|between| Self::within(between, most))
    }

    fn within(between: &str, most: usize) -> bool {
        crate::domain::scan::within(between, most)
    }
}

impl Condition {
    fn fits(&self, hit: &Hit) -> bool {
        self.0.iter().any(|alternative| alternative.fits(hit))
    }
}

impl Alternative {
    /// Whether this holds wherever `other` does.
    pub(super) fn covers(self, other: Self) -> bool {
        // Whatever is said in some scope is said at all.
        self.concept == other.concept && (self.scope == other.scope || self.scope == Scope::Any as u8)
    }

    fn fits(self, hit: &Hit) -> bool {
        self.concept == hit.concept && self.scope & hit.scopes != 0
    }
}
