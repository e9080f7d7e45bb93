//! What a person decided where the parties did not agree (T22).

use jiff::Timestamp;
use redress_domain::{Money, Problem, Severity, coded_enum};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::guard::{Refusal, require};
use super::settlement::DecisionState;
use super::terms::{ChargeBasis, RemedyTerms, RemedyType};

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

/// L28 for what is imposed: nobody's consent can be assumed, so whoever sold pays for a refund whose goods stay by an
/// explicit rule only. Parts of the price that make up all that was `paid` are such a refund under another name.
pub fn check_imposed(terms: &[RemedyTerms], paid: Option<Money>) -> Result<(), Problem> {
    let is_part = |terms: &&RemedyTerms| {
        terms.kind == RemedyType::PartialRefund
            && terms.is_charged_to_sellers()
            && terms.amount.map(|amount| amount.currency) == paid.map(|paid| paid.currency)
    };
    let parts = terms.iter().filter(is_part).filter_map(|terms| terms.amount);
    let parts = parts.fold(0_i64, |sum, amount| sum.saturating_add(amount.amount_minor));
    let in_full = paid.is_some_and(|paid| parts >= paid.amount_minor);
    let forced = |terms: &&RemedyTerms| terms.is_forced_refund() || (in_full && is_part(terms));
    for terms in terms.iter().filter(forced) {
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
    use crate::domain::terms::tests::refund;

    fn reason(outcome: Result<(), Problem>) -> &'static str {
        outcome.err().map_or("", |problem| problem.reason)
    }

    #[test]
    fn a_refund_without_return_at_the_merchants_cost_needs_its_consent_or_a_rule() {
        let forced = RemedyTerms { kind: RemedyType::RefundOnly, ..refund(1) };
        let with = |basis| RemedyTerms { charge_basis: Some(basis), ..forced.clone() };
        let offered = |terms: &RemedyTerms| reason(check_offered(&[vec![terms.clone()]]));
        let imposed = |terms: &RemedyTerms| reason(check_imposed(std::slice::from_ref(terms), None));
        assert_eq!(offered(&forced), "REFUND_WITHOUT_RETURN_NEEDS_BASIS");
        assert_eq!(offered(&with(ChargeBasis::MerchantConsent)), "");
        assert_eq!(imposed(&forced), "REFUND_WITHOUT_RETURN_NEEDS_BASIS");
        assert_eq!(imposed(&with(ChargeBasis::MerchantConsent)), "MERCHANT_CONSENT_MISSING");
        assert_eq!(imposed(&with(ChargeBasis::Rule)), "");
        let mut free = forced.clone();
        free.payer.party = LiableParty::Platform;
        assert_eq!(imposed(&free), "", "what the platform pays itself is free");
        for seller in [LiableParty::Anchor, LiableParty::Mcn, LiableParty::LiveRoomOperator] {
            let mut forced = forced.clone();
            forced.payer.party = seller;
            assert_eq!(imposed(&forced), "REFUND_WITHOUT_RETURN_NEEDS_BASIS", "{seller}");
            assert_eq!(offered(&forced), "REFUND_WITHOUT_RETURN_NEEDS_BASIS", "{seller}");
        }
    }

    #[test]
    fn all_of_the_price_in_parts_is_a_refund_without_return() {
        let paid = Some(Money::new("CNY", 10_000).unwrap());
        let imposed = |terms: &[RemedyTerms], paid| reason(check_imposed(terms, paid));
        let refused = "REFUND_WITHOUT_RETURN_NEEDS_BASIS";
        assert_eq!(imposed(&[refund(9_999)], paid), "");
        assert_eq!(imposed(&[refund(10_000)], paid), refused);
        assert_eq!(imposed(&[refund(6_000), refund(4_000)], paid), refused);
        assert_eq!(imposed(&[refund(10_000)], None), "", "nobody knows what was paid");
        let by_rule = RemedyTerms { charge_basis: Some(ChargeBasis::Rule), ..refund(10_000) };
        assert_eq!(imposed(&[by_rule], paid), "");
        let mut free = refund(10_000);
        free.payer.party = LiableParty::Platform;
        assert_eq!(imposed(&[free, refund(1)], paid), "");
        let returned = RemedyTerms { kind: RemedyType::ReturnAndRefund, ..refund(10_000) };
        assert_eq!(imposed(&[returned], paid), "");
    }
}
