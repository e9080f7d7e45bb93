//! `RespondToOffer`: a party accepts, declines or counters (T10, T20).

use async_trait::async_trait;
use redress_domain::{Problem, Violations};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::offer::PartyAct;
use super::{Act, Scene, counter, id};
use crate::app::wire::{all_terms, read_all_terms, read_consent, read_side, side as told_side};
use crate::app::words;
use crate::domain::guard::{Refusal, require};
use crate::domain::offer::{Consent, ConsentKind, OfferAction};
use crate::domain::party::{Side, SideRole};
use crate::domain::proposal::{Accepted, Proposal, ProposalKind, option_sha256};
use crate::domain::report::digest;
use crate::domain::settlement::{DecisionState, Settlement};
use crate::domain::state::State;
use crate::domain::terms::RemedyTerms;
use crate::domain::text;
use crate::error::Error;

/// After so many links nobody answers any more; the platform ends the talk.
const MOST_LINKS: u32 = 500;

#[async_trait]
impl Act for wire::RespondToOfferRequest {
    fn check(&self, found: &mut Violations) {
        read_side(found, self.party.as_ref());
        text::optional_words(found, "comment", &self.comment, 4_000);
        match self.action() {
            wire::OfferAction::Accepted if self.option == 0 => {
                found.add("option", "REQUIRED", "the option that is accepted");
            }
            wire::OfferAction::Accepted | wire::OfferAction::Declined => {}
            wire::OfferAction::Countered => {
                read_all_terms(found, "counterTerms", &self.counter_terms, (1, 10));
            }
            _ => found.add("action", "NOT_ALLOWED", "accepted, declined or countered is expected"),
        }
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        let proposal = id(&self.proposal_id)?;
        let named = read_side(&mut Violations::default(), self.party.as_ref());
        let (side, consent) = scene.acting(conn, named, read_consent(self.consent.as_ref())).await?;
        scene.case.proposal_mut(proposal)?;
        scene.case.require_state(&[State::Mediating, State::DirectNegotiation])?;
        require(!scene.case.has_pending_decision(), Refusal::DecisionPending)?;
        require(scene.case.chain.0 < MOST_LINKS, Refusal::TooManyAnswers)?;
        let answer = Answer { told: self, proposal, side, consent };
        match self.action() {
            wire::OfferAction::Accepted => answer.accept(scene),
            wire::OfferAction::Declined => answer.decline(scene),
            _ => answer.counter(scene),
        }
    }
}

/// One party's answer.
struct Answer<'a> {
    told: &'a wire::RespondToOfferRequest,
    proposal: Uuid,
    side: Side,
    consent: Consent,
}

