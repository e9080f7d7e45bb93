//! `TerminateMediation`: it ends without agreement, for one of the eight reasons (T21, L08).

use async_trait::async_trait;
use redress_domain::Violations;
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;

use super::{Act, Scene, offer};
use crate::domain::guard::{Refusal, require};
use crate::domain::offer::OfferAction;
use crate::domain::proposal::{Proposal, ProposalState};
use crate::domain::state::State;
use crate::domain::text::is_code;
use crate::error::Error;
use crate::store::clock;

/// The clock of the sixty days.
const MEDIATION: &str = "C21";

#[async_trait]
impl Act for wire::TerminateMediationRequest {
    fn check(&self, found: &mut Violations) {
        if self.reason() == wire::TerminationReason::Unspecified {
            found.add("reason", "REQUIRED", "one of the eight reasons of L08");
        }
        if !self.referred_to.is_empty() && !is_code(&self.referred_to) {
            found.add("referredTo", "MALFORMED", "1 to 64 characters of a-z, 0-9 and _-.@");
        }
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        scene.case.require_state(&[State::Mediating])?;
        require(!scene.case.has_pending_decision(), Refusal::DecisionPending)?;
        if self.reason() == wire::TerminationReason::SixtyDays {
            require_sixty_days(scene, conn).await?;
        }
        let pending: Vec<_> =
            scene.case.proposals.iter_mut().filter(|p| p.is_pending()).map(revoke).collect();
        for (id, revision) in pending {
            offer::link(scene, id, revision, OfferAction::Revoked);
        }
        scene
            .out
            .push(&wire::MediationTerminated { reason: self.reason, referred_to: self.referred_to.clone() });
        Ok(())
    }
}

/// The sixty days are over when sla says so: they begin with acceptance, stand still while goods are tested or somebody is
/// recused, and roll over holidays (C21). If they end while the case mediates it is ended by that; this is for whoever
/// finds them over already.
async fn require_sixty_days(scene: &Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
    let clocks = clock::of_case(conn, &scene.case.tenant, scene.case.id).await?;
    let own: Vec<_> = clocks.iter().filter(|clock| clock.definition == MEDIATION).collect();
    if own.iter().any(|clock| clock.state == "breached") {
        return Ok(());
    }
    let due = own.iter().filter_map(|clock| clock.due_at).max();
    let problem = Refusal::SixtyDaysNotOver.problem();
    Err(match due {
        Some(due) => problem.with("due_at", due.to_string()),
        None => problem,
    }
    .into())
}

fn revoke(proposal: &mut Proposal) -> (uuid::Uuid, u32) {
    proposal.state = ProposalState::Revoked;
    (proposal.id, proposal.number())
}
