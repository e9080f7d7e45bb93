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
