//! `SendProposal`: an approved proposal is put to the parties.

use async_trait::async_trait;
use jiff::SignedDuration;
use redress_domain::Violations;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::{Sealed, SealedField};
use sqlx::postgres::PgConnection;

use super::negotiation::due_hours;
use super::{Act, Scene, id, offer};
use crate::app::wire::{options, sides, time};
use crate::app::words;
use crate::domain::guard::{Refusal, require};
use crate::domain::offer::OfferAction;
use crate::domain::proposal::ProposalState;
use crate::domain::state::State;
use crate::error::Error;
use crate::store::text;

#[async_trait]
impl Act for wire::SendProposalRequest {
    fn check(&self, found: &mut Violations) {
        due_hours(self.due_hours, found);
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        let id = id(&self.proposal_id)?;
        let hours = if self.due_hours == 0 { scene.desk.settings.answer_hours } else { self.due_hours };
        let (now, due_at) = (scene.now, scene.now + SignedDuration::from_hours(hours.into()));
        let state = scene.case.proposal_mut(id)?.state;
        require(state == ProposalState::Approved, Refusal::NotApproved)?;
        // Approved here; whether it may go out the lifecycle says.
        require(scene.case.state != State::PlanReview, Refusal::NotAdvanced)?;
        scene.case.require_state(&[State::Mediating])?;
        let proposal = scene.case.proposal_mut(id)?;
        proposal.open(now, due_at);
        let revision = proposal.number();
        let event = wire::ProposalSent {
            proposal_id: id.to_string(),
            revision,
            due_at: time(due_at),
            options: proposal.latest().map(|latest| options(&latest.options)).unwrap_or_default(),
            required: sides(&proposal.required),
            sealed: None,
        };
        let field = words::proposal(id, revision);
        let value = text::of_case(conn, &scene.case.tenant, scene.case.id).await?.remove(&field);
        let sealed = value.map(|value| Sealed {
            wrapped_key: Vec::new(),
            fields: vec![SealedField { name: field, value }],
        });
        offer::link(scene, id, revision, OfferAction::Proposed);
        scene.out.push(&wire::ProposalSent { sealed, ..event });
        Ok(())
    }
}
