//! Who may take an escalation up: whoever is called, and nobody in their own matter (F169, G58).
//!
//! Every level is one of people who lead handlers, so that none is taken up by a colleague of the handler's. Of those above
//! the first a token tells no rank: that the one who takes a call up stands above those who had to do with it before is told
//! by who these were.

use super::{HIGHEST, Trigger};
use crate::domain::fact::Fact;

/// The lowest level that does not judge what it has granted itself.
const JUDGES: u8 = 3;

/// Somebody who would take an escalation up.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The subject of their token.
    pub subject: &'a str,
    /// Whether they lead handlers.
    pub is_supervisor: bool,
}

/// Who had to do with a case, by the subjects of their tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// Who took it, also those who gave it back.
    pub handlers: Vec<String>,
    /// Who took its calls up, and of which level.
    pub took_up: Vec<(String, u8)>,
    /// Who decided on more time for it.
    pub decided: Vec<String>,
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// They lead nobody.
    NeedsSupervisor,
    /// They have, or had, the case themselves.
    OwnCase,
    /// They are in the line that is passed over, or below who is called.
    OwnLine,
}

impl Refusal {
    /// As callers are told.
    pub fn code(self) -> &'static str {
        match self {
            Self::NeedsSupervisor => "ESCALATION_NEEDS_SUPERVISOR",
            Self::OwnCase => "ESCALATION_OF_OWN_CASE",
            Self::OwnLine => "ESCALATION_OF_OWN_LINE",
        }
    }

    /// The same in words.
    pub fn message(self) -> &'static str {
        match self {
            Self::NeedsSupervisor => "an escalation is taken up by a supervisor",
            Self::OwnCase => "whoever has or had the case does not take its escalations up",
            Self::OwnLine => {
                "whoever took a lower call of the case up, or decided on its time, does not take this one up"
            }
        }
    }
}

impl Line {
    /// Who took the case, as far as is known.
    pub fn handlers(facts: &[Fact]) -> Vec<String> {
        let accepted = facts.iter().filter(|fact| fact.event == "AssignmentAccepted");
        accepted.map(|fact| fact.text("handler").to_owned()).collect()
    }

    fn took_up_below(&self, subject: &str, level: u8) -> bool {
        self.took_up.iter().any(|(other, taken)| other == subject && *taken < level)
    }
}

/// Whether `caller` may take up a ticket of `level` that `trigger` made, in a case that `line` had to do with.
///
/// A complaint over the handler's head goes to somebody who had nothing to do with the case: neither as its handler, nor by
/// taking any call of it up, nor by deciding on its time. Else a call is refused to whoever took a lower one up, for it went
/// higher than them; and from the third level on to whoever decided on more time, which is what that level judges.
///
/// # Errors
/// Why not.
pub fn may_take_up(trigger: Trigger, level: u8, caller: Caller<'_>, line: &Line) -> Result<(), Refusal> {
    if !caller.is_supervisor {
        return Err(Refusal::NeedsSupervisor);
    }
    if line.handlers.iter().any(|handler| handler == caller.subject) {
        return Err(Refusal::OwnCase);
    }
    let over_the_head = trigger == Trigger::OverTheHead;
    let below = if over_the_head { HIGHEST + 1 } else { level };
    let decided = line.decided.iter().any(|other| other == caller.subject);
    if line.took_up_below(caller.subject, below) || (decided && (over_the_head || level >= JUDGES)) {
        return Err(Refusal::OwnLine);
    }
    Ok(())
}
