//! Links of the chain of offers that commands add.

use uuid::Uuid;

use super::Scene;
use crate::domain::offer::{Consent, LinkBody, OfferAction};
use crate::domain::party::Side;
use crate::domain::terms::RemedyTerms;

/// An act of the platform on a whole revision.
pub(super) fn link(scene: &mut Scene<'_>, proposal: Uuid, revision: u32, action: OfferAction) -> String {
    let act = PartyAct {
        proposal,
        revision,
        option: 0,
        action,
        side: None,
        consent: None,
        comment_sha256: String::new(),
        counter_terms: Vec::new(),
    };
    act.link(scene)
}

/// An act of a party.
pub(super) struct PartyAct {
    pub(super) proposal: Uuid,
    pub(super) revision: u32,
    pub(super) option: u32,
    pub(super) action: OfferAction,
    pub(super) side: Option<Side>,
    pub(super) consent: Option<Consent>,
    pub(super) comment_sha256: String,
    pub(super) counter_terms: Vec<RemedyTerms>,
}

impl PartyAct {
    /// Appends it to the chain; gives the link's hash.
    pub(super) fn link(self, scene: &mut Scene<'_>) -> String {
        let body = LinkBody {
            sequence: 0,
            proposal: self.proposal,
            revision: self.revision,
            option: self.option,
            action: self.action,
            side: self.side,
            actor: scene.caller.subject.clone(),
            at: scene.now,
            consent: self.consent,
            comment_sha256: self.comment_sha256,
            counter_terms: self.counter_terms,
        };
        scene.out.link(scene.case, body)
    }
}
