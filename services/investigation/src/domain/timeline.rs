//! The course of events from all sources, in one order (F030).

use jiff::Timestamp;
use redress_domain::coded_enum;
use uuid::Uuid;

coded_enum! {
    /// Where an entry is known from.
    Source {
        /// The order system.
        Order = "order",
        /// The payment system.
        Payment = "payment",
        /// The carriers.
        Logistics = "logistics",
        /// Conversations.
        Chat = "chat",
        /// Live sessions.
        Live = "live",
        /// The handling of the complaint.
        Handling = "handling",
    }
}

coded_enum! {
    /// Who may see an entry.
    Visibility {
        /// Both parties and staff.
        Everybody = "everybody",
        /// Staff.
        Staff = "staff",
        /// Those who may see what it is about.
        Restricted = "restricted",
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it happened.
    pub at: Timestamp,
    /// Its id: entries of one instant stand in its order, and the same entry is written once.
    pub id: Uuid,
    /// Where it is known from.
    pub source: Source,
    /// What happened, as a code.
    pub code: String,
    /// What it is about.
    pub about: Option<Uuid>,
    /// Who did it; empty if nobody in particular.
    pub actor: String,
    /// Who may see it.
    pub visibility: Visibility,
}
