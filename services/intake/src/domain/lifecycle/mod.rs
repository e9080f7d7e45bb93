//! The life of a complaint as a pure state machine: no clock, no I/O, nothing that could answer twice differently.
//!
//! [`Lifecycle::decide`] turns a command into events or refuses it, and changes nothing. [`Lifecycle::evolve`] applies
//! one event. The register stores both, the state it reached and the events that led there; a replay of the events
//! gives the state. Transitions are the rows T01–T39 of the transition table; sources are cited as `F`, `L`, `U`, `I`.
//!
//! - Commands of intake itself (T01–T08, T30–T39) yield their own events, or a [`Refusal`].
//! - Facts of other services (T09–T29) come as [`Command::TakeFact`] and yield [`Event::ComplaintAdvanced`], or
//!   [`Event::FactRefused`]: a fact has happened and cannot be sent back as an error. Its owner has checked its guards.
//!   Here only those are checked that rest on what the lifecycle itself knows (two persons, F005, the silence that
//!   counts as consent). Judging one service's fact by another service's fact was refused: topics are not ordered
//!   among each other, so good facts would be turned away by chance.
//! - Beside the main region stand three others ([`Regions`]): assignment, whom the case waits for, escalation.
//!
//! One enumeration with data per state was preferred to a type per state: the state is read from a table and met by
//! whatever command comes, so the check must happen at run time anyway.

mod act;
mod assessment;
mod code;
mod command;
mod command_kind;
mod decide;
mod event;
mod evolve;
mod fact;
mod policy;
mod reasons;
mod refusal;
mod regions;
mod state;
mod stored;
#[cfg(test)]
mod tests;

pub use act::{Act, Actor, Capacity};
pub use assessment::Assessment;
pub use code::{Code, CodeError, is_field_path, is_staff_reference};
pub use command::{
    Command, GroupConsent, MergeBasis, MergeTarget, ReferralResult, RefusalNotice, Registration, SafetyLead,
};
pub use command_kind::CommandKind;
pub use event::{Event, ReferralEnd};
pub use fact::{AfterAppeal, Closing, Fact, FactKind};
pub use policy::Policy;
pub use reasons::{
    EscalationReason, Outcome, RefusalReason, ReopenGround, SuspensionReason, TerminationReason,
};
pub use refusal::{GuardReason, InvalidTransition, Refusal};
pub use regions::{Assignment, Awaited, Level, Region, Regions, WaitingOn};
pub use state::{State, StateKind};
pub use stored::CorruptLifecycle;

use redress_domain::ComplaintId;
use serde::{Deserialize, Serialize};

/// A complaint as far as its lifecycle is concerned. Its JSON is what is stored; reading it back checks it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "stored::Stored", into = "stored::Stored")]
pub struct Lifecycle {
    complaint: ComplaintId,
    state: State,
    version: u32,
    regions: Regions,
}

impl Lifecycle {
    /// The complaint.
    pub const fn complaint(&self) -> ComplaintId {
        self.complaint
    }

    /// The state of the main region.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The `state_version`: the number of events applied, so that the event applied last has this number.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The other regions.
    pub const fn regions(&self) -> &Regions {
        &self.regions
    }
}
