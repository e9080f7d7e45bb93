//! Who may not be impartial (L06).

use jiff::Timestamp;
use redress_domain::coded_enum;

coded_enum! {
    /// Why somebody cannot be impartial.
    ConflictKind {
        /// A near relative of a party.
        Relative = "relative",
        /// An interest in the outcome.
        Interest = "interest",
        /// Worked on it before in another capacity.
        PriorInvolvement = "prior_involvement",
        /// Another relation.
        Other = "other",
        /// Made the decision that is disputed (F141).
        ContestedDecision = "contested_decision",
    }
}

impl ConflictKind {
    /// Whether there is no choice: a near relative, an interest, and a decision of one's own always recuse.
    pub const fn always_recuses(self) -> bool {
        matches!(self, Self::Relative | Self::Interest | Self::ContestedDecision)
    }
}

/// A declared conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Whose.
    pub subject: String,
    /// Which.
    pub kind: ConflictKind,
    /// Whether it recuses. It stays so: a later declaration cannot take it back.
    pub recused: bool,
    /// Who declared it.
    pub declared_by: String,
    /// When.
    pub declared_at: Timestamp,
}

/// Whether it is known who made the decision that is disputed (F141).
pub fn deciders_are_named(conflicts: &[Conflict]) -> bool {
    conflicts.iter().any(|conflict| conflict.kind == ConflictKind::ContestedDecision)
}

/// Whether `subject` is recused.
pub fn is_recused(conflicts: &[Conflict], subject: &str) -> bool {
    conflicts.iter().any(|conflict| conflict.subject == subject && conflict.recused)
}
