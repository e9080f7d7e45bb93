//! Whether the finding of facts may end (T16).

use std::collections::BTreeSet;

use super::Refusal;
use super::case::Case;
use super::evidence::Audience;
use super::finding::Finding;
use super::goods_test::GoodsTest;
use super::hearing::Awaited;
use super::request::EvidenceRequest;
use uuid::Uuid;

/// What hangs on a case, as far as the guard looks at it.
pub struct Stand<'a> {
    /// The case.
    pub case: &'a Case,
    /// Who would conclude.
    pub by: &'a str,
    /// The requests of the round.
    pub requests: &'a [EvidenceRequest],
    /// The tests.
    pub tests: &'a [GoodsTest],
    /// The findings that count.
    pub findings: &'a [(&'a Finding, bool)],
    /// Whether it is known who made the decision that is disputed.
    pub deciders_named: bool,
    /// What they rest on that a side has not been shown.
    pub unseen: &'a [(Uuid, Audience)],
    /// What they rest on that a side still has time to answer.
    pub awaited: &'a [Awaited],
}

/// Points that have no finding.
pub fn open_issues<'a>(issues: &'a [String], findings: &[(&Finding, bool)]) -> Vec<&'a str> {
    let found: BTreeSet<&str> = findings.iter().map(|(finding, _)| finding.issue.as_str()).collect();
    issues.iter().map(String::as_str).filter(|issue| !found.contains(issue)).collect()
}

/// Each point has a finding that rests on what both sides were shown and had time to answer, no mandatory request is open, no test runs, a major
/// case is concluded by its group, and in a dispute with the platform it is known who decided: whoever did finds no facts.
///
/// # Errors
/// The first that does not hold.
pub fn guard(stand: &Stand<'_>) -> Result<(), Refusal> {
    stand.case.require_open()?;
    let group = &stand.case.group;
    if stand.case.is_major() && !group.members.iter().any(|member| member == stand.by) {
        return Err(Refusal::NotOfTaskGroup);
    }
    if stand.case.is_against_platform() && !stand.deciders_named {
        return Err(Refusal::DecidersNotNamed);
    }
    if stand.requests.iter().any(|request| request.mandatory && request.state.is_open()) {
        return Err(Refusal::MandatoryRequestOpen);
    }
    if stand.tests.iter().any(GoodsTest::is_running) {
        return Err(Refusal::TestRunning);
    }
    if stand.case.issues.is_empty() {
        return Err(Refusal::IssuesMissing);
    }
    if !open_issues(&stand.case.issues, stand.findings).is_empty() {
        return Err(Refusal::FindingMissing);
    }
    if !stand.unseen.is_empty() {
        return Err(Refusal::EvidenceNotShown);
    }
    if stand.awaited.is_empty() { Ok(()) } else { Err(Refusal::HearingNotOver) }
}

#[cfg(test)]
mod tests {
    use super::super::case::tests::accepted;
    use super::super::case::{Respondent, State};
    use super::super::finding::tests::found;
    use super::super::goods_test::FeeBearer;
    use super::super::goods_test::tests::agreed_test;
    use super::*;
    use jiff::Timestamp;
    use redress_domain::{PartyKind, Severity};

    fn stand(case: &Case, tests: &[GoodsTest], findings: &[(&Finding, bool)]) -> Result<(), Refusal> {
        guard(&Stand {
            case,
            by: "handler-1",
            requests: &[],
            tests,
            findings,
            deciders_named: false,
            unseen: &[],
            awaited: &[],
        })
    }

    #[test]
    fn the_guard_names_what_is_missing_until_nothing_is() {
        let mut case = accepted();
        case.state = State::Open;
        let defect = found("defect", 1);
        let mut test = agreed_test(FeeBearer::Platform, vec![]);
        test.order(Timestamp::UNIX_EPOCH).unwrap();
        let tests = [test];
        assert_eq!(stand(&case, &[], &[]), Err(Refusal::FindingMissing));
        assert_eq!(stand(&case, &tests, &[(&defect, true)]), Err(Refusal::TestRunning));
        assert_eq!(stand(&case, &[], &[(&defect, true)]), Ok(()));
        let unseen = [(Uuid::from_u128(1), Audience::Respondent)];
        let hidden = Stand {
            case: &case,
            by: "handler-1",
            requests: &[],
            tests: &[],
            findings: &[(&defect, true)],
            deciders_named: false,
            unseen: &unseen,
            awaited: &[],
        };
        assert_eq!(guard(&hidden), Err(Refusal::EvidenceNotShown));
        let (evidence, audience) = unseen[0];
        let awaited = [Awaited { evidence, audience, until: Timestamp::UNIX_EPOCH }];
        assert_eq!(guard(&Stand { unseen: &[], awaited: &awaited, ..hidden }), Err(Refusal::HearingNotOver));
        let mut pointless = case.clone();
        pointless.issues.clear();
        assert_eq!(stand(&pointless, &[], &[(&defect, false)]), Err(Refusal::IssuesMissing));
        let mut major = case.clone();
        major.severity = Some(Severity::Major);
        assert_eq!(stand(&major, &[], &[(&defect, false)]), Err(Refusal::NotOfTaskGroup));
        major.group.members = vec!["handler-1".into()];
        assert_eq!(stand(&major, &[], &[(&defect, false)]), Ok(()));
    }
    #[test]
    fn in_a_dispute_with_the_platform_it_is_known_who_decided() {
        let mut case = accepted();
        case.state = State::Open;
        case.respondents = vec![Respondent { kind: PartyKind::Platform, external_ref: String::new() }];
        let defect = found("defect", 1);
        let findings = [(&defect, true)];
        assert_eq!(stand(&case, &[], &findings), Err(Refusal::DecidersNotNamed));
        let named = Stand {
            case: &case,
            by: "handler-1",
            requests: &[],
            tests: &[],
            findings: &findings,
            deciders_named: true,
            unseen: &[],
            awaited: &[],
        };
        assert_eq!(guard(&named), Ok(()));
    }
}
