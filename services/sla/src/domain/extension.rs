//! More time: asked for by one person, decided by another, never past the cap (F068, C14).
//!
//! The arithmetic of an extension is the engine's (D12); here stands who may ask for one, who may decide, and when it is
//! too late.

use jiff::Timestamp;
use redress_domain::coded_enum;

use super::course::Clock;
use super::policy::Definition;
use super::telling::Told;

coded_enum! {
    /// Why a clock gets no more time.
    Refusal {
        /// It has ended.
        ClockIsOver = "CLOCK_IS_OVER",
        /// It was due, so that nobody could be told of another instant before (G43).
        AfterDue = "EXTENSION_AFTER_DUE",
        /// Its rule grants none, or its instant was announced by somebody else.
        NotAllowed = "EXTENSION_NOT_ALLOWED",
        /// Another request for it waits for its decision.
        Pending = "EXTENSION_PENDING",
        /// It would pass the limit that no extension passes.
        PastCap = "EXTENSION_PAST_CAP",
        /// The request was decided before.
        Decided = "EXTENSION_DECIDED",
        /// Who asked must not decide.
        BySamePerson = "EXTENSION_BY_SAME_PERSON",
    }
}

impl Refusal {
    /// The same for people.
    pub fn message(self) -> &'static str {
        match self {
            Self::ClockIsOver => "the clock has ended",
            Self::AfterDue => "the clock was due already",
            Self::NotAllowed => "the rule of the clock grants no more time",
            Self::Pending => "another request for this clock waits for its decision",
            Self::PastCap => "the clock would pass the limit that no extension passes",
            Self::Decided => "the request was decided before",
            Self::BySamePerson => "another person decides than the one who asked",
        }
    }
}

/// Whether the clock can be given more time at `now`; asked both when it is requested and when it is decided.
pub fn may_have_more(told: &Told, rule: Option<&Definition>, now: Timestamp) -> Result<(), Refusal> {
    if told.is_over() {
        return Err(Refusal::ClockIsOver);
    }
    // What is granted at the due instant is told after it.
    if told.breached_at.is_some() || told.due_at.is_some_and(|due| due <= now) {
        return Err(Refusal::AfterDue);
    }
    if told.announced || !rule.is_some_and(|rule| rule.extendable) {
        return Err(Refusal::NotAllowed);
    }
    Ok(())
}

/// Whether the clock, computed with the extension, stays within its cap.
pub fn within_cap(with: &Clock) -> Result<(), Refusal> {
    if with.capped { Err(Refusal::PastCap) } else { Ok(()) }
}

/// Whether `decider` may decide what `requester` asked for; both are subjects of tokens.
pub fn may_decide(decided: bool, requester: &str, decider: &str) -> Result<(), Refusal> {
    if decided {
        Err(Refusal::Decided)
    } else if requester == decider {
        Err(Refusal::BySamePerson)
    } else {
        Ok(())
    }
}
