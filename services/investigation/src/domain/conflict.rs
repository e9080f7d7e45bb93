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
    }
}

impl ConflictKind {
    /// Whether the law leaves no choice: a near relative or an interest always recuses.
    pub const fn always_recuses(self) -> bool {
        matches!(self, Self::Relative | Self::Interest)
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

/// Whether `subject` is recused.
pub fn is_recused(conflicts: &[Conflict], subject: &str) -> bool {
    conflicts.iter().any(|conflict| conflict.subject == subject && conflict.recused)
}
