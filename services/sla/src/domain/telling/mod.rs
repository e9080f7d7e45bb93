//! What is told outside of a clock: the one thing about clocks that is state.
//!
//! [`compare`] holds a computed clock against what was told of it and gives the events that make up the difference;
//! [`fire`] says what the passing of time alone makes due.

mod compare;
mod fire;

use jiff::Timestamp;
use redress_domain::coded_enum;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use compare::{compare, vanished};
pub use fire::{Breach, Firing, Warning, fire};

use super::course::CalendarPin;
use super::fact::FactRef;

/// From which share on the parties are owed word, in percent (F066).
const NOTICE_OWED_FROM: u8 = 80;

coded_enum! {
    /// Where a clock stands as far as it was told.
    ToldState {
        /// It counts.
        Running = "running",
        /// It stands still.
        Paused = "paused",
        /// What stops it has happened.
        Met = "met",
        /// It is not needed any more.
        Cancelled = "cancelled",
    }
}

coded_enum! {
    /// What became of a threshold.
    Mark {
        /// Its instant has not come, or nobody has noticed.
        Waiting = "waiting",
        /// It was warned of.
        Warned = "warned",
        /// It had passed when a higher one was warned of, or the clock ended or was breached before.
        Passed = "passed",
    }
}

/// A share of a clock's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threshold {
    /// The share, 1 to 99 percent.
    pub percent: u8,
    /// When it has passed; none while an open pause stands in the way.
    pub at: Option<Timestamp>,
    /// What became of it.
    pub mark: Mark,
}

/// What the store keeps of a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a clock, each asked by its name")]
pub struct Told {
    /// The clock.
    pub clock_id: Uuid,
    /// Its definition.
    pub definition: String,
    /// The definition's version.
    pub definition_version: u32,
    /// What within the case it runs for; empty for the case.
    pub subject: String,
    /// The version of the policy that it runs under.
    pub policy_version: u32,
    /// The variant that was chosen; empty for the definition's own terms.
    pub variant: String,
    /// Whether it is a time in which a party may act and owes nothing: it lapses, and is not breached.
    #[serde(default)]
    pub window: bool,
    /// Whether the parties are owed word before it is late (F066).
    #[serde(default)]
    pub owes_notice: bool,
    /// When they were first told that it takes longer.
    #[serde(default)]
    pub notified_at: Option<Timestamp>,
    /// From when it counts.
    pub started_at: Timestamp,
    /// Where it stands.
    pub state: ToldState,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// Whether a plan that is not yet published may move it.
    pub provisional: bool,
    /// Whether its due instant was announced and not computed.
    pub announced: bool,
    /// With which calendar it was computed.
    pub calendar: Option<CalendarPin>,
    /// The sum of the extensions that it was computed with.
    pub extension: i64,
    /// How often it was set anew.
    pub generation: u32,
    /// Its thresholds, ascending.
    pub thresholds: Vec<Threshold>,
    /// The due instant for which a breach was declared, or after which it was met.
    pub breached_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it was cancelled, as a code; none for one that was not, and for what was kept by an earlier version.
    #[serde(default)]
    pub end_reason: Option<String>,
    /// Whether it became needless when it had been missed, and no breach was declared yet.
    #[serde(default)]
    pub to_judge: bool,
    /// When the passing of time alone makes something due; none if nothing does.
    pub next_at: Option<Timestamp>,
}

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// When it happened.
    pub at: Timestamp,
    /// The event that it follows from; none where no event did it (an extension, a new calendar).
    pub cause: Option<FactRef>,
    /// What.
    pub what: What,
}

/// What is told of a clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It runs.
    Started {
        /// From when it counts.
        started_at: Timestamp,
        /// When it is due.
        due_at: Option<Timestamp>,
        /// Whether a plan that is not yet published may move it.
        provisional: bool,
        /// Whether its due instant was announced and not computed.
        announced: bool,
        /// In which calendar it counts.
        calendar: Option<CalendarPin>,
    },
    /// It stands still.
    Paused {
        /// Why, as a code.
        reason: String,
    },
    /// It goes on.
    Resumed {
        /// When it is due.
        due_at: Option<Timestamp>,
        /// Whether a plan that is not yet published may move it.
        provisional: bool,
    },
    /// What stops it has happened.
    Met {
        /// When it was due.
        due_at: Option<Timestamp>,
        /// Whether that was after its due instant, also if no breach had been told.
        after_breach: bool,
        /// Whether it replaces another end, or a breach or lateness that was none.
        corrects: bool,
    },
    /// It is not needed any more.
    Cancelled {
        /// Why, as a code.
        reason: String,
        /// Whether it replaces another end, or a breach that was none.
        corrects: bool,
    },
    /// Its deadline is another.
    Recalculated {
        /// Before.
        old_due_at: Option<Timestamp>,
        /// From now on.
        new_due_at: Option<Timestamp>,
        /// Why: `extension`, `calendar`, `policy`, `assessment`, `announced` or `pause`.
        reason: &'static str,
    },
}

impl Told {
    /// The shares that were warned of, in percent, ascending.
    pub fn warned(&self) -> Vec<u8> {
        self.thresholds.iter().filter(|t| t.mark == Mark::Warned).map(|t| t.percent).collect()
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        matches!(self.state, ToldState::Met | ToldState::Cancelled)
    }

    /// Since when the parties are owed word that it takes longer: most of its time has passed, and nothing was sent.
    pub fn notice_owed_since(&self) -> Option<Timestamp> {
        if !self.owes_notice || self.is_over() || self.notified_at.is_some() {
            return None;
        }
        let passed = |t: &&Threshold| t.percent >= NOTICE_OWED_FROM && t.mark != Mark::Waiting;
        let share = self.thresholds.iter().find(passed).and_then(|threshold| threshold.at);
        share.or(self.breached_at)
    }

    /// When the passing of time alone makes something due: the next threshold, or the breach.
    fn next(&self) -> Option<Timestamp> {
        if self.breached_at.is_some() {
            return None;
        }
        if self.is_over() {
            return self.due_at.filter(|_| self.to_judge);
        }
        let waiting = self.thresholds.iter().filter(|t| t.mark == Mark::Waiting);
        waiting.filter_map(|t| t.at).chain(self.due_at).min()
    }
}
