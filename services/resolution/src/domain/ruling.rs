//! What a person decided where the parties did not agree (T22).

use jiff::Timestamp;
use redress_domain::{Problem, Severity, coded_enum};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::guard::{Refusal, require};
use super::settlement::DecisionState;
use super::terms::{ChargeBasis, RemedyTerms};

coded_enum! {
    /// What a case came to, of intake's list (F005).
    Outcome {
        /// In full.
        Upheld = "upheld",
        /// In part.
        PartlyUpheld = "partly_upheld",
        /// Not at all, with a reasoned explanation.
        NotUpheld = "not_upheld",
        /// Settled without a finding.
        SettledNoFinding = "settled_no_finding",
        /// Mediation ended without agreement.
        TerminatedNoAgreement = "terminated_no_agreement",
    }
}

/// A ruling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// Its id.
    pub id: Uuid,
    /// What is to be done; may be nothing.
    pub terms: Vec<RemedyTerms>,
    /// What the case came to.
    pub outcome: Outcome,
    /// The liability it rests on.
    pub determination: Uuid,
    /// Who decided.
    pub decider: String,
    /// Who confirmed it; empty unless four eyes are needed.
    pub seconded_by: String,
    /// Where it stands.
    pub state: DecisionState,
    /// When it was issued, or drafted while a second person is awaited.
    pub issued_at: Timestamp,
    /// Until when an appeal can be filed.
    pub appeal_until: Timestamp,
    /// Why it is void; empty otherwise.
    pub void_reason: String,
}

/// Whether a second person must confirm rulings, and decisions on appeals against them, of cases so grave (T22): what two
/// people decided is not taken back by one.
pub const fn needs_second(severity: Severity) -> bool {
    matches!(severity, Severity::Major)
}

/// L28 for what is imposed: nobody's consent can be assumed, so a merchant pays for a refund whose goods stay by an
/// explicit rule only.
pub fn check_imposed(terms: &[RemedyTerms]) -> Result<(), Problem> {
    for terms in terms.iter().filter(|terms| terms.is_forced_refund()) {
        match terms.charge_basis {
            Some(ChargeBasis::Rule) => {}
            Some(ChargeBasis::MerchantConsent) => return Err(Refusal::ConsentNotGiven.problem()),
            None => return Err(Refusal::ForcedRefund.problem()),
        }
    }
    Ok(())
}

/// L28 for what is offered: it needs a basis, and the merchant's own acceptance of the option may be it.
pub fn check_offered(options: &[Vec<RemedyTerms>]) -> Result<(), Problem> {
    let forced = |terms: &RemedyTerms| terms.is_forced_refund() && terms.charge_basis.is_none();
    require(!options.iter().flatten().any(forced), Refusal::ForcedRefund)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::party::LiableParty;
    use crate::domain::terms::RemedyType;
    use crate::domain::terms::tests::refund;

    fn reason(outcome: Result<(), Problem>) -> &'static str {
        outcome.err().map_or("", |problem| problem.reason)
    }

    #[test]
    fn a_refund_without_return_at_the_merchants_cost_needs_its_consent_or_a_rule() {
        let forced = RemedyTerms { kind: RemedyType::RefundOnly, ..refund(1) };
        let with = |basis| RemedyTerms { charge_basis: Some(basis), ..forced.clone() };
        let offered = |terms: &RemedyTerms| reason(check_offered(&[vec![terms.clone()]]));
        let imposed = |terms: &RemedyTerms| reason(check_imposed(std::slice::from_ref(terms)));
        assert_eq!(offered(&forced), "REFUND_WITHOUT_RETURN_NEEDS_BASIS");
        assert_eq!(offered(&with(ChargeBasis::MerchantConsent)), "");
        assert_eq!(imposed(&forced), "REFUND_WITHOUT_RETURN_NEEDS_BASIS");
        assert_eq!(imposed(&with(ChargeBasis::MerchantConsent)), "MERCHANT_CONSENT_MISSING");
        assert_eq!(imposed(&with(ChargeBasis::Rule)), "");
        let mut free = forced.clone();
        free.payer.party = LiableParty::Platform;
        assert_eq!(imposed(&free), "", "what the platform pays itself is free");
    }
}
