//! Deciding: a command meets a state, and either events follow or a reason why not.
//!
//! The order is the same for all: may someone in this capacity do it, is it possible in this state, do the guards hold.
//! Guards are asked in the order of the table; the first that fails is told.

mod admissibility;
mod facts;
mod whole_case;

use redress_domain::ComplaintId;

use super::{
    Act, Capacity, Closing, Command, CommandKind, Event, GuardReason, InvalidTransition, Lifecycle, Policy,
    Refusal, Registration, State,
};

impl Lifecycle {
    /// T01: the first event of a complaint; [`Lifecycle::begin`] applies it.
    pub fn register(registration: &Registration, act: &Act) -> Result<Event, Refusal> {
        entitled(CommandKind::Register, act.actor.capacity)?;
        require(registration.tenant_active, GuardReason::TenantInactive)?;
        require(!registration.key_seen, GuardReason::KeySeen)?;
        Ok(Event::ComplaintRegistered { complaint: registration.complaint })
    }

    /// What follows from `command`: at least one event, to be applied in order, or the reason why nothing does.
    ///
    /// A fact ([`Command::TakeFact`]) is never refused with an error: what cannot be taken yields
    /// [`Event::FactRefused`]. So does a clock of the completion that has come due and may not end the complaint.
    pub fn decide(&self, command: &Command, act: &Act, policy: &Policy) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::TakeFact(fact) => Ok(facts::take(self, fact, act, policy)),
            Command::LapseCompletion { due_at, reminded_at } => {
                entitled(command.kind(), act.actor.capacity)?;
                let State::AwaitingCompletion { asked_at, .. } = self.state else {
                    return Err(self.impossible(command.kind()).into());
                };
                Ok(vec![admissibility::lapse(asked_at, *due_at, *reminded_at, act, policy)])
            }
            Command::Register(_) => Err(self.impossible(CommandKind::Register).into()),
            Command::RequestCompletion { .. }
            | Command::SupplyCompletion { .. }
            | Command::StartReview { .. }
            | Command::Assess(_)
            | Command::AcceptComplaint { .. }
            | Command::RefuseComplaint { .. }
            | Command::RequestReview { .. } => {
                entitled(command.kind(), act.actor.capacity)?;
                admissibility::decide(self, command, act, policy).map(|event| vec![event])
            }
            _ => {
                entitled(command.kind(), act.actor.capacity)?;
                whole_case::decide(self, command, act, policy)
            }
        }
    }

    fn impossible(&self, command: CommandKind) -> InvalidTransition {
        InvalidTransition { from: Some(self.state.kind()), step: command.code() }
    }

    fn is(&self, complaint: ComplaintId) -> bool {
        self.complaint == complaint
    }
}

fn entitled(command: CommandKind, capacity: Capacity) -> Result<(), GuardReason> {
    require(command.capacities().contains(&capacity), GuardReason::ActorNotEntitled)
}

fn require(holds: bool, otherwise: GuardReason) -> Result<(), GuardReason> {
    if holds { Ok(()) } else { Err(otherwise) }
}

/// F005: nothing closes without an outcome.
fn outcome(closing: Option<&Closing>) -> Result<&Closing, GuardReason> {
    closing.ok_or(GuardReason::OutcomeMissing)
}

/// What accompanies every event that closes a case.
fn closed(closing: &Closing) -> Event {
    Event::ComplaintClosed { outcome: closing.outcome, cause: closing.cause.clone() }
}
