//! Which clocks ran: each fact may end some, announce another instant for some, and start some, in that order.

use std::sync::Arc;

use jiff::Timestamp;

use super::attributes::hear;
use super::run::{End, How, Run, Timeline};
use super::{CaseFacts, Policies, clock_id, order};
use crate::domain::fact::Fact;
use crate::domain::policy::{Attributes, Definition, Ending, Policy, Scope, Start};

/// The facts in order, with what was known when.
pub(super) fn timeline<'a>(facts: &'a [Fact], policies: &dyn Policies) -> Timeline<'a> {
    let facts = order::ordered(facts);
    let policies: Vec<_> = facts.iter().map(|fact| policies.effective(fact.at)).collect();
    let mut latest = Arc::new(Attributes::default());
    let mut known = Vec::with_capacity(facts.len());
    for (fact, policy) in facts.iter().zip(&policies) {
        let mut next = Attributes::clone(&latest);
        let changed = hear(&mut next, fact);
        if changed || next.profile != policy.profile() {
            policy.profile().clone_into(&mut next.profile);
            latest = Arc::new(next);
        }
        known.push(Arc::clone(&latest));
    }
    Timeline { facts, known, policies }
}

/// All runs, in the order of their starts.
pub(super) fn follow(case: &CaseFacts<'_>, policies: &dyn Policies, timeline: &Timeline<'_>) -> Vec<Run> {
    let mut course = Course { case, policies, timeline, runs: Vec::new(), ended: None };
    for index in 0..timeline.facts.len() {
        course.end(index);
        course.announce(index);
        course.reopen(index);
        course.start(index);
    }
    course.runs
}

/// Whether the case has ended, and was not taken up again.
pub(super) fn has_ended(timeline: &Timeline<'_>) -> bool {
    let mut ended: Option<&str> = None;
    for index in 0..timeline.facts.len() {
        let policy = &timeline.policies[index];
        if let Some(ending) = matching(timeline, policy.terminal(), index) {
            ended.get_or_insert(&ending.reason);
        }
        let (fact, known) = (timeline.facts[index], &timeline.known[index]);
        let undoes = |reason: &str| {
            let mut reopening =
                policy.reopening().iter().filter(|reopening| reopening.on.matches(fact, known));
            reopening.any(|reopening| reopening.of.iter().any(|of| of == reason))
        };
        if ended.is_some_and(undoes) {
            ended = None;
        }
    }
    ended.is_some()
}

struct Course<'t> {
    case: &'t CaseFacts<'t>,
    policies: &'t dyn Policies,
    timeline: &'t Timeline<'t>,
    runs: Vec<Run>,
    /// Why the case has ended.
    ended: Option<String>,
}

