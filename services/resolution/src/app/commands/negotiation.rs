//! `OpenNegotiation`: the parties talk first (T09).

use async_trait::async_trait;
use jiff::SignedDuration;
use redress_domain::{PartyKind, Severity, Violations};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;

use super::{Act, Scene};
use crate::app::wire::time;
use crate::domain::guard::{Refusal, require};
use crate::domain::proposal::{Proposal, ProposalKind, ProposalState};
use crate::domain::state::State;
use crate::error::Error;

/// The longest time that a party has to answer, hours.
pub(super) const LONGEST_ANSWER: u32 = 720;

#[async_trait]
impl Act for wire::OpenNegotiationRequest {
    fn check(&self, found: &mut Violations) {
        due_hours(self.due_hours, found);
    }

    async fn act(&self, scene: &mut Scene<'_>, _conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        let case = &*scene.case;
        case.require_state(&[State::Accepted])?;
        let answers = |kind| !matches!(kind, PartyKind::Platform);
        let allowed = !case.course.urgent
            && case.severity == Severity::General
            && case.facts.respondents.iter().any(|respondent| answers(respondent.kind));
        require(allowed, Refusal::NegotiationNotAllowed)?;
        require(!case.proposals.iter().any(Proposal::is_pending), Refusal::ProposalPending)?;
        let hours = if self.due_hours == 0 { scene.desk.settings.negotiation_hours } else { self.due_hours };
        let due_at = scene.now + SignedDuration::from_hours(hours.into());
        let id = scene.next_id("proposal", case.proposals.len());
        scene.case.course.negotiation_due = Some(due_at);
        scene.case.proposals.push(Proposal {
            id,
            kind: ProposalKind::Negotiation,
            state: ProposalState::Open,
            revisions: Vec::new(),
            required: Vec::new(),
            acceptances: Vec::new(),
            mediation_refused: false,
            returned_reason: String::new(),
            incident: None,
        });
        scene.out.push(&wire::NegotiationOpened { due_at: time(due_at), proposal_id: id.to_string() });
        Ok(())
    }
}

/// Notes what is wrong with a time to answer; 0 takes the configured one.
pub(super) fn due_hours(hours: u32, found: &mut Violations) {
    if hours > LONGEST_ANSWER {
        found.add("dueHours", "OUT_OF_RANGE", "at most 720 hours");
    }
}
