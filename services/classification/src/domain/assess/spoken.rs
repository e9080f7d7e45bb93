//! What the weights of words add to an assessment: reasons that name the words, and an alarm where no rule sounds one.

use redress_domain::UrgentReason;

use super::decision::Decision;
use super::parties::{self, Parties};
use crate::domain::assessment::{Reason, Span};
use crate::domain::normalize::Normalized;
use crate::domain::words::{NONE, Weighed};

/// The id under which the weights of words stand among the reasons.
const WORDS: &str = "words";
/// More words than a reader takes in are no reason.
const LOUDEST: usize = 5;

/// From this share of belief on, words alone make a text urgent: a false alarm costs a look, a missed one a day.
const ALARM: f32 = 0.25;

/// The cause of urgency that the words speak for, if they do so clearly enough.
pub(super) fn alarm(weighed: &Weighed<'_>) -> Option<(UrgentReason, f32)> {
    let causes = weighed.urgency.shares().filter(|(label, ..)| *label != NONE);
    let all: f32 = causes.clone().map(|(.., share)| share).sum();
    let (label, ..) = causes.max_by(|a, b| a.2.total_cmp(&b.2)).filter(|_| all >= ALARM)?;
    let reason = UrgentReason::ALL.iter().copied().find(|reason| reason.code() == label)?;
    Some((reason, all))
}

/// The words that sound the alarm, as a reason.
pub(super) fn alarming(
    reason: UrgentReason,
    share: f32,
    weighed: &Weighed<'_>,
    normal: &Normalized,
) -> Option<Reason> {
    let evidence = weighed.loudest(&weighed.urgency, reason.code(), LOUDEST);
    by_words(evidence, format!("urgent/{reason}"), share, normal)
}

/// What the words say for the decided sub-category, as a reason; nothing if they speak for others.
pub(super) fn decision(
    decision: &Decision<'_>,
    weighed: &Weighed<'_>,
    normal: &Normalized,
) -> Option<Reason> {
    let sub = decision.sub?;
    let evidence = weighed.loudest(&weighed.subs, sub, LOUDEST);
    by_words(evidence, format!("{}/{sub}", decision.category), decision.share, normal)
}

/// What the words say for the party that the complaint is directed at, as a reason; nothing if they speak for others.
pub(super) fn party(parties: Parties, weighed: &Weighed<'_>, normal: &Normalized) -> Option<Reason> {
    let label = parties::label(parties.respondent);
    let evidence = weighed.loudest(&weighed.parties, label, LOUDEST);
    by_words(evidence, format!("respondent/{label}"), parties.share, normal)
}

fn by_words(
    mut evidence: Vec<(usize, usize)>,
    label: String,
    score: f32,
    normal: &Normalized,
) -> Option<Reason> {
    evidence.sort_unstable();
    let evidence: Vec<Span> = evidence.into_iter().map(|(start, end)| normal.original(start, end)).collect();
    (!evidence.is_empty()).then(|| Reason { rule_id: WORDS.to_owned(), label, evidence, score })
}
