//! What the passing of time alone makes due.

use jiff::{SignedDuration, Timestamp};

use super::{Mark, Told};

/// A breach that is noticed later than this is told as late.
const LATE: SignedDuration = SignedDuration::from_secs(60);

/// A threshold to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warning {
    /// The share, in percent: the highest that has passed.
    pub percent: u8,
    /// When it had passed.
    pub at: Timestamp,
    /// When the clock is due.
    pub due_at: Option<Timestamp>,
}

/// A breach to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is told by its own name")]
pub struct Breach {
    /// When it was due.
    pub due_at: Timestamp,
    /// The shares that were warned of before, in percent.
    pub warned: Vec<u8>,
    /// Whether it is noticed more than a minute after it was due.
    pub late: bool,
    /// Whether the clock is a window that passed unused: it lapses, and nobody was late.
    pub lapsed: bool,
    /// Whether the clock is over: nobody need be called for it.
    pub is_over: bool,
    /// Whether the parties were owed word that it takes longer, and had none (F066).
    pub unannounced: bool,
}

/// What becomes of a clock by the passing of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// What is told of it from now on.
    pub told: Told,
    /// To be told first.
    pub warning: Option<Warning>,
    /// To be told then.
    pub breach: Option<Breach>,
    /// Whether it is due and waits for what may still have stopped it in time to be read up to the due instant.
    pub waits: bool,
}

/// What is due of a clock at `now`, when everything that could stop it has been applied up to `applied_through`.
///
/// Warnings wait for nothing; a breach waits for the watermark, so that a stop which happened in time and is read late is
/// never told as a breach. A clock that became needless when it had been missed waits for it too: nothing that was read
/// later may show that it was not.
pub fn fire(told: &Told, now: Timestamp, applied_through: Option<Timestamp>) -> Firing {
    let mut told = told.clone();
    if (told.is_over() && !told.to_judge) || told.breached_at.is_some() {
        told.next_at = None;
        return Firing { told, warning: None, breach: None, waits: false };
    }
    let is_over = told.is_over();
    let warning = if is_over { None } else { warn(&mut told, now) };
    let due = told.due_at.filter(|due| *due <= now);
    let read = |due: &Timestamp| applied_through.is_some_and(|through| *due <= through);
    let breach = due.filter(read).map(|due_at| {
        told.breached_at = Some(due_at);
        told.to_judge = false;
        Breach {
            due_at,
            warned: told.warned(),
            late: now.duration_since(due_at) > LATE,
            lapsed: told.window,
            is_over,
            unannounced: told.owes_notice && told.notified_at.is_none(),
        }
    });
    let waits = due.is_some() && breach.is_none();
    told.next_at = told.next();
    Firing { told, warning, breach, waits }
}

fn warn(told: &mut Told, now: Timestamp) -> Option<Warning> {
    let due_at = told.due_at;
    let mut passed: Vec<_> = told
        .thresholds
        .iter_mut()
        .filter(|threshold| threshold.mark == Mark::Waiting && threshold.at.is_some_and(|at| at <= now))
        .collect();
    let highest = passed.iter().map(|threshold| threshold.percent).max()?;
    let mut warning = None;
    for threshold in &mut passed {
        threshold.mark = if threshold.percent == highest { Mark::Warned } else { Mark::Passed };
        if let (Mark::Warned, Some(at)) = (threshold.mark, threshold.at) {
            warning = Some(Warning { percent: highest, at, due_at });
        }
    }
    warning
}
