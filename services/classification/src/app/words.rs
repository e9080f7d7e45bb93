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

/// The message of what rules say of `text`. `demand` is what was asked for beside the text.
pub fn assessment(found: &Assessment, text: &str, demand: &[String]) -> wire::Assessment {
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
        reasons: found.reasons.iter().map(|reason| self::reason(reason, text)).collect(),
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

fn reason(reason: &Reason, text: &str) -> wire::AssessmentReason {
    wire::AssessmentReason {
        rule_id: reason.rule_id.clone(),
        label: reason.label.clone(),
        score: f64::from(reason.score),
        explanation: explanation(reason),
        spans: reason.evidence.iter().map(|span| in_characters(*span, text)).collect(),
    }
}

/// A rule's place in the files says what it looks for; its label says what it speaks for.
fn explanation(reason: &Reason) -> String {
    let places = match reason.evidence.len() {
        0 => "from what came with the text".to_owned(),
        1 => "from one place in the text".to_owned(),
        n => format!("from {n} places in the text"),
    };
    format!("{} speaks for {}, {places}", reason.rule_id, reason.label)
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
    let pieces: BTreeSet<&str> = found
        .reasons
        .iter()
        .flat_map(|reason| &reason.evidence)
        .filter_map(|span| text.get(span.start..span.end))
        .filter(|piece| piece.chars().count() <= TERM)
        .collect();
    let terms: BTreeSet<String> = pieces.into_iter().filter_map(|piece| rules.term(piece)).collect();
    terms.into_iter().collect()
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
}
