//! What other services did, as steps of the one course of events (F030).
//!
//! A step comes with the fact that intake took, and its code follows from the fact's name: a fact that is new to
//! investigation stands in the timeline too, instead of being left out until somebody adds it to a list.

use super::timeline::Visibility;

/// Facts of investigation itself: they were entered when they happened.
const OWN: &[&str] = &[
    "ConsultationAnswered",
    "ConsultationRequested",
    "EvidenceRequestLapsed",
    "EvidenceRequested",
    "EvidenceSubmitted",
    "InvestigationConcluded",
    "InvestigationOpened",
    "TestOrdered",
    "TestReported",
];

/// Steps inside the platform: who has the case, and how a plan fares before it is put to the parties (F149).
const INSIDE: &[&str] =
    &["AssignmentAccepted", "AssignmentOffered", "AssignmentReturned", "PlanApproved", "PlanReturned"];

/// The code of a fact that intake has taken, with who may see it; none for what is entered already.
pub fn step(fact: &str) -> Option<(String, Visibility)> {
    let visibility = if INSIDE.contains(&fact) { Visibility::Staff } else { Visibility::Everybody };
    (!fact.is_empty() && !OWN.contains(&fact)).then(|| (code(fact), visibility))
}

/// `RulingIssued` as `ruling_issued`.
fn code(fact: &str) -> String {
    let mut code = String::with_capacity(fact.len() + 4);
    for letter in fact.chars() {
        if letter.is_ascii_uppercase() && !code.is_empty() {
            code.push('_');
        }
        code.push(letter.to_ascii_lowercase());
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_did_is_a_code_and_what_is_decided_inside_is_for_staff() {
        let everybody = |code: &str| Some((code.to_owned(), Visibility::Everybody));
        for (fact, code) in [
            ("SettlementReached", "settlement_reached"),
            ("RulingIssued", "ruling_issued"),
            ("RemedyExecuted", "remedy_executed"),
            ("ObjectionWindowEnded", "objection_window_ended"),
            ("SomethingNew", "something_new"),
        ] {
            assert_eq!(step(fact), everybody(code));
        }
        assert_eq!(step("PlanReturned"), Some(("plan_returned".into(), Visibility::Staff)));
        for own in OWN {
            assert_eq!(step(own), None, "{own} was entered when it happened");
        }
        assert_eq!(step(""), None);
    }
}
