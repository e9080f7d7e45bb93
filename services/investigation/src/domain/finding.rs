//! What was found: facts against evidence (F029).

use std::collections::BTreeSet;

use jiff::Timestamp;
use redress_domain::coded_enum;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Refusal;
use super::request::Party;

coded_enum! {
    /// What a piece of evidence says of a fact.
    Bearing {
        /// It speaks for it.
        Supports = "supports",
        /// It speaks against it.
        Contradicts = "contradicts",
        /// It could not be verified.
        Unverified = "unverified",
        /// It was put aside.
        Discarded = "discarded",
    }
}

coded_enum! {
    /// Whether a fact is taken as true.
    Outcome {
        /// It is.
        Established = "established",
        /// It is not.
        Refuted = "refuted",
        /// It stays open, and counts against who had to show it.
        NotShown = "not_shown",
    }
}

coded_enum! {
    /// How sure one must be.
    Standard {
        /// More likely than not.
        Balance = "balance",
        /// Highly probable.
        HighProbability = "high_probability",
    }
}

/// One cell of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The evidence.
    pub evidence: Uuid,
    /// What it says.
    pub bearing: Bearing,
    /// Why it was put aside, as a code; empty otherwise.
    pub reason: String,
}

/// What was found on a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its id.
    pub id: Uuid,
    /// The point, as a code.
    pub issue: String,
    /// The fact, sealed.
    pub fact: Vec<u8>,
    /// What the evidence says of it.
    pub marks: Vec<Mark>,
    /// Whether it is taken as true.
    pub outcome: Outcome,
    /// How sure one had to be.
    pub standard: Standard,
    /// Who had to show it.
    pub burden: Party,
    /// The rule that says so, with its version.
    pub burden_rule: String,
    /// Who found it.
    pub found_by: String,
    /// When.
    pub found_at: Timestamp,
    /// The finding it replaces.
    pub supersedes: Option<Uuid>,
    /// Whether a later one replaces it.
    pub superseded: bool,
}

/// Whether a finding of this outcome may rest on these marks, and on evidence of which `known` are the case's.
///
/// # Errors
/// What is missing.
pub fn require_grounds(outcome: Outcome, marks: &[Mark], known: &BTreeSet<Uuid>) -> Result<(), Refusal> {
    if marks.iter().any(|mark| !known.contains(&mark.evidence)) {
        return Err(Refusal::EvidenceUnknown);
    }
    if marks.iter().any(|mark| mark.bearing == Bearing::Discarded && mark.reason.is_empty()) {
        return Err(Refusal::DiscardReasonMissing);
    }
    let any = |bearing| marks.iter().any(|mark| mark.bearing == bearing);
    match outcome {
        Outcome::Established if !any(Bearing::Supports) => Err(Refusal::FactUnsupported),
        Outcome::Refuted if !any(Bearing::Contradicts) => Err(Refusal::FactNotContradicted),
        _ => Ok(()),
    }
}

/// The findings that count for a case: its own that nothing replaces, and those of its incident on points on which it
/// has none of its own. Each person stays free to differ.
pub fn that_count<'a>(own: &'a [Finding], of_incident: &'a [Finding]) -> Vec<(&'a Finding, bool)> {
    let current = |finding: &&Finding| !finding.superseded;
    let points: BTreeSet<&str> = own.iter().filter(current).map(|finding| finding.issue.as_str()).collect();
    let shared =
        of_incident.iter().filter(current).filter(|finding| !points.contains(finding.issue.as_str()));
    own.iter()
        .filter(current)
        .map(|finding| (finding, false))
        .chain(shared.map(|finding| (finding, true)))
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn found(issue: &str, id: u128) -> Finding {
        Finding {
            id: Uuid::from_u128(id),
            issue: issue.into(),
            fact: vec![1],
            marks: Vec::new(),
            outcome: Outcome::NotShown,
            standard: Standard::Balance,
            burden: Party::Complainant,
            burden_rule: "general@1".into(),
            found_by: "handler-1".into(),
            found_at: Timestamp::UNIX_EPOCH,
            supersedes: None,
            superseded: false,
        }
    }

    fn mark(bearing: Bearing, reason: &str) -> Mark {
        Mark { evidence: Uuid::from_u128(1), bearing, reason: reason.into() }
    }

    #[test]
    fn a_fact_rests_on_evidence_of_the_case_that_speaks_for_it() {
        let known = BTreeSet::from([Uuid::from_u128(1)]);
        let of = |outcome, marks: &[Mark]| require_grounds(outcome, marks, &known);
        assert!(of(Outcome::Established, &[mark(Bearing::Supports, "")]).is_ok());
        for bearing in [Bearing::Contradicts, Bearing::Unverified] {
            assert_eq!(of(Outcome::Established, &[mark(bearing, "")]), Err(Refusal::FactUnsupported));
        }
        assert_eq!(of(Outcome::Refuted, &[mark(Bearing::Supports, "")]), Err(Refusal::FactNotContradicted));
        assert_eq!(
            of(Outcome::NotShown, &[mark(Bearing::Discarded, "")]),
            Err(Refusal::DiscardReasonMissing)
        );
        assert!(of(Outcome::NotShown, &[mark(Bearing::Discarded, "edited")]).is_ok());
        assert!(of(Outcome::NotShown, &[]).is_ok());
        let other = Mark { evidence: Uuid::from_u128(2), ..mark(Bearing::Supports, "") };
        assert_eq!(of(Outcome::Established, &[other]), Err(Refusal::EvidenceUnknown));
    }

    #[test]
    fn an_incidents_findings_count_where_the_case_has_none_of_its_own() {
        let own = [found("defect", 1), Finding { superseded: true, ..found("wording", 2) }];
        let shared = [found("defect", 3), found("wording", 4)];
        let count = that_count(&own, &shared);
        let ids: Vec<(u128, bool)> = count.iter().map(|(f, shared)| (f.id.as_u128(), *shared)).collect();
        assert_eq!(ids, [(1, false), (4, true)]);
    }
}
