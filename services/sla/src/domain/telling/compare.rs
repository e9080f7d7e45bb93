//! The difference between a computed clock and what was told of it.

use jiff::Timestamp;

use super::{Mark, Telling, Threshold, Told, ToldState, What};
use crate::domain::course::{Clock, State};
use crate::domain::fact::FactRef;

/// Why a clock is over that never ran.
const SUPERSEDED: &str = "superseded";

/// What is told of the clock from now on, and what is to be told, in order. Nothing for a clock that has not changed.
pub fn compare(before: Option<&Told>, now: &Clock) -> (Told, Vec<Telling>) {
    let mut told = told(now, before);
    let mut tellings = Vec::new();
    match before {
        None => {
            tellings.push(started(now));
            follow_state(&told, None, now, &mut tellings);
        }
        Some(before) if before.is_over() && now.is_over() => {
            tellings.extend(other_end(before, &told, now));
        }
        Some(before) => {
            moved(before, now, &told, &mut tellings);
            follow_state(&told, Some(before), now, &mut tellings);
        }
    }
    told.next_at = told.next();
    (told, tellings)
}

/// The same for a clock that was told of and is none any more: what came to light later shows that it never ran, so that
/// it was neither met nor missed.
pub fn vanished(before: &Told, at: Timestamp) -> Option<(Told, Telling)> {
    let gone = before.state == ToldState::Cancelled
        && before.end_reason.as_deref().is_none_or(|reason| reason == SUPERSEDED)
        && before.breached_at.is_none()
        && !before.to_judge;
    if gone {
        return None;
    }
    let told = Told {
        state: ToldState::Cancelled,
        ended_at: Some(at),
        end_reason: Some(SUPERSEDED.to_owned()),
        breached_at: None,
        to_judge: false,
        next_at: None,
        ..before.clone()
    };
    let corrects = before.is_over() || before.breached_at.is_some();
    let what = What::Cancelled { reason: SUPERSEDED.to_owned(), corrects };
    Some((told, Telling { at, cause: None, what }))
}

fn told(now: &Clock, before: Option<&Told>) -> Told {
    let (state, ended_at) = match now.state {
        State::Running => (ToldState::Running, None),
        State::Paused { .. } => (ToldState::Paused, None),
        State::Met { at } => (ToldState::Met, Some(at)),
        State::Cancelled { at, .. } => (ToldState::Cancelled, Some(at)),
    };
    let (breached_at, to_judge) = breach(now, before);
    let mut told = Told {
        clock_id: now.id,
        definition: now.definition.clone(),
        definition_version: now.definition_version,
        subject: now.subject.clone(),
        policy_version: now.policy_version,
        variant: now.variant.clone(),
        window: now.window,
        owes_notice: now.owes_notice,
        notified_at: now.notified_at,
        started_at: now.started_at,
        state,
        due_at: now.due_at(),
        provisional: now.provisional,
        announced: now.announced,
        calendar: now.calendar.clone(),
        extension: now.limit.extension,
        generation: before.map_or(0, |before| before.generation),
        thresholds: thresholds(now, before, ended_at),
        breached_at,
        ended_at,
        end_reason: match &now.state {
            State::Cancelled { reason, .. } => Some(reason.clone()),
            _ => None,
        },
        to_judge,
        next_at: None,
    };
    if before.is_some_and(|before| instants(before) != instants(&told)) {
        told.generation += 1;
    }
    told
}

/// For which due instant a breach stands, and whether one is still to be judged. Of a clock that is over both follow from
/// its facts, whatever was told before: only whether a breach was declared already is what was told.
fn breach(now: &Clock, before: Option<&Told>) -> (Option<Timestamp>, bool) {
    // That it was met, though late, took the place of a breach.
    let declared =
        before.filter(|before| before.state != ToldState::Met).and_then(|before| before.breached_at);
    match &now.state {
        State::Running | State::Paused { .. } => (declared, false),
        State::Met { .. } => (now.due_at().filter(|_| now.is_late()), false),
        State::Cancelled { .. } => {
            let missed = now.missed();
            (missed.filter(|_| declared.is_some()), missed.is_some() && declared.is_none())
        }
    }
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
    } else if before.policy_version != now.policy_version {
        ("policy", None)
    } else if before.calendar != now.calendar {
        ("calendar", None)
    } else if before.variant != now.variant {
        ("assessment", by_fact)
    } else if now.announced && now.promise.as_ref().is_some_and(|promise| promise.by == now.changed_by) {
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
            let was_breached = before.is_some_and(|before| before.breached_at.is_some());
            tellings.push(met(now, told, was_breached && !now.is_after_due()));
            return;
        }
        // A breach is the end of a clock that nothing meets any more: what follows from it is no news of the clock.
        State::Cancelled { .. } if told.breached_at.is_some() => return,
        State::Cancelled { reason, .. } => {
            let corrects = before.is_some_and(|before| before.breached_at.is_some());
            What::Cancelled { reason: reason.clone(), corrects }
        }
    };
    tellings.push(Telling { at: now.changed_at, cause: Some(now.changed_by.clone()), what });
}

/// The end of a clock that was told to have ended, if what came to light since makes it another: what happened first ends a
/// clock, in whichever order the topics were read.
fn other_end(before: &Told, told: &Told, now: &Clock) -> Option<Telling> {
    let what = match &now.state {
        State::Met { .. } => {
            let ended = |told: &Told| (told.state, told.ended_at, told.due_at);
            return (ended(before) != ended(told)).then(|| met(now, told, true));
        }
        State::Cancelled { reason, .. } if told.breached_at.is_none() => {
            let same_reason = before.end_reason.as_ref().is_none_or(|before| before == reason);
            let same = same_reason && (before.state, before.ended_at) == (told.state, told.ended_at);
            (!same || before.breached_at.is_some())
                .then(|| What::Cancelled { reason: reason.clone(), corrects: true })?
        }
        // It stays breached.
        _ => return None,
    };
    Some(Telling { at: now.changed_at, cause: Some(now.changed_by.clone()), what })
}

/// Late is late, whether or not the breach had been noticed before.
fn met(now: &Clock, told: &Told, corrects: bool) -> Telling {
    let what = What::Met { due_at: told.due_at, after_breach: now.is_late(), corrects };
    Telling { at: now.changed_at, cause: Some(now.changed_by.clone()), what }
}
