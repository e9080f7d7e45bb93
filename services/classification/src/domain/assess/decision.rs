//! Which category the votes give.

use std::collections::BTreeMap;

use redress_domain::Category;

use crate::domain::rules::{Fired, Outcome, Preference, RuleSet};

/// A category with less is no candidate: stray words.
const CANDIDATE: f32 = 1.0;
/// A category with this much is told as secondary: its facts are asserted, not merely mentioned.
const SECONDARY: f32 = 4.0;
/// What the sub-categories beside the strongest add to their category: they confirm it, they are not facts anew.
const CONFIRMING: f32 = 0.25;
/// Below this a person decides.
const SURE: f32 = 0.5;
/// A lead over nothing is no certainty: one weak vote alone stays unsure.
const DOUBT: f32 = 2.0;

/// The decided category.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decision<'a> {
    pub(super) category: Category,
    pub(super) sub: Option<&'a str>,
    pub(super) confidence: f32,
    pub(super) secondary: Vec<Category>,
}

impl<'a> Decision<'a> {
    pub(super) fn of(rules: &RuleSet, votes: &[Fired<'a>]) -> Self {
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
        let mut candidates = candidates(rules, &subs, &hints);
        let beaten: Vec<Preference> = borders
            .into_iter()
            .filter(|border| {
                [border.category, border.over].iter().all(|c| candidates.iter().any(|d| d.0 == *c))
            })
            .collect();
        let all = candidates.clone();
        candidates.retain(|(category, ..)| !beaten.iter().any(|border| border.over == *category));
        // Borders that beat each other in a ring decide nothing.
        let field = if candidates.is_empty() { &all } else { &candidates };
        let Some(&(category, sub, score)) = field.first() else { return Self::nothing() };
        let rival = field.get(1).map_or(0.0, |(.., score)| *score);
        let dropped = |other: Category| beaten.iter().any(|border| border.over == other && !border.secondary);
        let secondary = all
            .iter()
            .filter(|(other, _, score)| *other != category && *score >= SECONDARY && !dropped(*other))
            .map(|(other, ..)| *other)
            .collect();
        Self { category, sub, confidence: score / (score + rival + DOUBT), secondary }
    }

    fn nothing() -> Self {
        Self { category: Category::Cq09, sub: None, confidence: 0.0, secondary: Vec::new() }
    }

    pub(super) fn is_unsure(&self) -> bool {
        self.confidence < SURE
    }
}

/// Categories with enough votes, strongest first, each with its strongest sub-category if more than hints speak for it.
/// Equals stand in code order.
fn candidates<'a>(
    rules: &RuleSet,
    subs: &BTreeMap<&'a str, f32>,
    hints: &BTreeMap<Category, f32>,
) -> Vec<(Category, Option<&'a str>, f32)> {
    let mut categories: BTreeMap<Category, (Option<&'a str>, f32, f32)> =
        hints.keys().map(|category| (*category, (None, 0.0, 0.0))).collect();
    for (&sub, &score) in subs.iter().filter(|(_, score)| **score > 0.0) {
        let Some(row) = rules.sub_category(sub) else { continue };
        let entry = categories.entry(row.category).or_insert((None, 0.0, 0.0));
        entry.2 += score;
        if score > entry.1 {
            (entry.0, entry.1) = (Some(sub), score);
        }
    }
    let mut candidates: Vec<(Category, Option<&'a str>, f32)> = categories
        .into_iter()
        .map(|(category, (sub, best, all))| {
            let hinted = hints.get(&category).copied().unwrap_or_default();
            (category, sub, best + (all - best) * CONFIRMING + hinted)
        })
        .filter(|(.., score)| *score >= CANDIDATE)
        .collect();
    candidates.sort_by(|a, b| b.2.total_cmp(&a.2));
    candidates
}
