//! The form in which a lifecycle is stored: JSON beside a column with the state's code, which can be filtered.
//!
//! What is read back is checked, so that a row changed by hand is noticed where it is read and not three steps later.

use redress_domain::ComplaintId;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Lifecycle;
use super::regions::Regions;
use super::state::{State, StateKind};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    complaint: ComplaintId,
    state: State,
    version: u32,
    /// Left out until something has happened in them: most rows are young.
    #[serde(default, skip_serializing_if = "Regions::is_untouched")]
    regions: Regions,
}

/// What was stored is no lifecycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CorruptLifecycle {
    /// Registration is the first event.
    #[error("a lifecycle has at least one event")]
    NoEvents,
    /// A complaint would return from `state` to where it cannot have come from.
    #[error("state `{state}` cannot have followed `{former}`")]
    Nesting {
        /// The outer state.
        state: StateKind,
        /// The state inside.
        former: StateKind,
    },
}

impl From<Lifecycle> for Stored {
    fn from(life: Lifecycle) -> Self {
        Self { complaint: life.complaint, state: life.state, version: life.version, regions: life.regions }
    }
}

impl TryFrom<Stored> for Lifecycle {
    type Error = CorruptLifecycle;
    fn try_from(stored: Stored) -> Result<Self, CorruptLifecycle> {
        let Stored { complaint, state, version, regions } = stored;
        if version == 0 {
            return Err(CorruptLifecycle::NoEvents);
        }
        check_nesting(&state)?;
        Ok(Self { complaint, state, version, regions })
    }
}

fn check_nesting(state: &State) -> Result<(), CorruptLifecycle> {
    let (State::Merged { former, .. } | State::Suspended { former, .. }) = state else { return Ok(()) };
    let inside = former.kind();
    let twice_suspended = state.kind() == StateKind::Suspended && inside == StateKind::Suspended;
    if inside.is_terminal() || twice_suspended {
        return Err(CorruptLifecycle::Nesting { state: state.kind(), former: inside });
    }
    check_nesting(former)
}

impl Regions {
    fn is_untouched(&self) -> bool {
        *self == Self::default()
    }
}
