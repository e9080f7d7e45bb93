//! Which category the votes of the rules and the weights of the words give.

use std::collections::BTreeMap;

use redress_domain::Category;

use crate::domain::rules::{Fired, Outcome, Preference, RuleSet};
use crate::domain::words::Opinion;

/// A category whose rules give less is no candidate for a border: stray words.
const CANDIDATE: f32 = 1.0;
/// A category with this much is told as secondary: its facts are asserted, not merely mentioned.
const SECONDARY: f32 = 4.0;
/// What the sub-categories beside the strongest add to their category: they confirm it, they are not facts anew.
const CONFIRMING: f32 = 0.25;
/// What a point of a rule's score counts beside the logarithm of a share of belief; measured on the examples, each part of
/// them with weights learned from the others.
const VOTE: f32 = 0.25;
/// No word excludes a label for good.
const FLOOR: f32 = 1e-4;
/// Below this a person decides.
const SURE: f32 = 0.5;

/// The decided category.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decision<'a> {
    pub(super) category: Category,
    pub(super) sub: Option<&'a str>,
    pub(super) confidence: f32,
    pub(super) secondary: Vec<Category>,
    /// Whether a rule, not only words, speaks for a sub-category.
    pub(super) by_rule: bool,
    /// The share of belief that the words alone give the category.
    pub(super) share: f32,
}

/// What speaks for one category.
#[derive(Debug, Default, Clone, Copy)]
struct Support {
    votes: f32,
    share: f32,
}

impl<'a> Decision<'a> {
    pub(super) fn of(rules: &'a RuleSet, votes: &[Fired<'a>], words: &Opinion<'a>) -> Self {
        let mut hints: BTreeMap<Category, f32> = BTreeMap::new();
        let mut subs: BTreeMap<&'a str, f32> = BTreeMap::new();
        let mut borders: Vec<Preference> = Vec::new();
        for vote in votes {
            match vote.outcome {
                Outcome::Sub(sub) => *subs.entry(sub).or_default() += vote.score,
                Outcome::Hint(category) => *hints.entry(*category).or_default() += vote.score,
                Outcome::Prefer(border) => borders.push(*border),
                _ => {}
            }
        }
        subs.retain(|_, score| *score > 0.0);
        let support = support(rules, &subs, &hints, words);
        let votes = |category: Category| support.get(&category).map_or(0.0, |s| s.votes);
        borders.retain(|border| [border.category, border.over].iter().all(|c| votes(*c) >= CANDIDATE));
        let beaten = |category: Category| borders.iter().any(|border| border.over == category);
        let strengths: Vec<(Category, f32)> = support
            .iter()
            .map(|(category, s)| (*category, VOTE * s.votes + (s.share + FLOOR).ln()))
            .collect();
        // Borders that beat each other in a ring decide nothing.
        let standing = strengths.iter().filter(|(category, _)| !beaten(*category));
        let strongest = |a: &&(Category, f32), b: &&(Category, f32)| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0));
        let winner = standing.max_by(strongest).or_else(|| strengths.iter().max_by(strongest));
        let Some(&(category, strength)) = winner.filter(|(c, _)| votes(*c) > 0.0 || words.knows()) else {
            return Self::nothing();
        };
        let all: f32 = strengths.iter().map(|(_, other)| (other - strength).exp()).sum();
        let dropped = |other: Category| borders.iter().any(|b| b.over == other && !b.secondary);
        let mut secondary: Vec<Category> = support
            .iter()
            .filter(|(other, s)| **other != category && s.votes >= SECONDARY && !dropped(**other))
            .map(|(other, _)| *other)
            .collect();
        secondary.sort_by(|a, b| votes(*b).total_cmp(&votes(*a)));
        let (sub, by_rule) = sub(rules, category, &subs, words);
        let share = support.get(&category).map_or(0.0, |s| s.share);
        // A beaten category may be stronger than the winner, so the quotient may pass 1.
        Self { category, sub, confidence: (1.0 / all).min(1.0), secondary, by_rule, share }
    }

    /// The same text under a decision of somebody else's, who is sure; what the rules thought is one of the others, if they
    /// thought of something else.
    pub(super) fn replaced(mut self, category: Category, sub: Option<&'a str>) -> Self {
        self.secondary.retain(|other| *other != category);
        Self { category, sub, confidence: 1.0, by_rule: self.by_rule && self.sub == sub, ..self }
    }

    fn nothing() -> Self {
        Self {
            category: Category::Cq09,
            sub: None,
            confidence: 0.0,
            secondary: Vec::new(),
            by_rule: false,
            share: 0.0,
        }
    }

    pub(super) fn is_unsure(&self) -> bool {
        self.confidence < SURE
    }
}

/// What speaks for each of the nine categories.
fn support(
    rules: &RuleSet,
    subs: &BTreeMap<&str, f32>,
    hints: &BTreeMap<Category, f32>,
    words: &Opinion<'_>,
) -> BTreeMap<Category, Support> {
    let mut best: BTreeMap<Category, (f32, f32)> = BTreeMap::new();
    for (sub, &score) in subs {
        let Some(row) = rules.sub_category(sub) else { continue };
        let (best, all) = best.entry(row.category).or_default();
        *best = best.max(score);
        *all += score;
    }
    let mut support: BTreeMap<Category, Support> = Category::ALL
        .iter()
        .map(|&category| {
            let (best, all) = best.get(&category).copied().unwrap_or_default();
            let hinted = hints.get(&category).copied().unwrap_or_default();
            (category, Support { votes: best + (all - best) * CONFIRMING + hinted, share: 0.0 })
        })
        .collect();
    for (_, category, share) in words.shares() {
        if let Some(support) = category.and_then(|category| support.get_mut(&category)) {
            support.share += share;
        }
    }
    support
}

/// The strongest sub-category of the decided category, and whether a rule speaks for it.
fn sub<'a>(
    rules: &'a RuleSet,
    category: Category,
    subs: &BTreeMap<&'a str, f32>,
    words: &Opinion<'a>,
) -> (Option<&'a str>, bool) {
    let of_category = |sub: &str| rules.sub_category(sub).is_some_and(|row| row.category == category);
    let mut strengths: BTreeMap<&'a str, f32> = subs
        .iter()
        .filter(|(sub, _)| of_category(sub))
        .map(|(sub, score)| (*sub, VOTE * score + FLOOR.ln()))
        .collect();
    for (label, _, share) in words.shares().filter(|(_, of, _)| *of == Some(category)) {
        let strength = strengths.entry(label).or_insert(FLOOR.ln());
        *strength += (share + FLOOR).ln() - FLOOR.ln();
    }
    let best = strengths.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(a.0)));
    let sub = best.map(|(sub, _)| sub);
    (sub, sub.is_some_and(|sub| subs.contains_key(sub)))
}
