use super::*;
use crate::domain::{appeal, offer, proposal, sanction, settlement};

#[test]
fn every_word_has_its_counterpart_on_the_wire() {
    macro_rules! all {
        ($($domain:ty, $function:ident, $prefix:literal;)+) => {$(
            for &value in <$domain>::ALL {
                let told = $function(value);
                assert_eq!(member::<$domain>(told.as_str_name(), $prefix), Some(value), "{value}");
            }
        )+};
    }
    all! {
        LiableParty, liable_party, "LIABLE_PARTY_";
        RemedyType, remedy_type, "REMEDY_TYPE_";
        ChargeBasis, charge_basis, "CHARGE_BASIS_";
        crate::domain::remedy::FundingSource, funding_source, "FUNDING_SOURCE_";
        proposal::ProposalState, proposal_state, "PROPOSAL_STATE_";
        proposal::ProposalKind, proposal_kind, "PROPOSAL_KIND_";
        offer::OfferAction, offer_action, "OFFER_ACTION_";
        ConsentKind, consent_kind, "CONSENT_KIND_";
        settlement::DecisionState, decision_state, "DECISION_STATE_";
        appeal::AppealState, appeal_state, "APPEAL_STATE_";
        appeal::AppealOutcome, appeal_outcome, "APPEAL_OUTCOME_";
        appeal::AppealNext, appeal_next, "APPEAL_NEXT_";
        sanction::SanctionMeasure, sanction_measure, "SANCTION_MEASURE_";
        crate::domain::state::State, state, "COMPLAINT_STATE_";
    }
    assert_eq!(member::<RemedyType>("REMEDY_TYPE_UNSPECIFIED", "REMEDY_TYPE_"), None);
}
