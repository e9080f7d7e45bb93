//! What the parties agreed on (T10, T20).

use jiff::Timestamp;
use redress_domain::coded_enum;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::terms::RemedyTerms;

coded_enum! {
    /// Where a settlement or a ruling stands.
    DecisionState {
        /// A second person must confirm it.
        AwaitingSecond = "awaiting_second",
        /// Made; the lifecycle has not moved yet, so nothing is ordered or sent.
        Pending = "pending",
        /// In effect.
        Effective = "effective",
        /// The lifecycle could not take it, or a second person discarded it.
        Void = "void",
        /// A later decision has taken its place.
        Replaced = "replaced",
    }
}

/// A settlement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// Its id.
    pub id: Uuid,
    /// The proposal.
    pub proposal: Uuid,
    /// The revision.
    pub revision: u32,
    /// The option.
    pub option: u32,
    /// What all consented to, see [`option_sha256`](super::proposal::option_sha256); empty before this was kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub option_sha256: String,
    /// What is to be done.
    pub terms: Vec<RemedyTerms>,
    /// Where it stands.
    pub state: DecisionState,
    /// When the last of those who had to accepted.
    pub agreed_at: Timestamp,
    /// Why it is void; empty otherwise.
    pub void_reason: String,
}
