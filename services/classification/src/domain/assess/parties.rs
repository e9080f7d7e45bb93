//! Whom it is directed at, and who caused it.
//!
//! One decision for both: in live commerce a complaint is directed at whoever caused it, unless somebody outside that
//! relation did. The table of sub-categories knows the usual party, rules know what the guide says in words, and the weights of
//! words know the rest; they are added up as logarithms of shares of belief.

use std::collections::BTreeMap;

use redress_domain::PartyKind;

use crate::domain::rules::{Cause, Fired, Outcome, SubCategory};
use crate::domain::words::{NONE, Opinion, USUAL};

/// What a point of a rule's score counts.
const RULE: f32 = 2.0;
/// No word excludes a party for good.
const FLOOR: f32 = 1e-3;

/// The parties of a complaint.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Parties {
    /// Whom it is directed at.
    pub(super) respondent: Option<PartyKind>,
    /// Who caused it in a live-commerce relation.
    pub(super) cause: Option<PartyKind>,
    /// The share of belief in the respondent.
    pub(super) share: f32,
}

impl Parties {
    /// Decides on rules that fired, the table's row for what was decided, and what the words say.
    pub(super) fn of(late: &[Fired<'_>], row: Option<&SubCategory>, live: bool, words: &Opinion<'_>) -> Self {
        let mut strengths: BTreeMap<Option<PartyKind>, f32> =
            PartyKind::ALL.iter().map(|party| (Some(*party), 0.0)).chain([(None, 0.0)]).collect();
        if words.knows() {
            for strength in strengths.values_mut() {
                *strength = FLOOR.ln();
            }
        }
        for (label, _, share) in words.shares() {
            if let Some(strength) = strengths.get_mut(&label.parse().ok()) {
                *strength = (share + FLOOR).ln();
            }
        }
        let mut speak = |party, score: f32| *strengths.entry(party).or_default() += score;
        if let Some(row) = row {
            speak(row.usual_party(live), USUAL);
        }
        // Somebody outside the relation caused it: a rule or the table says so.
        let mut outside = row.is_some_and(|row| row.cause == Cause::Nobody);
        for rule in late {
            match rule.outcome {
                Outcome::Cause(Cause::Nobody) => outside = true,
                Outcome::Cause(cause) if live => speak(cause.party(), RULE * rule.score),
                Outcome::Respondent(respondent) => speak(respondent.party(None), RULE * rule.score),
                _ => {}
            }
        }
        let Some((&respondent, &most)) =
            strengths.iter().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0)))
        else {
            return Self::default();
        };
        let all: f32 = strengths.values().map(|strength| (strength - most).exp()).sum();
        // Who runs the platform answers for much that an intruder caused.
        let caused = respondent
            .filter(|party| is_of_the_relation(*party) && !(outside && *party == PartyKind::Platform));
        Self { respondent, cause: caused.filter(|_| live), share: 1.0 / all }
    }
}

/// The label of a party in the table of weights.
pub(super) fn label(party: Option<PartyKind>) -> &'static str {
    party.map_or(NONE, PartyKind::code)
}

/// Whether a party takes part in a live-commerce relation on the selling side.
fn is_of_the_relation(party: PartyKind) -> bool {
    matches!(
        party,
        PartyKind::Anchor
            | PartyKind::LiveRoomOperator
            | PartyKind::Mcn
            | PartyKind::Merchant
            | PartyKind::Platform
    )
}
