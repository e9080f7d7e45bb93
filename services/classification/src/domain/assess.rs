//! From a case to an assessment.

mod completion;
mod decision;
mod parties;
mod spoken;

use redress_domain::{Category, Matter, Severity, UrgentReason};

use super::assessment::{Admissibility, Assessment, InadmissibleReason, Missing, Reason};
use super::case::Case;
use super::language;
use super::normalize::Normalized;
use super::rules::{Fired, Outcome, RuleSet};
use decision::Decision;
use parties::Parties;

impl RuleSet {
    /// Assesses a case. Total: every text has an assessment, if only that a person must look. The same case and rule
    /// set always give the same assessment.
    pub fn assess(&self, case: &Case) -> Assessment {
        self.judge(case, None)
    }

    /// Assesses a case whose category, and sub-category if one is told, somebody else has decided: all that depends on them
    /// follows them. A sub-category that the rule set does not know counts as none.
    pub fn assess_as(&self, case: &Case, category: Category, sub: Option<&str>) -> Assessment {
        self.judge(case, Some((category, sub.and_then(|sub| self.name_of_sub(sub)))))
    }

    fn judge<'a>(&'a self, case: &Case, decided: Option<(Category, Option<&'a str>)>) -> Assessment {
        let normal = self.normalizer.normalize(&case.text);
        let language = language::detect(&normal, case.language);
        let scan = self.scanner.scan(&normal, language);
        let mut evaluation = super::rules::Evaluation::new(self, case, normal.text(), &scan);

        let votes = evaluation.before_decision();
        let weighed = self.words.weigh(normal.text(), &scan.hits, case, evaluation.live());
        let decision = Decision::of(self, &votes, &weighed.subs);
        let decision = match decided {
            Some((category, sub)) => decision.replaced(category, sub),
            None => decision,
        };
        let alarm = spoken::alarm(&weighed);
        let late = evaluation.after_decision((decision.category, decision.sub));
        let row = decision.sub.and_then(|sub| self.sub_category(sub));

        let usual = row.or_else(|| self.typical(decision.category));
        let parties = Parties::of(&late, usual, evaluation.live(), &weighed.parties);
        let matter = strongest(&late, |outcome| match outcome {
            Outcome::Matter(matter) => Some(*matter),
            _ => None,
        })
        .unwrap_or(Matter::Dispute);
        let admissibility = match inadmissible(&late) {
            Some(reason) => Admissibility::No(reason),
            None => completion::missing(case, &evaluation, &decision, row, matter, &late, &normal),
        };
        Assessment {
            category: decision.category,
            sub_category: decision.sub.map(str::to_owned),
            confidence: decision.confidence,
            severity: severity(&late),
            urgent: urgent(&late, alarm, &admissibility),
            live_attribution: parties.cause,
            respondent: parties.respondent,
            matter,
            language,
            needs_human: decision.is_unsure() || matches!(admissibility, Admissibility::No(_)),
            admissibility,
            reasons: reasons(votes, late, &normal)
                .into_iter()
                .chain(spoken::decision(&decision, &weighed, &normal))
                .chain(spoken::party(parties, &weighed, &normal))
                .chain(alarm.and_then(|(reason, share)| spoken::alarming(reason, share, &weighed, &normal)))
                .collect(),
            secondary: decision.secondary,
            rule_set: self.version().to_owned(),
        }
    }
}

/// What the strongest of the rules says that speak of one thing; of equal ones the first in the files.
fn strongest<T>(fired: &[Fired<'_>], pick: impl Fn(&Outcome) -> Option<T>) -> Option<T> {
    let mut best: Option<(f32, usize, T)> = None;
    for rule in fired {
        let Some(value) = pick(rule.outcome) else { continue };
        let better = best.as_ref().is_none_or(|(score, order, _)| {
            rule.score > *score || (rule.score >= *score && rule.order < *order)
        });
        if better {
            best = Some((rule.score, rule.order, value));
        }
    }
    best.map(|(_, _, value)| value)
}

fn inadmissible(late: &[Fired<'_>]) -> Option<InadmissibleReason> {
    strongest(late, |outcome| match outcome {
        Outcome::Inadmissible(reason) => Some(*reason),
        _ => None,
    })
}

fn severity(late: &[Fired<'_>]) -> Severity {
    let major = late.iter().any(|rule| *rule.outcome == Outcome::Major);
    if major { Severity::Major } else { Severity::General }
}

/// The first by precedence. What is no complaint or settled is not urgent: there is nothing left to contain.
fn urgent(
    late: &[Fired<'_>],
    alarm: Option<(UrgentReason, f32)>,
    admissibility: &Admissibility,
) -> Option<UrgentReason> {
    let contained = matches!(
        admissibility,
        Admissibility::No(
            InadmissibleReason::NoDispute
                | InadmissibleReason::AbuseOrSpam
                | InadmissibleReason::DuplicateSettled
        )
    );
    let reasons = late.iter().filter_map(|rule| match rule.outcome {
        Outcome::Urgent(reason) => Some(*reason),
        _ => None,
    });
    reasons.chain(alarm.map(|(reason, _)| reason)).min().filter(|_| !contained)
}

fn reasons(votes: Vec<Fired<'_>>, late: Vec<Fired<'_>>, normal: &Normalized) -> Vec<Reason> {
    let mut fired: Vec<Fired<'_>> = votes.into_iter().chain(late).collect();
    fired.sort_by_key(|rule| rule.order);
    fired
        .into_iter()
        .map(|mut rule| {
            rule.evidence.sort_unstable();
            rule.evidence.dedup();
            Reason {
                rule_id: rule.rule_id.to_owned(),
                label: rule.label.to_owned(),
                evidence: rule.evidence.iter().map(|&(start, end)| normal.original(start, end)).collect(),
                score: rule.score,
            }
        })
        .collect()
}

/// Whether a text is long enough to hold facts that no rule knows.
fn tells_something(normal: &Normalized) -> bool {
    let scripts = language::Scripts::of(normal.text());
    scripts.han + 2 * scripts.latin >= 20
}

/// Adds `detail` if it is not listed yet.
fn list(missing: &mut Vec<Missing>, detail: Missing) {
    if !missing.contains(&detail) {
        missing.push(detail);
    }
}
