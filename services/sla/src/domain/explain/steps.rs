//! A sentence for each counted and each skipped stretch.

use jiff::Timestamp;
use jiff::civil::Date;

use super::texts::{Texts, fill};
use super::{Explanation, Step};
use crate::domain::calendar::ExceptionKind;

impl Explanation<'_> {
    pub(super) fn step(&self, texts: &Texts, step: &Step) -> String {
        let rule = ("rule", step.rule());
        let on = |text: &str, day, number: &str| {
            let known = self.calendar.day(day);
            let closing = self.reckoning.closing(day).ok().flatten();
            let values = [
                ("day", &*texts.date(day)),
                ("name", &*texts.name(known.name)),
                ("number", number),
                ("closing", &*closing.map(|at| self.closing(texts, day, at)).unwrap_or_default()),
                ("kind", texts.kind(&known)),
                rule,
            ];
            fill(text, &values)
        };
        let between = |text: &str, from, to| {
            let (from, to) = (self.moment(texts, from), self.moment(texts, to));
            fill(text, &[("from", &from), ("to", &to), rule])
        };
        match *step {
            Step::Counted { day, number } => on(self.counted(texts, day), day, &number.to_string()),
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

    /// What is said of a day that counts: what a reader would not expect of it is said too.
    fn counted<'t>(&self, texts: &'t Texts, day: Date) -> &'t str {
        if self.was_suspended_on(day) {
            &texts.counted_in_part
        } else if self.limit.unit.needs_hours() && self.calendar.day(day).kind == Some(ExceptionKind::Work) {
            &texts.counted_makeup
        } else {
            &texts.counted
        }
    }

    /// Whether a pause lay within the day and had ended before it closed.
    fn was_suspended_on(&self, day: Date) -> bool {
        let Ok(Some(closing)) = self.reckoning.closing(day) else { return false };
        let begins = self.calendar.instant(day, 0).unwrap_or(closing);
        let within = |to: Timestamp| begins < to && to < closing;
        let mut pauses = self.limit.pauses.iter().filter(|pause| self.is_honoured(pause));
        pauses.any(|pause| pause.to.is_some_and(|to| pause.from < to && within(to)))
    }
}
