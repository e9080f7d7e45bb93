//! Which rules fire on a case.

use redress_domain::Category;

use super::condition::Facts;
use super::{Context, Outcome, Rule, RuleSet};
use crate::domain::assessment::Missing;
use crate::domain::case::Case;
use crate::domain::scan::Scan;

/// A rule that fired.
#[derive(Debug, Clone, PartialEq)]
pub struct Fired<'a> {
    /// The rule's id.
    pub rule_id: &'a str,
    /// What it speaks for, in words.
    pub label: &'a str,
    /// What it speaks for.
    pub outcome: &'a Outcome,
    /// How strongly.
    pub score: f32,
    /// The words it rests on, in bytes of the normal form.
    pub evidence: Vec<(usize, usize)>,
    pub(in crate::domain) order: usize,
}

/// A case being evaluated: what was said, and what features rules have given so far.
#[derive(Debug)]
pub(in crate::domain) struct Evaluation<'a> {
    rules: &'a RuleSet,
    case: &'a Case,
    at_stake: Option<f64>,
    live: bool,
    facts: Facts<'a>,
}

/// The category and sub-category that were decided.
pub(in crate::domain) type Decided<'a> = (Category, Option<&'a str>);

impl<'a> Evaluation<'a> {
    pub(in crate::domain) fn new(rules: &'a RuleSet, case: &'a Case, text: &'a str, scan: &'a Scan) -> Self {
        let facts = Facts::new(text, &scan.hits, rules.names.len());
        let live = case.live.is_some() || rules.feature("live").is_some_and(|live| facts.said(live));
        Self { rules, case, at_stake: scan.at_stake.or_else(|| paid(case)), live, facts }
    }

    /// Whether the matter arises in a live-commerce relation: told by the channel or by the text.
    pub(in crate::domain) fn live(&self) -> bool {
        self.live
    }

    /// Whether the text holds a mandatory detail.
    pub(in crate::domain) fn has(&self, detail: Missing) -> bool {
        self.rules.details.get(&detail).is_some_and(|&feature| self.facts.said(feature))
    }

    /// The rules that fire before anything is decided: features, votes for categories, borders.
    pub(in crate::domain) fn before_decision(&mut self) -> Vec<Fired<'a>> {
        let rules = self.rules;
        let mut fired = Vec::new();
        for rule in rules.rules.iter().filter(|rule| !rule.after_decision) {
            let Some(evidence) = self.fires(rule, None) else { continue };
            match rule.gives {
                Some(feature) => self.facts.give(feature, evidence),
                None => fired.push(rule.fired(evidence)),
            }
        }
        fired
    }

    /// The rules that fire on what was decided.
    pub(in crate::domain) fn after_decision(&self, decided: Decided<'_>) -> Vec<Fired<'a>> {
        let rules = self.rules;
        let late = rules.rules.iter().filter(|rule| rule.after_decision);
        late.filter_map(|rule| self.fires(rule, Some(decided)).map(|evidence| rule.fired(evidence))).collect()
    }

    /// The evidence of a rule that fires; `None` if it does not.
    fn fires(&self, rule: &Rule, decided: Option<Decided<'_>>) -> Option<Vec<(usize, usize)>> {
        let holds = rule.all.iter().all(|condition| self.facts.holds(condition))
            && !rule.none.iter().any(|condition| self.facts.holds(condition))
            && self.context(&rule.context, decided);
        if !holds {
            return None;
        }
        let mut evidence = Vec::new();
        if let Some(near) = &rule.near {
            evidence.extend(self.facts.near(near)?);
        }
        for condition in &rule.all {
            self.facts.evidence(condition, &mut evidence);
        }
        Some(evidence)
    }

    fn context(&self, context: &Context, decided: Option<Decided<'_>>) -> bool {
        let case = self.case;
        context.live.is_none_or(|live| live == self.live)
            && context.order.is_none_or(|order| order == case.order.is_some())
            && context.complainant.as_ref().is_none_or(|kinds| kinds.contains(&case.complainant))
            && context.channel.as_ref().is_none_or(|channels| channels.contains(&case.channel))
            && context.at_stake.is_none_or(|least| self.at_stake.is_some_and(|stake| stake >= least))
            && decided.is_none_or(|(category, sub)| {
                context.category.as_ref().is_none_or(|categories| categories.contains(&category))
                    && context.sub.as_ref().is_none_or(|subs| subs.iter().any(|s| Some(s.as_str()) == sub))
            })
    }
}

/// What was paid for the order, in whole yuan: what is in dispute if the text names no money.
#[expect(clippy::cast_precision_loss, reason = "thresholds are far below 2^52 fen")]
fn paid(case: &Case) -> Option<f64> {
    let paid = case.order.as_ref()?.paid.as_ref()?;
    (paid.currency.as_str() == "CNY").then(|| paid.amount_minor as f64 / 100.0)
}

impl Rule {
    fn fired(&self, evidence: Vec<(usize, usize)>) -> Fired<'_> {
        Fired {
            rule_id: &self.id,
            label: &self.label,
            outcome: &self.outcome,
            score: self.score,
            evidence,
            order: self.order,
        }
    }
}
