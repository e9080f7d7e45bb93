//! A counter-offer of a negotiation: the next revision of what the parties offer each other (T10).

use jiff::SignedDuration;
use uuid::Uuid;

use super::offer::PartyAct;
use super::{Scene, offer};
use crate::domain::guard::{Refusal, require};
use crate::domain::offer::{Consent, OfferAction};
use crate::domain::party::{Side, SideRole};
use crate::domain::proposal::{self, Revision};
use crate::domain::terms::{ChargeBasis, RemedyTerms};
use crate::error::Error;

/// In a negotiation a counter-offer is the next revision; who made it has accepted it, and nobody's assent is assumed.
pub(super) fn offer_back(
    scene: &mut Scene<'_>,
    id: Uuid,
    side: &Side,
    consent: Consent,
    terms: Vec<RemedyTerms>,
) -> Result<u32, Error> {
    let respondents = scene.case.facts.respondents.clone();
    let options = vec![terms.into_iter().map(on_consent).collect::<Vec<_>>()];
    require(proposal::payers_are_parties(&options, &respondents), Refusal::PayerNotAParty)?;
    scene.case.require_parties(&options.concat(), false)?;
    let own = Vec::from_iter((side.role == SideRole::Respondent).then(|| side.respondent_ref.clone()));
    let mut required = proposal::required(&options, &respondents, &own);
    if let (1, Some(first)) = (required.len(), respondents.first()) {
        // What costs no respondent anything is still agreed between two.
        required.push(Side::respondent(&first.reference));
    }
    let (now, actor) = (scene.now, scene.caller.subject.clone());
    // Whoever is asked has the usual time to answer, however long the talk has gone on.
    let usual = now + SignedDuration::from_hours(scene.desk.settings.answer_hours.into());
    let due_at = scene.case.course.negotiation_due.unwrap_or(usual).max(usual);
    let earlier = scene.case.proposal_mut(id)?.number();
    // The terms that are offered stand in the call that proves the consent: it is to these.
    let sha256 = proposal::option_sha256(id, earlier + 1, 1, &options[0]);
    let consent = Consent { option_sha256: sha256.clone(), ..consent };
    if earlier > 0 {
        offer::link(scene, id, earlier, OfferAction::Superseded);
    }
    let proposal = scene.case.proposal_mut(id)?;
    proposal.revisions.push(Revision {
        number: earlier + 1,
        options,
        author: actor,
        offered_by: Some(side.clone()),
        drafted_at: now,
        within_bounds: true,
        reviewer: String::new(),
        sent_at: None,
        due_at: None,
    });
    proposal.required = required;
    proposal.open(now, due_at);
    proposal.accept(side, 1, &sha256).map_err(Refusal::problem)?;
    let act = PartyAct {
        proposal: id,
        revision: earlier + 1,
        option: 1,
        action: OfferAction::Accepted,
        side: Some(side.clone()),
        consent: Some(consent),
        comment_sha256: String::new(),
        counter_terms: Vec::new(),
    };
    act.link(scene);
    Ok(earlier + 1)
}

/// Between the parties the merchant's own acceptance is the consent that L28 asks for.
fn on_consent(terms: RemedyTerms) -> RemedyTerms {
    let basis = terms.is_forced_refund().then_some(ChargeBasis::MerchantConsent);
    RemedyTerms { charge_basis: terms.charge_basis.or(basis), ..terms }
}