impl Course<'_> {
    fn end(&mut self, index: usize) {
        let timeline = self.timeline;
        for run in self.runs.iter_mut().filter(|run| run.end.is_none()) {
            run.end = ending(timeline, run, index);
        }
        if let Some(ending) = matching(timeline, timeline.policies[index].terminal(), index) {
            self.ended.get_or_insert_with(|| ending.reason.clone());
        }
    }

    /// A due instant that an event announced for a clock that runs. One that was announced after the clock was due does
    /// not move it: it lets it run anew.
    fn announce(&mut self, index: usize) {
        let fact = self.timeline.facts[index];
        let known = &self.timeline.known[index];
        let mut anew = Vec::new();
        for run in self.runs.iter_mut().filter(|run| run.end.is_none()) {
            let definition = Arc::clone(&run.definition);
            let starts = definition.moved_by.iter().chain(&definition.start);
            let due = starts
                .filter(|start| start.on.is_about(fact, known, &run.subject))
                .find_map(|start| start.announced.as_deref().and_then(|field| fact.time(field)));
            let Some(due) = due else { continue };
            if run.due_announced().is_some_and(|before| before < fact.at) {
                run.end =
                    Some(End { index, at: fact.at, how: How::Cancelled { reason: "superseded".to_owned() } });
                anew.push((definition, run.subject.clone(), due));
            } else {
                run.announced.push((index, due));
            }
        }
        for (definition, subject, due) in anew {
            self.open(index, definition, subject, fact.at, Some(due));
        }
    }

    /// Clocks that ended with the case run again, from now on.
    fn reopen(&mut self, index: usize) {
        let (fact, known) = (self.timeline.facts[index], &self.timeline.known[index]);
        let policy = Arc::clone(&self.timeline.policies[index]);
        for reopening in policy.reopening().iter().filter(|reopening| reopening.on.matches(fact, known)) {
            if self.ended.as_ref().is_none_or(|reason| !reopening.of.contains(reason)) {
                continue;
            }
            self.ended = None;
            for (definition, subject, due) in self.ended_by(&reopening.of) {
                let Some(definition) = policy.clock(&definition).filter(|d| d.dormant.is_none()).cloned()
                else {
                    continue;
                };
                // A party was told this instant: it holds as long as it has not passed.
                let due = due.filter(|due| *due > fact.at);
                self.open(index, definition, subject, fact.at, due);
            }
        }
    }

    /// Clocks whose last run ended with the case for one of these reasons.
    fn ended_by(&self, reasons: &[String]) -> Vec<(String, String, Option<Timestamp>)> {
        let is_last = |at: usize, run: &Run| {
            let mut later = self.runs[at + 1..].iter();
            !later.any(|other| other.definition.id == run.definition.id && other.subject == run.subject)
        };
        let of_these = |run: &Run| match &run.end {
            Some(End { how: How::CaseEnded { reason }, .. }) => reasons.contains(reason),
            _ => false,
        };
        let ended = self.runs.iter().enumerate().filter(|(at, run)| of_these(run) && is_last(*at, run));
        ended.map(|(_, run)| (run.definition.id.clone(), run.subject.clone(), run.due_announced())).collect()
    }

    fn start(&mut self, index: usize) {
        let policy = Arc::clone(&self.timeline.policies[index]);
        for definition in policy.clocks().iter().filter(|definition| definition.dormant.is_none()) {
            if definition.scope == Scope::Case && self.ended.is_some() {
                continue;
            }
            if let Some((start, subject)) = starting(self.timeline, definition, index) {
                self.start_one(index, definition, start, subject);
            }
        }
    }

    fn start_one(&mut self, index: usize, definition: &Arc<Definition>, start: &Start, subject: String) {
        let fact = self.timeline.facts[index];
        if let Some(run) = self.runs.iter_mut().find(|run| run.is_open(&definition.id, &subject)) {
            if !definition.restarts || run.start == index {
                return;
            }
            run.end = Some(End { index, at: fact.at, how: How::Met });
        }
        let instant = |field: &Option<String>| field.as_deref().and_then(|field| fact.time(field));
        let from = instant(&start.counts_from).unwrap_or(fact.at);
        self.open(index, Arc::clone(definition), subject, from, instant(&start.announced));
        // What counts from before the event may be met by the event itself.
        if let Some(run) = self.runs.last_mut()
            && start.counts_from.is_some()
            && let Some(met) = met(self.timeline, run, index)
        {
            run.end = Some(met);
        }
    }

    fn open(
        &mut self,
        index: usize,
        definition: Arc<Definition>,
        subject: String,
        started_at: Timestamp,
        due: Option<Timestamp>,
    ) {
        let (policy, definition) = self.pinned(index, definition, &subject);
        let announced = due.map(|due| (index, due)).into_iter().collect();
        let mut run = Run { policy, definition, subject, start: index, started_at, announced, end: None };
        // What is sorted before the start and happened at its instant may have come after it.
        let at_once = || self.timeline.at_once(index).take_while(|other| *other < index);
        let met = at_once().find_map(|other| met(self.timeline, &run, other));
        run.end = met.or_else(|| {
            at_once().find_map(|index| {
                let at = self.timeline.facts[index].at;
                Some(End { index, at, how: needless(self.timeline, &run, index)? })
            })
        });
        self.runs.push(run);
    }

    /// The policy that the clock goes on under, and what it says of the clock; else that of its start.
    fn pinned(
        &self,
        index: usize,
        definition: Arc<Definition>,
        subject: &str,
    ) -> (Arc<Policy>, Arc<Definition>) {
        let now = || Arc::clone(&self.timeline.policies[index]);
        if self.case.pinned.is_empty() {
            return (now(), definition);
        }
        let id = clock_id(self.case, &definition.id, subject, self.timeline.facts[index]);
        let pinned = self.case.pinned.get(&id).and_then(|pin| self.policies.of_version(pin.policy?));
        let found = pinned.and_then(|policy| {
            let definition = policy.clock(&definition.id).filter(|other| other.dormant.is_none())?.clone();
            Some((policy, definition))
        });
        found.unwrap_or_else(|| (now(), definition))
    }
}

/// The start that the fact is for the clock, and for what subject.
fn starting<'d>(
    timeline: &Timeline<'_>,
    definition: &'d Definition,
    index: usize,
) -> Option<(&'d Start, String)> {
    let (fact, known) = (timeline.facts[index], &timeline.known[index]);
    let start = definition.start.iter().find(|start| start.on.matches(fact, known))?;
    let subject = start.on.subject(fact);
    (start.on.subject.is_none() || !subject.is_empty()).then(|| (start, subject.to_owned()))
}

/// How the fact ends the run, if it does. What meets a clock comes before what makes it needless, also at one instant.
fn ending(timeline: &Timeline<'_>, run: &Run, index: usize) -> Option<End> {
    if let Some(met) = met(timeline, run, index) {
        return Some(met);
    }
    let case_ended = || {
        let ending = matching(timeline, run.policy.terminal(), index)?;
        (run.definition.scope == Scope::Case).then(|| How::CaseEnded { reason: ending.reason.clone() })
    };
    let how = needless(timeline, run, index).or_else(case_ended)?;
    let mut later = timeline.at_once(index).filter(|other| *other > index);
    let met = later.find_map(|other| met(timeline, run, other));
    Some(met.unwrap_or(End { index, at: timeline.facts[index].at, how }))
}

/// How the fact makes the run needless by itself, whatever becomes of the case.
fn needless(timeline: &Timeline<'_>, run: &Run, index: usize) -> Option<How> {
    let (fact, known) = (timeline.facts[index], &timeline.known[index]);
    let ending = run.definition.cancel.iter().find(|ending| ending.on.is_about(fact, known, &run.subject))?;
    Some(How::Cancelled { reason: ending.reason.clone() })
}

/// The end that the fact is for the run, if it meets it.
fn met(timeline: &Timeline<'_>, run: &Run, index: usize) -> Option<End> {
    let (fact, known) = (timeline.facts[index], &timeline.known[index]);
    let stop = run.definition.stop.iter().find(|stop| stop.is_about(fact, known, &run.subject))?;
    Some(End { index, at: stop.instant(fact), how: How::Met })
}

fn matching<'e>(timeline: &Timeline<'_>, endings: &'e [Ending], index: usize) -> Option<&'e Ending> {
    endings.iter().find(|ending| ending.on.matches(timeline.facts[index], &timeline.known[index]))
}
