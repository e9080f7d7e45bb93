//! Submission ⇄ case, and assessment → message: the rules know no wire format.

use std::collections::BTreeSet;

use redress_domain::{Channel, DecidedBy, Money, PartyKind};
use redress_proto::classification::v1 as wire;
use redress_proto::types::v1::{self as types, Submission};

use crate::domain::assessment::{Admissibility, Assessment, Reason, Span};
use crate::domain::case::{Case, Demand, Live, Order};
use crate::domain::language::Language;
use crate::domain::rules::RuleSet;

/// Longest piece of evidence that is looked up in the lexicon, in characters.
const TERM: usize = 24;
/// Terms that an explanation names, at most.
const NAMED: usize = 5;

/// The case of a submission whose personal fields are in place. What the wire leaves open counts as not told.
pub fn case(submission: &Submission) -> Case {
    let complainant = submission.complainant.as_ref().map(types::Complainant::kind);
    Case {
        text: submission.text.clone(),
        language: submission.language.parse::<Language>().ok(),
        channel: Channel::try_from(submission.channel()).unwrap_or(Channel::Form),
        complainant: complainant.and_then(|k| k.try_into().ok()).unwrap_or(PartyKind::Consumer),
        order: submission.order.as_ref().map(|order| Order {
            paid: order.paid.as_ref().and_then(|paid| Money::new(&paid.currency, paid.amount_minor).ok()),
        }),
        live: submission.live.as_ref().map(|live| Live { quoted_wording: live.quoted_wording.clone() }),
        demand: submission
            .demand
            .as_ref()
            .map(|demand| Demand { remedies: demand.remedies.clone(), text: demand.text.clone() }),
        respondents: submission.respondents.iter().filter_map(|r| r.kind().try_into().ok()).collect(),
    }
}

/// The message of what `rules` say of `text`. `demand` is what was asked for beside the text.
pub fn assessment(found: &Assessment, text: &str, demand: &[String], rules: &RuleSet) -> wire::Assessment {
    wire::Assessment {
        category: types::Category::from(found.category).into(),
        sub_category: found.sub_category.clone().unwrap_or_default(),
        confidence: f64::from(found.confidence),
        secondary: found.secondary.iter().map(|c| types::Category::from(*c).into()).collect(),
        severity: types::Severity::from(found.severity).into(),
        urgent: found.urgent.is_some(),
        urgent_reason: found.urgent.map(|reason| types::UrgentReason::from(reason).into()),
        live_attribution: found.live_attribution.map(|kind| types::PartyKind::from(kind).into()),
        respondent: found.respondent.map(|kind| types::PartyKind::from(kind).into()),
        matter: types::Matter::from(found.matter).into(),
        admissibility: admissibility(&found.admissibility).into(),
        inadmissible_reason: found.inadmissible_reason().map(|reason| reason.code().to_owned()),
        missing: found.missing().iter().map(|missing| missing.code().to_owned()).collect(),
        language: found.language.code().to_owned(),
        needs_human: found.needs_human,
        reasons: found.reasons.iter().map(|reason| self::reason(reason, text, rules)).collect(),
        demand: demand.to_vec(),
        rule_set: found.rule_set.clone(),
        decided_by: types::DecidedBy::from(DecidedBy::Rule).into(),
    }
}

fn admissibility(found: &Admissibility) -> types::Admissibility {
    match found {
        Admissibility::Yes => types::Admissibility::Yes,
        Admissibility::No(_) => types::Admissibility::No,
        Admissibility::NeedsCompletion(_) => types::Admissibility::NeedsCompletion,
    }
}

fn reason(reason: &Reason, text: &str, rules: &RuleSet) -> wire::AssessmentReason {
    wire::AssessmentReason {
        rule_id: reason.rule_id.clone(),
        label: reason.label.clone(),
        score: f64::from(reason.score),
        explanation: explanation(reason, text, rules),
        spans: reason.evidence.iter().map(|span| in_characters(*span, text)).collect(),
    }
}

/// What the rule speaks for, and the terms that it saw: the lexicon's words, none of the writer's own. Where the lexicon knows
/// none of them (a number, what stands in a gap, a piece that only the weights of words know), how many places it saw.
fn explanation(reason: &Reason, text: &str, rules: &RuleSet) -> String {
    let seen: BTreeSet<String> = known_terms([reason], text, rules);
    let by = match (seen.is_empty(), reason.evidence.len()) {
        (false, _) => seen.into_iter().take(NAMED).collect::<Vec<_>>().join(", "),
        (true, 0) => "what came with the text".to_owned(),
        (true, 1) => "one place in the text".to_owned(),
        (true, n) => format!("{n} places in the text"),
    };
    format!("{} speaks for {}, by: {by}", reason.rule_id, reason.label)
}

fn in_characters(span: Span, text: &str) -> wire::Span {
    let characters = |end: usize| {
        u32::try_from(text.get(..end).map_or(0, |before| before.chars().count())).unwrap_or(u32::MAX)
    };
    wire::Span { start: characters(span.start), end: characters(span.end) }
}

/// The lexicon's terms that the rules saw, each once and as the lexicon writes it. What it does not know is the writer's
/// own (a piece that only the weights of words know, a number, what stands in a gap), and is left out.
pub fn terms(found: &Assessment, text: &str, rules: &RuleSet) -> Vec<String> {
    known_terms(&found.reasons, text, rules).into_iter().collect()
}

fn known_terms<'a>(
    reasons: impl IntoIterator<Item = &'a Reason>,
    text: &str,
    rules: &RuleSet,
) -> BTreeSet<String> {
    let pieces: BTreeSet<&str> = reasons
        .into_iter()
        .flat_map(|reason| &reason.evidence)
        .filter_map(|span| text.get(span.start..span.end))
        .filter(|piece| piece.chars().count() <= TERM)
        .collect();
    pieces.into_iter().filter_map(|piece| rules.term(piece)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_in_characters_and_a_broken_one_harms_nothing() {
        let text = "主播说是真皮";
        let place = |start, end| in_characters(Span { start, end }, text);
        assert_eq!(place(12, 18), wire::Span { start: 4, end: 6 });
        assert_eq!(place(1, 999), wire::Span { start: 0, end: 0 });
    }

    #[test]
    fn what_the_wire_leaves_open_counts_as_not_told() {
        let case = case(&Submission { text: "x".into(), ..Submission::default() });
        assert_eq!((case.complainant, case.channel), (PartyKind::Consumer, Channel::Form));
        assert!(case.order.is_none() && case.live.is_none() && case.language.is_none());
    }

    #[test]
    fn an_explanation_names_the_terms_of_the_lexicon_and_none_of_the_writers_own_words() {
        let rules = crate::domain::published::rule_set().unwrap();
        let text = "老王的店一直没发货,订单 TEST-0001,催了三次";
        let found = rules.assess(&case(&Submission { text: text.into(), ..Submission::default() }));
        let told = assessment(&found, text, &[], &rules);
        let by: Vec<&str> = told.reasons.iter().map(|reason| reason.explanation.as_str()).collect();
        assert!(
            by.iter().any(|by| by.contains("CQ02/dispatch_delay, by: ") && by.contains("一直没发")),
            "{by:?}"
        );
        assert!(by.iter().all(|by| !by.contains("老王") && !by.contains("TEST-0001")), "{by:?}");
    }
}
