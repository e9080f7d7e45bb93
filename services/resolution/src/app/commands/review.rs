//! `ReviewPlan`: another person approves a plan within their authority, or sends it back (T17, T18).

use async_trait::async_trait;
use redress_domain::Violations;
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;

use super::{Act, Scene, id};
use crate::domain::guard::{Refusal, require};
use crate::domain::proposal::{ProposalState, Revision};
use crate::domain::state::State;
use crate::domain::text::is_code;
use crate::error::Error;

#[async_trait]
impl Act for wire::ReviewPlanRequest {
    fn check(&self, found: &mut Violations) {
        if !self.approve && !is_code(&self.reason) {
            found.add("reason", "REQUIRED", "why it is sent back: 1 to 64 characters of a-z, 0-9 and _-.@");
        }
        if !self.approve && self.mediation_refused {
            found.add("mediationRefused", "NOT_ALLOWED", "only an approved plan leads on");
        }
    }

    async fn act(&self, scene: &mut Scene<'_>, _conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        let id = id(&self.proposal_id)?;
        let subject = scene.caller.subject.clone();
        let proposal = scene.case.proposal_mut(id)?.clone();
        scene.case.require_state(&[State::PlanReview])?;
        require(proposal.state == ProposalState::InReview, Refusal::NotInReview)?;
        let latest = proposal.latest().ok_or_else(|| Refusal::NotInReview.problem())?;
        require(latest.number == self.revision, Refusal::RevisionSuperseded)?;
        // Of any revision: who wrote the first is not another person for the second.
        let wrote = proposal.revisions.iter().any(|revision| revision.author == subject);
        let determined = scene.case.determination().is_some_and(|one| one.decider == subject);
        require(!wrote && !determined, Refusal::ReviewerIsAuthor)?;
        let course = &scene.case.course;
        require(course.conclusions_read >= course.conclusions_taken, Refusal::InvestigatorsUnknown)?;
        require(!course.investigators.contains(&subject), Refusal::ReviewerInvestigated)?;
        if self.approve {
            approve(scene, self, latest)?;
        } else {
            send_back(scene, self);
        }
        let proposal = scene.case.proposal_mut(id)?;
        proposal.state = if self.approve { ProposalState::Approved } else { ProposalState::Returned };
        proposal.mediation_refused = self.mediation_refused;
        proposal.returned_reason.clone_from(&self.reason);
        if let (true, Some(latest)) = (self.approve, proposal.revisions.last_mut()) {
            latest.reviewer = subject;
        }
        Ok(())
    }
}

fn approve(scene: &mut Scene<'_>, told: &wire::ReviewPlanRequest, latest: &Revision) -> Result<(), Error> {
    require(scene.case.determination().is_some(), Refusal::LiabilityMissing)?;
    scene.require_authority(latest.options.iter().map(Vec::as_slice))?;
    scene.out.push(&wire::PlanApproved {
        proposal_id: told.proposal_id.clone(),
        revision: told.revision,
        mediation_refused: told.mediation_refused,
    });
    Ok(())
}

fn send_back(scene: &mut Scene<'_>, told: &wire::ReviewPlanRequest) {
    scene.out.push(&wire::PlanReturned {
        proposal_id: told.proposal_id.clone(),
        revision: told.revision,
        reason: told.reason.clone(),
    });
}
