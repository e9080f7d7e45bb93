//! Who may take an escalation up: whoever is called, and nobody in their own matter (F169).

use super::Trigger;
use crate::domain::fact::Fact;

/// The lowest level that is a supervisor's.
const SUPERVISORS: u8 = 2;

/// Somebody who would take an escalation up.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The subject of their token.
    pub subject: &'a str,
    /// Whether they lead handlers.
    pub is_supervisor: bool,
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody higher is called.
    HigherLevel,
    /// They have, or had, the case themselves.
    OwnCase,
}

impl Refusal {
    /// As callers are told.
    pub fn code(self) -> &'static str {
        match self {
            Self::HigherLevel => "ESCALATION_NEEDS_SUPERVISOR",
            Self::OwnCase => "ESCALATION_OF_OWN_CASE",
        }
    }

    /// The same in words.
    pub fn message(self) -> &'static str {
        match self {
            Self::HigherLevel => "this level is taken up by a supervisor",
            Self::OwnCase => "whoever has or had the case does not take its escalations up",
        }
    }
}

/// Who took the case, as far as is known: each of them, also those who gave it back.
pub fn handlers(facts: &[Fact]) -> impl Iterator<Item = &str> {
    facts.iter().filter(|fact| fact.event == "AssignmentAccepted").map(|fact| fact.text("handler"))
}

/// Whether `caller` may take up a ticket of `level` that `trigger` made, in a case that `handlers` had.
///
/// A complaint over the handler's head goes to somebody outside of the handler's line; of that line it is known here who had
/// the case.
///
/// # Errors
/// Why not.
pub fn may_take_up<'h>(
    trigger: Trigger,
    level: u8,
    caller: Caller<'_>,
    mut handlers: impl Iterator<Item = &'h str>,
) -> Result<(), Refusal> {
    if (level >= SUPERVISORS || trigger == Trigger::OverTheHead) && !caller.is_supervisor {
        return Err(Refusal::HigherLevel);
    }
    if handlers.any(|handler| handler == caller.subject) {
        return Err(Refusal::OwnCase);
    }
    Ok(())
}
