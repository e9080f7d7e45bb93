//! The difference between a computed clock and what was told of it.

use jiff::Timestamp;

use super::{Mark, Telling, Threshold, Told, ToldState, What};
use crate::domain::course::{Clock, State};
use crate::domain::fact::FactRef;

/// What is told of the clock from now on, and what is to be told, in order. Nothing for a clock that has not changed.
pub fn compare(before: Option<&Told>, now: &Clock) -> (Told, Vec<Telling>) {
    let mut told = told(now, before);
    let mut tellings = Vec::new();
    match before {
        None => {
            tellings.push(started(now));
            follow_state(&told, None, now, &mut tellings);
        }
        // An ending is final, also if what comes to light later would have ended the clock another way; but nobody is left
        // with a lateness that was none.
        Some(before) if before.is_over() && now.is_over() => {
            let ended_and_due = before.ended_at.zip(before.due_at);
            let was_late = before.state == ToldState::Met && ended_and_due.is_some_and(|(at, due)| at > due);
            if !(was_late && matches!(now.state, State::Met { .. }) && !now.is_late()) {
                return (before.clone(), tellings);
            }
            tellings.push(met(now, &told, true));
        }
        Some(before) => {
            moved(before, now, &told, &mut tellings);
            follow_state(&told, Some(before), now, &mut tellings);
        }
    }
    told.next_at = told.next();
    (told, tellings)
}

/// The same for a clock that was told of and is none any more: what came to light later shows that it never ran.
pub fn vanished(before: &Told, at: Timestamp) -> Option<(Told, Telling)> {
    let told = Told { state: ToldState::Cancelled, ended_at: Some(at), next_at: None, ..before.clone() };
    let what = What::Cancelled { reason: "superseded".to_owned() };
    (!before.is_over()).then_some((told, Telling { at, cause: None, what }))
}

fn told(now: &Clock, before: Option<&Told>) -> Told {
    let (state, ended_at) = match now.state {
        State::Running => (ToldState::Running, None),
        State::Paused { .. } => (ToldState::Paused, None),
        State::Met { at } => (ToldState::Met, Some(at)),
        State::Cancelled { at, .. } => (ToldState::Cancelled, Some(at)),
    };
    let mut told = Told {
        clock_id: now.id,
        definition: now.definition.clone(),
        definition_version: now.definition_version,
        subject: now.subject.clone(),
        policy_version: now.policy_version,
        variant: now.variant.clone(),
        started_at: now.started_at,
        state,
        due_at: now.due_at(),
        provisional: now.provisional,
        announced: now.announced,
        calendar: now.calendar.clone(),
        extension: now.limit.extension,
        generation: before.map_or(0, |before| before.generation),
        thresholds: thresholds(now, before, ended_at),
        breached_at: before.and_then(|before| before.breached_at),
        ended_at,
        next_at: None,
    };
    if before.is_some_and(|before| instants(before) != instants(&told)) {
        told.generation += 1;
    }
    told
}

/// What a timer was set by.
fn instants(told: &Told) -> (Option<Timestamp>, Vec<(u8, Option<Timestamp>)>) {
    (told.due_at, told.thresholds.iter().map(|threshold| (threshold.percent, threshold.at)).collect())
}

/// What fired stays fired, whatever its instant is now; of a clock that is over nothing waits.
fn thresholds(now: &Clock, before: Option<&Told>, ended_at: Option<Timestamp>) -> Vec<Threshold> {
    let earlier = before.map_or(&[][..], |before| before.thresholds.as_slice());
    let kept = |percent| earlier.iter().find(|threshold| threshold.percent == percent);
    // What only the end of the clock let pass waits again if that end turns out to have been none.
    let was_over = before.is_some_and(Told::is_over);
    let fired = |threshold: &&Threshold| match threshold.mark {
        Mark::Waiting => false,
        Mark::Warned => true,
        Mark::Passed => !was_over,
    };
    let computed = now.thresholds.iter().map(|(percent, at)| match kept(*percent).filter(fired) {
        Some(fired) => *fired,
        None => Threshold {
            percent: *percent,
            at: *at,
            mark: if ended_at.is_some() { Mark::Passed } else { Mark::Waiting },
        },
    });
    // A variant may have other thresholds; those that were told of are kept beside them.
    let other = earlier.iter().filter(fired).filter(|t| now.thresholds.iter().all(|(p, _)| *p != t.percent));
    let mut all: Vec<Threshold> = computed.chain(other.copied()).collect();
    all.sort_unstable_by_key(|threshold| threshold.percent);
    all
}

fn started(now: &Clock) -> Telling {
    // A clock that has ended was due when it was due; one that is paused has no deadline yet.
    let what = What::Started {
        started_at: now.started_at,
        due_at: now.due_at(),
        provisional: now.provisional,
        announced: now.announced,
        calendar: now.calendar.clone(),
    };
    Telling { at: now.started_at, cause: Some(now.started_by.clone()), what }
}

/// The deadline moved otherwise than by the begin or the end of a pause.
fn moved(before: &Told, now: &Clock, told: &Told, tellings: &mut Vec<Telling>) {
    let stays = before.state == told.state && told.state == ToldState::Running;
    if !stays || before.due_at == told.due_at {
        return;
    }
    let (reason, cause) = reason(before, now);
    let what = What::Recalculated { old_due_at: before.due_at, new_due_at: told.due_at, reason };
    tellings.push(Telling { at: now.changed_at, cause, what });
}

fn reason(before: &Told, now: &Clock) -> (&'static str, Option<FactRef>) {
    let by_fact = Some(now.changed_by.clone());
    if before.extension != now.limit.extension {
        ("extension", None)
    } else if before.calendar != now.calendar {
        ("calendar", None)
    } else if before.policy_version != now.policy_version {
        ("policy", None)
    } else if before.variant != now.variant {
        ("assessment", by_fact)
    } else if now.announced {
        ("announced", by_fact)
    } else {
        ("pause", by_fact)
    }
}

fn follow_state(told: &Told, before: Option<&Told>, now: &Clock, tellings: &mut Vec<Telling>) {
    let was = before.map(|before| before.state);
    if was == Some(told.state) || (was.is_none() && told.state == ToldState::Running) {
        return;
    }
    let what = match &now.state {
        State::Running => What::Resumed { due_at: told.due_at, provisional: told.provisional },
        State::Paused { reason } => What::Paused { reason: reason.clone() },
        State::Met { .. } => {
            tellings.push(met(now, told, told.breached_at.is_some()));
            return;
        }
        // A breach is the end of a clock that nothing meets any more: what follows from it is no news of the clock.
        State::Cancelled { .. } if told.breached_at.is_some() => return,
        State::Cancelled { reason, .. } => What::Cancelled { reason: reason.clone() },
    };
    tellings.push(Telling { at: now.changed_at, cause: Some(now.changed_by.clone()), what });
}

/// Late is late, whether or not the breach had been noticed before.
fn met(now: &Clock, told: &Told, lateness_was_told: bool) -> Telling {
    let late = now.is_late();
    let what =
        What::Met { due_at: told.due_at, after_breach: late, corrects_breach: lateness_was_told && !late };
    Telling { at: now.changed_at, cause: Some(now.changed_by.clone()), what }
}
