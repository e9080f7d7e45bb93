use redress_domain::coded_enum;

coded_enum! {
    /// Where an incident stands.
    IncidentState {
        /// The numbers say so.
        Suspected = "suspected",
        /// A person says so, or the numbers leave no doubt.
        Confirmed = "confirmed",
        /// It is handled.
        Handled = "handled",
        /// It is none after all, or over.
        Dissolved = "dissolved",
    }
}

/// Whether an incident may go from one state to another. Dissolving is final: the same cause again is another incident.
pub const fn may_become(from: IncidentState, to: IncidentState) -> bool {
    use IncidentState::{Confirmed, Dissolved, Handled, Suspected};
    matches!(
        (from, to),
        (Suspected, Confirmed | Dissolved) | (Confirmed, Handled | Dissolved) | (Handled, Dissolved)
    )
}

/// From so many members on the numbers leave no doubt: ten times what makes an incident suspected.
const BEYOND_DOUBT: i64 = 200;

/// Whether so many members confirm an incident without a person.
pub const fn leaves_no_doubt(members: i64) -> bool {
    members >= BEYOND_DOUBT
}
