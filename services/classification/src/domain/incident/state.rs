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
/// How long a tenant's complaints are counted before numbers alone confirm anything: a day, so that each hour of it is known.
/// Before that every busy subject looks like a spike.
const LEARNT_MINUTES: i64 = 1_440;
/// A confirmed incident that nobody has joined for a day is handled.
pub const HANDLED_MINUTES: i64 = 1_440;

/// Whether so many members confirm an incident without a person, `known` minutes after the tenant's first complaint.
pub const fn leaves_no_doubt(members: i64, known: i64) -> bool {
    members >= BEYOND_DOUBT && known >= LEARNT_MINUTES
}

/// What an incident becomes by itself that nobody has joined for `quiet` minutes; nothing if it goes on.
pub const fn quiet_becomes(state: IncidentState, quiet: i64) -> Option<IncidentState> {
    match state {
        // A minute more than it takes anybody up, for minutes are cut.
        IncidentState::Suspected if quiet > super::QUIET_MINUTES + 1 => Some(IncidentState::Dissolved),
        IncidentState::Confirmed if quiet > HANDLED_MINUTES => Some(IncidentState::Handled),
        IncidentState::Suspected
        | IncidentState::Confirmed
        | IncidentState::Handled
        | IncidentState::Dissolved => None,
    }
}
