//! The regions beside the main one. They move independently of it and of each other, each with its own version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use redress_domain::coded_enum;

/// A region's value and how often it has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region<T> {
    value: T,
    version: u32,
}

impl<T: PartialEq> Region<T> {
    /// The value.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// The number of changes so far.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Sets the value; the same value again is no change.
    pub(super) fn set(&mut self, value: T) {
        if self.value != value {
            self.value = value;
            self.version = self.version.saturating_add(1);
        }
    }
}

/// Who has the case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "assignment", rename_all = "snake_case")]
pub enum Assignment {
    /// Nobody.
    #[default]
    Unassigned,
    /// Offered, not yet taken.
    Offered {
        /// To whom.
        to: String,
    },
    /// Taken.
    Accepted {
        /// By whom.
        by: String,
    },
}

coded_enum! {
    /// Whom a case may wait for. Clocks pause from this (and from suspension), never from a free-text status.
    Awaited {
        /// The complainant.
        Complainant = "complainant",
        /// The side complained of.
        Respondent = "respondent",
        /// Carrier, courier or warehouse.
        Carrier = "carrier",
        /// A testing body (L07).
        Lab = "lab",
        /// Another department.
        Internal = "internal",
        /// An outside body.
        Authority = "authority",
    }
}

/// Whom the case waits for, with the number of things asked of each: two requests to one party need two answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WaitingOn(BTreeMap<Awaited, u16>);

impl WaitingOn {
    /// Whether anything is open with `party`.
    pub fn contains(&self, party: Awaited) -> bool {
        self.0.contains_key(&party)
    }

    /// Everyone with whom something is open, in the order of [`Awaited`].
    pub fn parties(&self) -> impl Iterator<Item = Awaited> + '_ {
        self.0.keys().copied()
    }

    /// One thing more is asked of `party`.
    #[must_use]
    pub(super) fn asked(mut self, party: Awaited) -> Self {
        let open = self.0.entry(party).or_default();
        *open = open.saturating_add(1);
        self
    }

    /// One thing less is asked of `party`; an answer to nothing changes nothing.
    #[must_use]
    pub(super) fn answered(mut self, party: Awaited) -> Self {
        match self.0.get_mut(&party) {
            Some(open) if *open > 1 => *open -= 1,
            _ => drop(self.0.remove(&party)),
        }
        self
    }
}

/// How high a case stands: 0 at the handler, 4 at senior management.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Level(u8);

impl Level {
    /// The number, 0 to 4.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The level above, if there is one.
    pub const fn next(self) -> Option<Self> {
        if self.0 < 4 { Some(Self(self.0 + 1)) } else { None }
    }
}

impl TryFrom<u8> for Level {
    type Error = String;
    fn try_from(number: u8) -> Result<Self, String> {
        if number <= 4 {
            Ok(Self(number))
        } else {
            Err(format!("an escalation level is 0 to 4, not {number}"))
        }
    }
}

impl From<Level> for u8 {
    fn from(level: Level) -> Self {
        level.0
    }
}

/// The regions of one complaint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regions {
    /// Who has the case.
    pub assignment: Region<Assignment>,
    /// Whom the case waits for.
    pub waiting_on: Region<WaitingOn>,
    /// How high the case stands.
    pub escalation: Region<Level>,
}
