//! One rule: names to places, and what can never hold.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Names;
use super::order::{Node, order};
use crate::domain::lexicon::Concept;
use crate::domain::rules::condition::{Alternative, Condition, Near};
use crate::domain::rules::problem::{Problems, SourceFile};
use crate::domain::rules::source::{Item, Outcome, RawRule, When};
use crate::domain::rules::{Context, Rule, SubCategory};
use crate::domain::scan::Scope;

type Sourced<'a> = (&'a SourceFile, Item<RawRule>);

/// The rules in the order of evaluation; what is wrong with any of them is noted.
pub(super) fn compile(
    sources: &[Sourced<'_>],
    names: &Names,
    subs: &BTreeMap<String, SubCategory>,
    problems: &mut Problems,
) -> Vec<Rule> {
    let mut rules = Vec::with_capacity(sources.len());
    let mut ids = BTreeSet::new();
    for (place, (file, Item { line, value })) in sources.iter().enumerate() {
        let mut note = |reason: String| problems.add(file, *line, format!("rule `{}`: {reason}", value.id));
        if !ids.insert(&value.id) {
            note("another rule has this id".to_owned());
        }
        rules.push(rule(place, value, names, subs, &mut note));
    }
    let nodes: Vec<Node> = rules.iter().map(node).collect();
    match order(&nodes) {
        Ok(places) => {
            let mut slots: Vec<Option<Rule>> = rules.into_iter().map(Some).collect();
            places.into_iter().filter_map(|place| slots.get_mut(place)?.take()).collect()
        }
        Err(stuck) => {
            for (file, Item { line, value }) in stuck.into_iter().filter_map(|place| sources.get(place)) {
                problems.add(
                    file,
                    *line,
                    format!("rule `{}` waits in a cycle for a feature of itself", value.id),
                );
            }
            rules
        }
    }
}

fn rule(
    order: usize,
    raw: &RawRule,
    names: &Names,
    subs: &BTreeMap<String, SubCategory>,
    note: &mut impl FnMut(String),
) -> Rule {
    let all: Vec<Condition> = raw.all.iter().map(|text| condition(text, names, note)).collect();
    let none: Vec<Condition> = raw.none.iter().map(|text| condition(text, names, note)).collect();
    let near = raw.near.as_ref().map(|near| Near {
        of: near.of.each_ref().map(|text| condition(text, names, note)),
        within: usize::from(near.within),
    });
    let context = context(&raw.when, subs, note);
    let gives = match &raw.then {
        Outcome::Feature(name) => names.place(name),
        _ => None,
    };
    let rule = Rule {
        id: raw.id.clone(),
        label: label(&raw.then, subs),
        order,
        all,
        none,
        near,
        context,
        outcome: raw.then.clone(),
        gives,
        score: raw.score,
        after_decision: !matches!(
            raw.then,
            Outcome::Sub(_) | Outcome::Hint(_) | Outcome::Feature(_) | Outcome::Prefer(_)
        ),
    };
    check(&rule, raw, subs, note);
    rule
}

/// `name`, `name@scope`, alternatives with `|` between.
fn condition(text: &str, names: &Names, note: &mut impl FnMut(String)) -> Condition {
    let mut alternatives = Vec::new();
    for part in text.split('|').map(str::trim) {
        let (name, scope) = part.split_once('@').map_or((part, None), |(name, scope)| (name, Some(scope)));
        let scope = match scope {
            None => names.usual_scope(name),
            Some("asserted") => Scope::Asserted,
            Some("any") => Scope::Any,
            Some("negated") => Scope::Negated,
            Some("quoted") => Scope::Quoted,
            Some("supposed") => Scope::Supposed,
            Some("settled") => Scope::Settled,
            Some(unknown) => {
                note(format!("`{unknown}` is no scope"));
                continue;
            }
        };
        match names.place(name) {
            Some(concept) => alternatives.push(Alternative { concept, scope: scope as u8 }),
            None => note(format!("nothing gives `{name}`: no lexicon, table or rule")),
        }
    }
    Condition(alternatives)
}

fn context(when: &When, subs: &BTreeMap<String, SubCategory>, note: &mut impl FnMut(String)) -> Context {
    for sub in when.sub.iter().flatten().filter(|sub| !subs.contains_key(*sub)) {
        note(format!("there is no sub-category `{sub}`"));
    }
    Context {
        live: when.live,
        order: when.order,
        complainant: when.complainant.clone(),
        channel: when.channel.clone(),
        at_stake: when.at_stake,
        category: when.category.clone(),
        sub: when.sub.clone(),
    }
}

/// What a rule can never be, however the text reads.
fn check(rule: &Rule, raw: &RawRule, subs: &BTreeMap<String, SubCategory>, note: &mut impl FnMut(String)) {
    let context = &rule.context;
    if let Outcome::Sub(sub) = &rule.outcome
        && !subs.contains_key(sub)
    {
        note(format!("there is no sub-category `{sub}`"));
    }
    if !rule.after_decision && (context.category.is_some() || context.sub.is_some()) {
        note("it cannot wait for the decision that it takes part in".to_owned());
    }
    let empty_list = context.complainant.as_ref().is_some_and(Vec::is_empty)
        || context.channel.as_ref().is_some_and(Vec::is_empty)
        || context.category.as_ref().is_some_and(Vec::is_empty)
        || context.sub.as_ref().is_some_and(Vec::is_empty);
    if empty_list {
        note("an empty list in `when` never holds".to_owned());
    }
    contradictions(rule, raw, note);
    if let (Some(categories), Some(of)) = (&context.category, &context.sub) {
        let fits = |sub: &String| subs.get(sub).is_none_or(|row| categories.contains(&row.category));
        if !of.iter().any(fits) {
            note("none of its sub-categories belongs to its categories".to_owned());
        }
    }
    let asks_nothing = rule.all.is_empty() && rule.near.is_none() && rule.none.is_empty();
    let no_context = context.live.is_none()
        && context.order.is_none()
        && context.complainant.is_none()
        && context.channel.is_none()
        && context.at_stake.is_none()
        && context.category.is_none()
        && context.sub.is_none();
    if asks_nothing && no_context {
        note("it has no condition and would fire on everything".to_owned());
    }
    if !rule.score.is_finite() || rule.score == 0.0 {
        note("its score says nothing".to_owned());
    }
}

/// What must be said and must not be said. By meaning, not by letter: a name without a scope stands for its usual one, and a
/// condition with alternatives is out of reach where every one of them is excluded.
fn contradictions(rule: &Rule, raw: &RawRule, note: &mut impl FnMut(String)) {
    let excluded: Vec<Alternative> = rule.none.iter().flat_map(|none| none.0.iter().copied()).collect();
    let near = rule.near.iter().flat_map(|near| &near.of);
    let texts = raw.all.iter().chain(raw.near.iter().flat_map(|near| &near.of));
    for (condition, text) in rule.all.iter().chain(near).zip(texts) {
        let reachable = condition.0.iter().any(|one| !excluded.iter().any(|none| none.covers(*one)));
        // What names nothing was told already.
        if !reachable && !condition.0.is_empty() {
            note(format!("`{text}` is both asked for and excluded"));
        }
    }
}

fn label(outcome: &Outcome, subs: &BTreeMap<String, SubCategory>) -> String {
    match outcome {
        Outcome::Sub(sub) => match subs.get(sub) {
            Some(row) => format!("{}/{sub}", row.category),
            None => sub.clone(),
        },
        Outcome::Hint(category) => format!("{category}"),
        Outcome::Feature(name) => format!("feature/{name}"),
        Outcome::Prefer(border) => format!("border/{}>{}", border.category, border.over),
        Outcome::Major => "severity/major".to_owned(),
        Outcome::Urgent(reason) => format!("urgent/{reason}"),
        Outcome::Cause(cause) => format!("cause/{cause:?}"),
        Outcome::Respondent(respondent) => format!("respondent/{respondent:?}"),
        Outcome::Matter(matter) => format!("matter/{matter}"),
        Outcome::Inadmissible(reason) => format!("inadmissible/{}", reason.code()),
        Outcome::Missing(missing) => format!("missing/{}", missing.code()),
    }
}

fn node(rule: &Rule) -> Node {
    let near = rule.near.iter().flat_map(|near| near.of.iter());
    let asks: Vec<Concept> =
        rule.all.iter().chain(&rule.none).chain(near).flat_map(|c| c.0.iter().map(|a| a.concept)).collect();
    Node { gives: rule.gives, asks }
}
