//! When a run stood still: the pauses that its terms honour, as far as they are known when it ends.

use jiff::Timestamp;
use jiff::civil::Date;

use super::run::{Run, Timeline};
use crate::domain::calendar::{BeyondHorizon, Calendar};
use crate::domain::engine::Reckoning;
use crate::domain::interval::Span;
use crate::domain::pause::{Pause, Pauses};
use crate::domain::policy::{PauseRule, Terms};
use crate::domain::time_limit::TimeLimit;
use crate::domain::unit::Unit;

/// A pause with the place of the fact that began it and of the one that ended it.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    pub(super) pause: Pause,
    pub(super) begun: usize,
    pub(super) ended: Option<usize>,
}

/// The stretches for reasons that `terms` honour, up to the run's end, in the order of the rules and of time.
pub(super) fn stretches(timeline: &Timeline<'_>, run: &Run, terms: &Terms) -> Vec<Stretch> {
    let last = run.end.as_ref().map_or(timeline.facts.len(), |end| end.index);
    let rules = run.policy.pauses().iter().filter(|rule| honours(terms, &rule.reason));
    rules.flat_map(|rule| of_rule(timeline, rule, last)).collect()
}

fn honours(terms: &Terms, reason: &str) -> bool {
    terms.pauses.iter().any(|honoured| honoured == reason)
        || terms.opt_in.iter().any(|opted| opted.on && opted.reason == reason)
}

fn of_rule(timeline: &Timeline<'_>, rule: &PauseRule, last: usize) -> Vec<Stretch> {
    let mut stretches: Vec<(String, Stretch)> = Vec::new();
    for index in 0..last {
        let (fact, known) = (timeline.facts[index], &timeline.known[index]);
        for (subject, stretch) in stretches.iter_mut().filter(|(_, stretch)| stretch.ended.is_none()) {
            if rule.to.iter().any(|to| to.is_about(fact, known, subject)) {
                stretch.ended = Some(index);
                stretch.pause.to = Some(fact.at.max(stretch.pause.from));
            }
        }
        let Some(from) = rule.from.iter().find(|from| from.matches(fact, known)) else { continue };
        let subject = from.subject(fact);
        if !stretches.iter().any(|(of, stretch)| of == subject && stretch.ended.is_none()) {
            let pause = Pause { from: fact.at, to: None, reason: rule.reason.clone() };
            stretches.push((subject.to_owned(), Stretch { pause, begun: index, ended: None }));
        }
    }
    stretches.into_iter().map(|(_, stretch)| stretch).collect()
}

/// When the time from `from` to `due` is over, if paused time does not count; none while an open pause stands in the way.
pub(super) fn put_off(from: Timestamp, due: Timestamp, pauses: &Pauses) -> Option<Timestamp> {
    let mut left = due.duration_since(from);
    if !left.is_positive() {
        return Some(due);
    }
    let ran = pauses.pieces(Span { from, to: Timestamp::MAX }).filter(|piece| !piece.paused);
    for Span { from, to } in ran.map(|piece| piece.span) {
        let length = to.duration_since(from);
        if left <= length {
            return from.checked_add(left).ok();
        }
        left -= length;
    }
    None
}

/// Cuts pauses that a tenant opted into where they have held as many days as they may. Days that another pause holds
/// anyway are not charged.
pub(super) fn within_allowance(
    calendar: &Calendar,
    limit: &mut TimeLimit,
    terms: &Terms,
) -> Result<(), BeyondHorizon> {
    for opted in terms.opt_in.iter().filter(|opted| opted.on) {
        let is = |pause: &&Pause| pause.reason == opted.reason;
        let charged = Pauses::union(limit.pauses.iter().filter(is));
        let free = Pauses::union(limit.pauses.iter().filter(|pause| !is(pause)));
        if let Some(day) = one_too_many(calendar, limit, &charged, &free, opted.most_days)? {
            let cut = calendar.instant(day, 0)?;
            limit.pauses.retain(|pause| pause.reason != opted.reason || pause.from < cut);
            for pause in limit.pauses.iter_mut().filter(|pause| pause.reason == opted.reason) {
                pause.to = Some(pause.to.map_or(cut, |to| to.min(cut)));
            }
        }
    }
    Ok(())
}

/// The day that `charged` holds and may not hold any more.
fn one_too_many(
    calendar: &Calendar,
    limit: &TimeLimit,
    charged: &Pauses,
    free: &Pauses,
    most: u32,
) -> Result<Option<Date>, BeyondHorizon> {
    let Some(last) = charged.last_end() else { return Ok(None) };
    let stands_for_good = free.open_since().unwrap_or(Timestamp::MAX);
    let reckoning = Reckoning::new(calendar, limit);
    let mut date = calendar.date_of(limit.start);
    let mut held = 0;
    while calendar.instant(date, 0)? < last.min(stands_for_good) {
        date = date.tomorrow().map_err(|_| BeyondHorizon)?;
        let counts = !matches!(limit.unit, Unit::WorkingDays { .. }) || calendar.day(date).is_working();
        let Some(closing) = reckoning.closing(date)?.filter(|_| counts) else { continue };
        if charged.holds(closing) && !free.holds(closing) {
            held += 1;
            if held > most {
                return Ok(Some(date));
            }
        }
    }
    Ok(None)
}
