//! A deadline with every step that led to it, as data and as sentences.
//!
//! The sentences say what was counted, what was not and by which fact, in the order of time, so that a person can check
//! them against a calendar on the wall. Refused: sums such as "15 days, 3 of them held", which cannot be checked.

mod texts;

use jiff::Timestamp;

use super::calendar::{BeyondHorizon, Calendar};
use super::engine::{Deadline, Reckoning, Step};
use super::pause::Pause;
use super::time_limit::TimeLimit;
use texts::{Texts, fill};

/// In which language sentences are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    Chinese,
    /// English.
    English,
}

/// A deadline and why.
#[derive(Debug)]
pub struct Explanation<'a> {
    /// The calendar under which it was reckoned; its version belongs to the answer.
    pub calendar: &'a Calendar,
    /// The facts.
    pub limit: &'a TimeLimit,
    /// The answer.
    pub deadline: Deadline,
    /// Every counted and skipped stretch of the clock that decided; [`Step::rule`] names the rule of each.
    pub steps: Vec<Step>,
}

impl<'a> Explanation<'a> {
    /// Reckons the deadline and keeps the steps.
    pub fn new(calendar: &'a Calendar, limit: &'a TimeLimit) -> Result<Self, BeyondHorizon> {
        let mut steps = Vec::new();
        let deadline = Reckoning::new(calendar, limit).explain(&mut steps)?;
        Ok(Self { calendar, limit, deadline, steps })
    }

    /// One sentence per fact and step.
    pub fn sentences(&self, language: Language) -> Vec<String> {
        let texts = Texts::of(language);
        let mut sentences = vec![self.opening(texts)];
        sentences.extend(self.extended(texts));
        sentences.extend(self.limit.pauses.iter().map(|pause| self.pause(texts, pause)));
        sentences.extend(self.steps.iter().map(|step| self.step(texts, step)));
        self.close(texts, &mut sentences);
        sentences
    }

    fn opening(&self, texts: &Texts) -> String {
        let TimeLimit { amount, unit, start, .. } = *self.limit;
        fill(
            &texts.opening,
            &[
                ("amount", &amount.to_string()),
                ("unit", texts.unit(unit.code(), amount)),
                ("start", &self.moment(texts, start)),
                ("zone", self.calendar.zone().iana_name().unwrap_or_default()),
                ("calendar", self.calendar.id()),
                ("version", self.calendar.version()),
                ("first", texts.first(unit)),
            ],
        )
    }

    fn extended(&self, texts: &Texts) -> Option<String> {
        let TimeLimit { amount, extension, unit, .. } = *self.limit;
        let total = amount + extension;
        let values = [
            ("extension", extension.to_string()),
            ("total", total.to_string()),
            ("unit", texts.unit(unit.code(), total).to_owned()),
        ];
        (extension > 0)
            .then(|| fill(&texts.extended, &values.each_ref().map(|(name, value)| (*name, value.as_str()))))
    }

    fn pause(&self, texts: &Texts, pause: &Pause) -> String {
        let from = self.moment(texts, pause.from);
        let reason = ("reason", texts.reason(&pause.reason));
        match pause.to {
            Some(to) => {
                let to = self.moment(texts, to);
                fill(&texts.paused, &[("from", &from), ("to", &to), reason])
            }
            None => fill(&texts.paused_open, &[("from", &from), reason]),
        }
    }

    fn step(&self, texts: &Texts, step: &Step) -> String {
        let rule = ("rule", step.rule());
        let on = |text: &str, day, number: &str| {
            let known = self.calendar.day(day);
            let (date, name) = (texts.date(day), texts.name(known.name));
            let kind = ("kind", texts.kind(&known));
            fill(text, &[("day", &date), ("name", &name), ("number", number), kind, rule])
        };
        let between = |text: &str, from, to| {
            let (from, to) = (self.moment(texts, from), self.moment(texts, to));
            fill(text, &[("from", &from), ("to", &to), rule])
        };
        match *step {
            Step::Counted { day, number } => on(&texts.counted, day, &number.to_string()),
            Step::Held { day } => on(&texts.held, day, ""),
            Step::Idle { day } => on(&texts.idle, day, ""),
            Step::Closed { day } => on(&texts.closed, day, ""),
            Step::Passed { day } => on(&texts.passed, day, ""),
            Step::Landed { day } => on(&texts.landed, day, ""),
            Step::Ran(span) => between(&texts.ran, span.from, span.to),
            Step::Stood(span) if span.to == Timestamp::MAX => {
                fill(&texts.stood_open, &[("from", &self.moment(texts, span.from)), rule])
            }
            Step::Stood(span) => between(&texts.stood, span.from, span.to),
            Step::Outside(span) => between(&texts.outside, span.from, span.to),
        }
    }

    fn close(&self, texts: &Texts, sentences: &mut Vec<String>) {
        let Deadline { due, provisional, capped } = self.deadline;
        if capped {
            sentences.push(texts.capped.clone());
        }
        sentences.push(match due {
            None => texts.no_deadline.clone(),
            Some(due) => {
                let at = self.moment(texts, due.at);
                match due.date {
                    Some(day) => fill(&texts.due_day, &[("at", &at), ("day", &texts.date(day))]),
                    None => fill(&texts.due, &[("at", &at)]),
                }
            }
        });
        if provisional {
            sentences.push(texts.provisional.clone());
        }
    }

    fn moment(&self, texts: &Texts, at: Timestamp) -> String {
        texts.moment(at, self.calendar.zone())
    }
}