impl Answer<'_> {
    fn accept(mut self, scene: &mut Scene<'_>) -> Result<(), Error> {
        let (now, option) = (scene.now, self.told.option);
        let proposal = scene.case.proposal_mut(self.proposal)?;
        let latest = proposal.answerable(self.told.revision, now).map_err(Refusal::problem)?;
        if self.consent.kind != ConsentKind::OwnAct {
            let by = scene.caller.subject.as_str();
            require(latest.author != by && latest.reviewer != by, Refusal::AcceptorWroteIt)?;
        }
        let place = usize::try_from(option).unwrap_or(usize::MAX).wrapping_sub(1);
        let terms = latest.options.get(place).cloned().ok_or_else(unknown_option)?;
        require_member(proposal, &self.side)?;
        let sha256 = option_sha256(self.proposal, self.told.revision, option, &terms);
        self.consent = self.consent.bound_to(&sha256).map_err(Refusal::problem)?;
        let accepted = proposal.accept(&self.side, option, &sha256).map_err(Refusal::problem)?;
        if accepted == Accepted::Again {
            return Ok(());
        }
        let (revision, side) = (self.told.revision, self.side.clone());
        let hash = self.link(scene, OfferAction::Accepted, option, Vec::new())?;
        scene.out.push(&wire::OfferAccepted {
            proposal_id: self.told.proposal_id.clone(),
            revision,
            option,
            party: Some(told_side(&side)),
            link_hash: hash,
        });
        if accepted == Accepted::Settled {
            settle(scene, self.proposal, (revision, option, sha256), terms);
        }
        Ok(())
    }

    fn decline(self, scene: &mut Scene<'_>) -> Result<(), Error> {
        let now = scene.now;
        let proposal = scene.case.proposal_mut(self.proposal)?;
        if !(proposal.kind == ProposalKind::Negotiation && proposal.revisions.is_empty()) {
            proposal.answerable(self.told.revision, now).map_err(Refusal::problem)?;
        }
        proposal.withdraw_acceptance(&self.side);
        let refuses_talk =
            proposal.kind == ProposalKind::Negotiation && self.side.role == SideRole::Respondent;
        let side = self.side.clone();
        let hash = self.link(scene, OfferAction::Declined, 0, Vec::new())?;
        scene.out.push(&wire::OfferDeclined {
            proposal_id: self.told.proposal_id.clone(),
            revision: self.told.revision,
            party: Some(told_side(&side)),
            link_hash: hash,
        });
        if refuses_talk {
            scene.out.push(&wire::PlatformInterventionRequested { reason: "declined".to_owned() });
        }
        Ok(())
    }

    fn counter(self, scene: &mut Scene<'_>) -> Result<(), Error> {
        let terms =
            read_all_terms(&mut Violations::default(), "counterTerms", &self.told.counter_terms, (1, 10));
        scene.require_currency([terms.as_slice()])?;
        let now = scene.now;
        let proposal = scene.case.proposal_mut(self.proposal)?;
        let opens = proposal.kind == ProposalKind::Negotiation && proposal.revisions.is_empty();
        if !opens {
            proposal.answerable(self.told.revision, now).map_err(Refusal::problem)?;
        }
        proposal.withdraw_acceptance(&self.side);
        let negotiates = proposal.kind == ProposalKind::Negotiation;
        let (side, consent) = (self.side.clone(), self.consent.clone());
        let hash = self.link(scene, OfferAction::Countered, 0, terms.clone())?;
        let new_revision = if negotiates {
            counter::offer_back(scene, self.proposal, &side, consent, terms.clone())?
        } else {
            0
        };
        scene.out.push(&wire::OfferCountered {
            proposal_id: self.told.proposal_id.clone(),
            revision: self.told.revision,
            party: Some(told_side(&side)),
            terms: all_terms(&terms),
            link_hash: hash,
            new_revision,
        });
        Ok(())
    }

    fn link(
        &self,
        scene: &mut Scene<'_>,
        action: OfferAction,
        option: u32,
        counter_terms: Vec<RemedyTerms>,
    ) -> Result<String, Error> {
        let mut comment_sha256 = String::new();
        if !self.told.comment.trim().is_empty() {
            let field = words::comment(scene.case.chain.0 + 1);
            let sealed = scene.keep(field, self.told.comment.as_bytes())?;
            comment_sha256 = sealed.fields.first().map(|field| digest(&field.value)).unwrap_or_default();
        }
        let act = PartyAct {
            proposal: self.proposal,
            revision: self.told.revision,
            option,
            action,
            side: Some(self.side.clone()),
            consent: Some(self.consent.clone()),
            comment_sha256,
            counter_terms,
        };
        Ok(act.link(scene))
    }
}

/// All have accepted. Nothing is ordered before the lifecycle has moved.
fn settle(
    scene: &mut Scene<'_>,
    proposal: Uuid,
    (revision, option, option_sha256): (u32, u32, String),
    terms: Vec<RemedyTerms>,
) {
    let id = scene.next_id("settlement", scene.case.settlements.len());
    scene.out.push(&wire::SettlementReached {
        settlement_id: id.to_string(),
        proposal_id: proposal.to_string(),
        revision,
        option,
        terms: all_terms(&terms),
    });
    scene.case.settlements.push(Settlement {
        id,
        proposal,
        revision,
        option,
        option_sha256,
        terms,
        state: DecisionState::Pending,
        agreed_at: scene.now,
        void_reason: String::new(),
    });
}

/// A respondent who is charged nothing and was not asked has nothing to accept.
fn require_member(proposal: &Proposal, side: &Side) -> Result<(), Problem> {
    if proposal.required.contains(side) { Ok(()) } else { Err(Problem::permission_denied()) }
}

fn unknown_option() -> Problem {
    let mut found = Violations::default();
    found.add("option", "UNKNOWN", "the revision has no such option");
    Problem::invalid(found)
}
