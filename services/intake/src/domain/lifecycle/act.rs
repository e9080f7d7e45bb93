//! Who acts, in which capacity, when, and what kind of decider stands behind it.

use jiff::Timestamp;
use redress_domain::DecidedBy;
use serde::{Deserialize, Serialize};

use redress_domain::coded_enum;

coded_enum! {
    /// As what someone acts. A token's roles say what a caller may be; this says as what the caller acted.
    Capacity {
        /// Brought the complaint in, or a representative of a joint complaint (L02).
        Complainant = "complainant",
        /// Speaks for the complainant under a mandate (L02).
        Agent = "agent",
        /// Of the side complained of.
        Respondent = "respondent",
        /// Brings in what a complainant said elsewhere: a service of the platform, or an officer at the phone.
        Adapter = "adapter",
        /// Receives and decides on admissibility.
        IntakeOfficer = "intake_officer",
        /// Leads the case.
        Handler = "handler",
        /// Finds facts.
        Investigator = "investigator",
        /// Leads handlers, and may do what they may.
        Supervisor = "supervisor",
        /// Legal counsel.
        Legal = "legal",
        /// A rule or a model of this service.
        Machine = "machine",
        /// A clock that came due.
        Timer = "timer",
        /// Another service, which has checked the rights of whoever acted there.
        Service = "service",
    }
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The token's subject, or the name of the rule, clock or service. A pseudonym, never a person's name or number.
    pub subject: String,
    /// As what.
    pub capacity: Capacity,
}

/// The circumstances of a command: time and actor are arguments, so that the same inputs always decide the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// When it happened (the event's time, not the time of processing).
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What kind of decider stands behind it.
    pub decided_by: DecidedBy,
}

impl Act {
    /// Whether a person decided. A clock or a rule that claims so is not believed.
    pub fn is_human(&self) -> bool {
        self.decided_by == DecidedBy::Human
            && !matches!(self.actor.capacity, Capacity::Machine | Capacity::Timer | Capacity::Adapter)
    }
}
