//! The clocks of a case: a pure function of the facts heard about it.
//!
//! Facts are put into one order first, so it does not matter in which order topics are read, how often an event is
//! delivered, or whether everything is read again. Refused: moving stored clocks event by event (their state would depend
//! on the order of topics, and a repaired policy could never be applied to what was heard before).

mod attributes;
mod calendars;
mod order;
mod pauses;
mod reckon;
mod run;
mod runs;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::TenantId;
use thiserror::Error;
use uuid::Uuid;

pub use attributes::attributes;
pub use calendars::{BuiltinCalendars, Calendars};
pub use order::ordered;

use super::calendar::BeyondHorizon;
use super::engine::Due;
use super::fact::{Fact, FactRef};
use super::policy::{Policy, Scope};
use super::time_limit::TimeLimit;

/// A calendar and its version.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CalendarPin {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
}

/// More time that was granted to a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension {
    /// The clock.
    pub clock: Uuid,
    /// How much of the clock's unit, 1 or more.
    pub amount: i64,
}

/// All that is known of a case's clocks.
#[derive(Debug, Clone, Copy)]
pub struct CaseFacts<'a> {
    /// Whose case.
    pub tenant: &'a TenantId,
    /// The case.
    pub complaint_id: Uuid,
    /// What was heard, in any order; none twice.
    pub facts: &'a [Fact],
    /// What was granted.
    pub extensions: &'a [Extension],
    /// What clocks were computed with before: it stays until the pin is taken out.
    pub pinned: &'a BTreeMap<Uuid, Pin>,
}

/// What a clock goes on to be computed with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pin {
    /// The calendar's version; none for the newest.
    pub calendar: Option<CalendarPin>,
    /// The policy's version; none for the one in effect at its start.
    pub policy: Option<u32>,
}

/// Which policy holds when.
pub trait Policies {
    /// The policy that is in effect at `at`; a clock keeps the one of its start.
    fn effective(&self, at: Timestamp) -> Arc<Policy>;

    /// The policy of that version, if there is one.
    fn of_version(&self, version: u32) -> Option<Arc<Policy>>;
}

impl Policies for Arc<Policy> {
    fn effective(&self, _: Timestamp) -> Arc<Policy> {
        Self::clone(self)
    }

    fn of_version(&self, version: u32) -> Option<Arc<Policy>> {
        (Policy::version(self) == version).then(|| Self::clone(self))
    }
}

/// Why the clocks of a case cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// A policy names a calendar that nobody has published.
    #[error("there is no calendar `{id}`")]
    UnknownCalendar {
        /// The calendar.
        id: String,
    },
    /// A calendar without working hours is to count some.
    #[error("the calendar `{id}` has no working hours")]
    NoHours {
        /// The calendar.
        id: String,
    },
    /// A deadline would lie beyond all calendars.
    #[error(transparent)]
    BeyondHorizon(#[from] BeyondHorizon),
}

/// A due instant that was announced to a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// By which event.
    pub by: FactRef,
    /// Until when, as it was announced.
    pub until: Timestamp,
}

/// Where a clock stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It counts.
    Running,
    /// It stands still.
    Paused {
        /// Why, as a code.
        reason: String,
    },
    /// What stops it has happened, in time or late.
    Met {
        /// When.
        at: Timestamp,
    },
    /// It is not needed any more.
    Cancelled {
        /// When that became clear.
        at: Timestamp,
        /// Why, as a code.
        reason: String,
    },
}

/// A clock of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a clock, each asked by its name")]
pub struct Clock {
    /// Its identity: follows from tenant, case, definition, subject and the fact that started it.
    pub id: Uuid,
    /// Its definition, for example `C13`.
    pub definition: String,
    /// The definition's version.
    pub definition_version: u32,
    /// The version of the policy that it runs under.
    pub policy_version: u32,
    /// The variant that was chosen; empty for the definition's own terms.
    pub variant: String,
    /// What within the case it runs for; empty for the case.
    pub subject: String,
    /// Whom it belongs to.
    pub scope: Scope,
    /// Whether it is a time in which a party may act and owes nothing.
    pub window: bool,
    /// Whether the parties are owed word before it is late (F066).
    pub owes_notice: bool,
    /// When they were first told that it takes longer.
    pub notified_at: Option<Timestamp>,
    /// From when it counts.
    pub started_at: Timestamp,
    /// What started it.
    pub started_by: FactRef,
    /// What changed its course last: an announcement, a pause's begin or end, its end; else what started it.
    pub changed_by: FactRef,
    /// When that was.
    pub changed_at: Timestamp,
    /// The facts of its deadline; of an announced one only the start counts.
    pub limit: TimeLimit,
    /// In which calendar it counts; none for elapsed time and for announced instants.
    pub calendar: Option<CalendarPin>,
    /// When it is due; none while an open pause stands in the way.
    pub due: Option<Due>,
    /// Whether a plan that is not yet published may move it.
    pub provisional: bool,
    /// Whether its due instant was announced to a party and is therefore not computed, but at the most put off by pauses.
    pub announced: bool,
    /// What was announced, also where stricter terms decide.
    pub promise: Option<Promise>,
    /// Whether its cap decides.
    pub capped: bool,
    /// When which share (1 to 99 percent) has passed, ascending; none while an open pause stands in the way.
    pub thresholds: Vec<(u8, Option<Timestamp>)>,
    /// Where it stands.
    pub state: State,
}

impl Clock {
    /// When it is due.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.due.map(|due| due.at)
    }

    /// Whether what stops it happened after it was due; at the due instant is in time (D1).
    pub fn is_after_due(&self) -> bool {
        matches!((&self.state, self.due_at()), (State::Met { at }, Some(due)) if *at > due)
    }

    /// The same for what is owed: nobody is late in a window.
    pub fn is_late(&self) -> bool {
        !self.window && self.is_after_due()
    }

    /// The due instant that had been missed when it became needless. What is owed was not done by its due instant, so that
    /// what makes it needless comes too late at that very instant: a party that lapses does so at it.
    pub fn missed(&self) -> Option<Timestamp> {
        let State::Cancelled { at, .. } = &self.state else { return None };
        self.due_at().filter(|due| due <= at)
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Met { .. } | State::Cancelled { .. })
    }
}

/// The clocks of a case, running and ended, in the order of their starts.
///
/// # Errors
/// If a calendar is unknown or cannot answer.
pub fn course(
    case: &CaseFacts<'_>,
    policies: &dyn Policies,
    calendars: &dyn Calendars,
) -> Result<Vec<Clock>, Fault> {
    let timeline = runs::timeline(case.facts, policies);
    let runs = runs::follow(case, policies, &timeline);
    runs.iter().map(|run| reckon::clock(case, &timeline, run, calendars)).collect()
}

/// Whether a case of which `facts` were heard has ended, and was not taken up again. Rights may live on in it.
pub fn has_ended(facts: &[Fact], policies: &dyn Policies) -> bool {
    runs::has_ended(&runs::timeline(facts, policies))
}

/// Which clock it is: it follows from what started it, not from the rules it runs under.
fn clock_id(case: &CaseFacts<'_>, definition: &str, subject: &str, start: &Fact) -> Uuid {
    redress_domain::derived_id(
        "redress/clock/1",
        &[
            case.tenant.as_str().as_bytes(),
            case.complaint_id.as_bytes(),
            definition.as_bytes(),
            subject.as_bytes(),
            start.topic.as_bytes(),
            &start.version.to_be_bytes(),
        ],
    )
}
