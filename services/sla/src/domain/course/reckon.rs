//! From a run to a clock: which terms hold, when it stood still, when it is due.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::pauses::{Stretch, put_off, stretches, within_allowance};
use super::run::{How, Run, Timeline};
use super::{CalendarPin, Calendars, CaseFacts, Clock, Fault, Promise, State, clock_id};
use crate::domain::calendar::Calendar;
use crate::domain::engine::{Deadline, Due, Reckoning};
use crate::domain::pause::Pauses;
use crate::domain::policy::{Selected, Terms};
use crate::domain::time_limit::TimeLimit;
use crate::domain::unit::Unit;

/// What one set of terms makes of a run.
struct Reckoned {
    limit: TimeLimit,
    calendar: Option<CalendarPin>,
    deadline: Deadline,
    thresholds: Vec<(u8, Option<Timestamp>)>,
    stretches: Vec<Stretch>,
    announced: bool,
}

pub(super) fn clock(
    case: &CaseFacts<'_>,
    timeline: &Timeline<'_>,
    run: &Run,
    calendars: &dyn Calendars,
) -> Result<Clock, Fault> {
    let id = clock_id(case, &run.definition.id, &run.subject, timeline.facts[run.start]);
    let reckon = |terms: &Terms| {
        let pinned = case.pinned.get(&id).and_then(|pin| pin.calendar.as_ref());
        let granted = case.extensions.iter().filter(|extension| extension.clock == id);
        let extension = granted.fold(0_i64, |sum, extension| sum.saturating_add(extension.amount));
        reckoned(timeline, run, terms, extension, &*calendar(run, terms, pinned, calendars)?)
    };
    let mut selected = select(timeline, run, run.start);
    let mut reckoned = reckon(selected.terms)?;
    let mut changed = run.announced.last().map_or(run.start, |(index, _)| *index);
    let last = run.end.as_ref().map_or(timeline.facts.len(), |end| end.index);
    for index in (run.start + 1)..last {
        if Arc::ptr_eq(&timeline.known[index], &timeline.known[index - 1]) {
            continue;
        }
        let other = select(timeline, run, index);
        if other.variant == selected.variant {
            continue;
        }
        // A clock that was due is not moved, and none is moved to before the fact that moves it.
        let at = timeline.facts[index].at;
        if reckoned.is_due_by(at) {
            break;
        }
        let next = reckon(other.terms)?;
        if !next.is_due_by(at) {
            (selected, reckoned, changed) = (other, next, changed.max(index));
        }
    }
    Ok(finish(id, timeline, run, selected, reckoned, changed))
}

impl Reckoned {
    fn is_due_by(&self, at: Timestamp) -> bool {
        self.deadline.due.is_some_and(|due| due.at <= at)
    }
}

fn select<'r>(timeline: &Timeline<'_>, run: &'r Run, index: usize) -> Selected<'r> {
    run.definition.select(timeline.facts[run.start], &timeline.known[index])
}

fn calendar(
    run: &Run,
    terms: &Terms,
    pinned: Option<&CalendarPin>,
    calendars: &dyn Calendars,
) -> Result<Arc<Calendar>, Fault> {
    let id = run.policy.calendar(terms.calendar);
    let version = pinned.filter(|pin| pin.id == id).map(|pin| pin.version.as_str());
    let calendar = calendars.get(id, version).ok_or_else(|| Fault::UnknownCalendar { id: id.to_owned() })?;
    if terms.unit.needs_hours() && !calendar.has_hours() {
        return Err(Fault::NoHours { id: id.to_owned() });
    }
    Ok(calendar)
}

fn reckoned(
    timeline: &Timeline<'_>,
    run: &Run,
    terms: &Terms,
    extension: i64,
    calendar: &Calendar,
) -> Result<Reckoned, Fault> {
    let limit = TimeLimit {
        start: run.started_at,
        unit: terms.unit,
        amount: terms.amount,
        extension,
        cap: terms.cap.clone(),
        pauses: Vec::new(),
    };
    let promised = run.announced.last().map(|promise| promised(timeline, run, terms, &limit, *promise));
    if let Some(promised) = promised {
        if !terms.tightens {
            return Ok(promised);
        }
        let own = computed(timeline, run, terms, calendar, limit)?;
        let instant = |reckoned: &Reckoned| reckoned.deadline.due.map(|due| due.at);
        let earlier = match (instant(&own), instant(&promised)) {
            (Some(own), Some(promised)) => own < promised,
            (own, _) => own.is_some(),
        };
        return Ok(if earlier { own } else { promised });
    }
    computed(timeline, run, terms, calendar, limit)
}

/// The instant that was announced, put off by what has stood still since if the terms say so.
fn promised(
    timeline: &Timeline<'_>,
    run: &Run,
    terms: &Terms,
    limit: &TimeLimit,
    (index, until): (usize, Timestamp),
) -> Reckoned {
    let stretches = if terms.stretches { stretches(timeline, run, terms) } else { Vec::new() };
    let limit = TimeLimit {
        pauses: stretches.iter().map(|stretch| stretch.pause.clone()).collect(),
        ..limit.clone()
    };
    let pauses = Pauses::union(&limit.pauses);
    // Who announced it knew of the pauses before.
    let since = timeline.facts[index].at.max(run.started_at);
    let due = put_off(since, until, &pauses).map(|at| Due { at, date: None });
    let share = |percent| put_off(since, between(run.started_at, until, percent)?, &pauses);
    let thresholds = shares(terms).map(|percent| (percent, share(percent))).collect();
    let deadline = Deadline { due, provisional: false, capped: false };
    Reckoned { limit, calendar: None, deadline, thresholds, stretches, announced: true }
}

