//! Incidents: many complaints with one cause, found by numbers (F107, F170).
//!
//! A complaint names up to five subjects: live room, anchor, unit, merchant, carrier. For each subject and each matter
//! (category with sub-category) a [`Rate`] counts the last minutes against the subject's own baseline. When a window is
//! far above it, an incident is suspected, and what follows about the same matter joins it. Another matter of the same
//! room has another rate and stays out; a near text joins although it was labelled otherwise.
//!
//! A complaint belongs to one incident at most. Subjects are asked in the order of [`Dimension`], from the narrowest
//! cause to the widest: a room's spike is the room's, and what it explains is taken out of the rates of its anchor,
//! unit, merchant and carrier, so that one cause makes one incident.
//!
//! Minutes are those of receipt, so a backlog or a replay finds what was found before. Cost per complaint is constant:
//! a window is a fixed array, and a batch reads and writes each rate once.
//!
//! An incident ends by itself: a suspected one that nobody joins any more is dissolved, a confirmed one is handled after a
//! day without a new member. What comes late counts for the time when it was received.
//!
//! Refused: clustering of texts (its cost grows with the spike, and nobody can check why two texts met); a fixed limit
//! per room (a large room always exceeds it, a small one never).

mod dimension;
mod gathering;
mod rate;
mod state;
#[cfg(test)]
mod tests;

pub use dimension::{Dimension, Subjects};
pub use gathering::{Complaint, Gathering, Incident, Opened, Placed, QUIET_MINUTES, RateKey};
use rate::WINDOW;
pub use rate::{Evidence, KEPT, Rate, WINDOW_MINUTES};
pub use state::{HANDLED_MINUTES, IncidentState, leaves_no_doubt, may_become, quiet_becomes};
