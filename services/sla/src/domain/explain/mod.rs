//! A deadline with every step that led to it, as data and as sentences.
//!
//! The sentences begin with the answer, then say what was counted, what was not and by which fact, in the order of time,
//! so that a person can check them against a calendar on the wall. Refused: sums such as "15 days, 3 of them held" alone,
//! which cannot be checked.

mod announced;
mod facts;
mod steps;
mod texts;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use announced::{Announced, announced};

use super::calendar::{BeyondHorizon, Calendar};
use super::engine::{Deadline, Due, Reckoning, Step};
use super::pause::Pause;
use super::time_limit::TimeLimit;
use texts::{Texts, fill, offset, time};

/// In which language sentences are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    Chinese,
    /// English.
    English,
}

/// Who gave a clock more time. A sentence names both people, for one alone may not (C14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// How much of the clock's unit.
    pub amount: i64,
    /// Who asked for it.
    pub asked_by: String,
    /// Who granted it.
    pub granted_by: String,
    /// When it was granted.
    pub at: Timestamp,
}

/// What is known of a clock beside the facts of its time: nothing of a mere question.
#[derive(Debug, Clone, Copy, Default)]
pub struct Background<'a> {
    /// Which clock it is; empty for none.
    pub definition: &'a str,
    /// Its name in the language of the sentences.
    pub name: &'a str,
    /// The rules that it rests on.
    pub sources: &'a [String],
    /// Where its extension comes from, as far as that is known.
    pub grants: &'a [Grant],
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
    reckoning: Reckoning<'a>,
}

impl<'a> Explanation<'a> {
    /// Reckons the deadline and keeps the steps.
    pub fn new(calendar: &'a Calendar, limit: &'a TimeLimit) -> Result<Self, BeyondHorizon> {
        let mut steps = Vec::new();
        let reckoning = Reckoning::new(calendar, limit);
        let deadline = reckoning.explain(&mut steps)?;
        Ok(Self { calendar, limit, deadline, steps, reckoning })
    }

    /// The answer, and one sentence per fact and step.
    pub fn sentences(&self, language: Language, background: Background<'_>) -> Vec<String> {
        let texts = Texts::of(language);
        let mut sentences = vec![self.answer(texts)];
        sentences.extend(subject(texts, background));
        sentences.push(self.opening(texts));
        sentences.extend(self.extensions(texts, background.grants));
        sentences.extend(self.limit.pauses.iter().map(|pause| self.pause(texts, pause)));
        sentences.extend(self.steps.iter().map(|step| self.step(texts, step)));
        self.close(texts, &mut sentences);
        sentences
    }

    fn close(&self, texts: &Texts, sentences: &mut Vec<String>) {
        let Deadline { due, provisional, capped } = self.deadline;
        if let Some(cap) = self.limit.cap.as_ref().filter(|_| capped) {
            let unit = texts.unit(self.limit.unit.code(), cap.amount);
            sentences.push(fill(&texts.capped, &[("amount", &cap.amount.to_string()), ("unit", unit)]));
        }
        sentences.push(match due {
            None => texts.no_deadline.clone(),
            Some(due) => fill(&texts.due, &[("at", &self.expiry(texts, due))]),
        });
        if provisional {
            sentences.push(texts.provisional.clone());
        }
    }

    /// The instant at which it is due; that at which a day ends as 24:00 of that day.
    fn expiry(&self, texts: &Texts, due: Due) -> String {
        match due.date {
            Some(day) => texts.at(&texts.date(day), &self.closing(texts, day, due.at)),
            None => self.moment(texts, due.at),
        }
    }

    /// At what time of `day` it was used up.
    fn closing(&self, texts: &Texts, day: Date, at: Timestamp) -> String {
        let wall = self.zone().to_datetime(at);
        if wall.date() == day {
            return time(wall.time());
        }
        if day.tomorrow().ok() == Some(wall.date()) && wall.time() == jiff::civil::Time::midnight() {
            return "24:00".to_owned();
        }
        // A shift that ends on the next day: its day is named, so the hour must say that it is not that day's.
        fill(&texts.next_day, &[("time", &time(wall.time()))])
    }

    /// An instant in the calendar's zone; its offset only where it is not that of the start.
    fn moment(&self, texts: &Texts, at: Timestamp) -> String {
        let zone = self.zone();
        let moment = texts.moment(at, zone);
        if zone.to_offset(at) == zone.to_offset(self.limit.start) {
            return moment;
        }
        fill(&texts.other_offset, &[("moment", &moment), ("offset", &offset(at, zone))])
    }

    /// Whether the clock that decided stands still for it: the cap may do so for some reasons only (D12).
    fn is_honoured(&self, pause: &Pause) -> bool {
        let cap = self.limit.cap.as_ref().filter(|_| self.deadline.capped);
        cap.is_none_or(|cap| cap.honours(&pause.reason))
    }

    fn zone(&self) -> &'a TimeZone {
        self.calendar.zone()
    }
}

/// Which clock it is, and what it rests on.
fn subject(texts: &Texts, background: Background<'_>) -> Option<String> {
    let Background { definition, name, sources, .. } = background;
    let sources = match sources {
        [] => String::new(),
        some => fill(&texts.sources, &[("sources", &some.join(&texts.and))]),
    };
    let values = [("definition", definition), ("name", name), ("sources", &*sources)];
    (!definition.is_empty()).then(|| fill(&texts.subject, &values))
}