fn computed(
    timeline: &Timeline<'_>,
    run: &Run,
    terms: &Terms,
    calendar: &Calendar,
    mut limit: TimeLimit,
) -> Result<Reckoned, Fault> {
    let stretches = stretches(timeline, run, terms);
    limit.pauses = stretches.iter().map(|stretch| stretch.pause.clone()).collect();
    within_allowance(calendar, &mut limit, terms)?;
    let reckoning = Reckoning::new(calendar, &limit);
    let thresholds = shares(terms).map(|percent| Ok((percent, reckoning.threshold(percent)?)));
    let thresholds = thresholds.collect::<Result<_, Fault>>()?;
    let deadline = reckoning.deadline()?;
    let counts_in_none = matches!(terms.unit, Unit::Elapsed(_));
    let pin = CalendarPin { id: calendar.id().to_owned(), version: calendar.version().to_owned() };
    let calendar = (!counts_in_none).then_some(pin);
    Ok(Reckoned { limit, calendar, deadline, thresholds, stretches, announced: false })
}

/// The whole is the breach, which is told anyway.
fn shares(terms: &Terms) -> impl Iterator<Item = u8> {
    terms.thresholds.iter().copied().filter(|percent| *percent < 100)
}

/// When `percent` of the wall time from one instant to another has passed, rounded up to a millisecond.
fn between(from: Timestamp, to: Timestamp, percent: u8) -> Option<Timestamp> {
    let whole = i128::from(to.as_millisecond() - from.as_millisecond()).max(0);
    let part = (whole * i128::from(percent) + 99) / 100;
    from.checked_add(SignedDuration::from_millis(i64::try_from(part).ok()?)).ok()
}

/// When the parties were first told of a delay until `due` or beyond: a notice of an earlier delay says nothing of this one.
/// Nobody can say so of a clock that stands still, whose notice counts for the time being.
fn notified(timeline: &Timeline<'_>, run: &Run, due: Option<Timestamp>) -> Option<Timestamp> {
    let last = run.end.as_ref().map_or(timeline.facts.len(), |end| end.index);
    let tells = |index: &usize| {
        let (fact, known) = (timeline.facts[*index], &timeline.known[*index]);
        run.definition.delay_notice.iter().any(|notice| {
            let until = notice.announced.as_deref().map(|field| fact.time(field));
            let suffices =
                until.is_none_or(|until| until.is_some_and(|until| due.is_none_or(|due| due <= until)));
            suffices && notice.on.is_about(fact, known, &run.subject)
        })
    };
    (run.start + 1..last).find(tells).map(|index| timeline.facts[index].at)
}

fn finish(
    id: uuid::Uuid,
    timeline: &Timeline<'_>,
    run: &Run,
    selected: Selected<'_>,
    reckoned: Reckoned,
    changed: usize,
) -> Clock {
    let Reckoned { limit, calendar, deadline, thresholds, stretches, announced } = reckoned;
    let turns = stretches.iter().flat_map(|stretch| [Some(stretch.begun), stretch.ended]).flatten();
    let changed = match &run.end {
        Some(end) => end.index,
        None => turns.filter(|index| *index > run.start).fold(changed, usize::max),
    };
    let state = match &run.end {
        None => match stretches.iter().find(|stretch| stretch.ended.is_none()) {
            Some(open) if deadline.due.is_none() => State::Paused { reason: open.pause.reason.clone() },
            _ => State::Running,
        },
        Some(end) => {
            let at = end.at;
            match &end.how {
                How::Met => State::Met { at },
                How::Cancelled { reason } | How::CaseEnded { reason } => {
                    State::Cancelled { at, reason: reason.clone() }
                }
            }
        }
    };
    let started = timeline.facts[run.start];
    Clock {
        id,
        definition: run.definition.id.clone(),
        definition_version: run.definition.version,
        policy_version: run.policy.version(),
        variant: selected.variant.to_owned(),
        subject: run.subject.clone(),
        scope: run.definition.scope,
        window: run.definition.window,
        owes_notice: !run.definition.delay_notice.is_empty(),
        notified_at: notified(timeline, run, deadline.due.map(|due| due.at)),
        started_at: run.started_at,
        started_by: started.reference(),
        changed_by: timeline.facts[changed].reference(),
        changed_at: run.end.as_ref().map_or(timeline.facts[changed].at, |end| end.at),
        limit,
        calendar,
        due: deadline.due,
        provisional: deadline.provisional,
        announced,
        promise: run
            .announced
            .last()
            .map(|(index, until)| Promise { by: timeline.facts[*index].reference(), until: *until }),
        capped: deadline.capped,
        thresholds,
        state,
    }
}
