//! Sentences about the facts: the answer in one, what the limit is and from when it runs, what was added, and when it
//! stood still.

use jiff::Timestamp;

use super::texts::{Texts, fill, offset};
use super::{Explanation, Grant, Step};
use crate::domain::pause::Pause;
use crate::domain::time_limit::TimeLimit;

impl Explanation<'_> {
    /// The whole answer in one sentence.
    pub(super) fn answer(&self, texts: &Texts) -> String {
        let TimeLimit { amount, extension, unit, .. } = *self.limit;
        let total = amount + extension;
        let extended = [
            ("extension", extension.to_string()),
            ("unit", texts.unit(unit.code(), extension).to_owned()),
            ("total", total.to_string()),
        ];
        let extended = if extension > 0 { filled(&texts.answer_extended, &extended) } else { String::new() };
        let held = self.steps.iter().filter(|step| matches!(step, Step::Held { .. })).count();
        let stood = self.steps.iter().any(|step| matches!(step, Step::Stood(_)));
        let suspension = match held {
            0 if stood => texts.answer_stood.clone(),
            0 => String::new(),
            1 => texts.answer_held_one.clone(),
            held => fill(&texts.answer_held, &[("held", &held.to_string())]),
        };
        let (template, at) = match self.deadline.due {
            Some(due) => (&texts.answer, self.expiry(texts, due)),
            None => (&texts.answer_none, String::new()),
        };
        let values = [
            ("amount", amount.to_string()),
            ("unit", texts.unit(unit.code(), amount).to_owned()),
            ("extended", extended),
            ("at", at),
            ("suspension", suspension),
        ];
        filled(template, &values)
    }

    pub(super) fn opening(&self, texts: &Texts) -> String {
        let TimeLimit { unit, start, .. } = *self.limit;
        fill(
            &texts.opening,
            &[
                ("start", &texts.moment(start, self.zone())),
                ("first", texts.first(unit)),
                ("zone", self.zone().iana_name().unwrap_or_default()),
                ("offset", &offset(start, self.zone())),
                ("calendar", self.calendar.id()),
                ("version", self.calendar.version()),
            ],
        )
    }

    /// Who gave more time; that it was given, where the grants do not make it up.
    pub(super) fn extensions(&self, texts: &Texts, grants: &[Grant]) -> Vec<String> {
        let TimeLimit { amount, extension, unit, .. } = *self.limit;
        if extension == 0 {
            return Vec::new();
        }
        let total = [
            ("extension", extension.to_string()),
            ("extension_unit", texts.unit(unit.code(), extension).to_owned()),
            ("total", (amount + extension).to_string()),
            ("unit", texts.unit(unit.code(), amount + extension).to_owned()),
        ];
        let total = filled(&texts.extended, &total);
        if grants.iter().map(|grant| grant.amount).sum::<i64>() != extension {
            return vec![total];
        }
        let granted = |grant: &Grant| {
            let values = [
                ("amount", grant.amount.to_string()),
                ("unit", texts.unit(unit.code(), grant.amount).to_owned()),
                ("asked_by", grant.asked_by.clone()),
                ("granted_by", grant.granted_by.clone()),
                ("at", self.moment(texts, grant.at)),
            ];
            filled(&texts.granted, &values)
        };
        grants.iter().map(granted).chain([total]).collect()
    }

    pub(super) fn pause(&self, texts: &Texts, pause: &Pause) -> String {
        let values = [
            ("from", self.moment(texts, pause.from)),
            ("to", pause.to.map(|to| self.moment(texts, to)).unwrap_or_default()),
            ("because", texts.because(&pause.reason)),
            ("effect", self.effect(texts, pause)),
        ];
        filled(if pause.to.is_some() { &texts.paused } else { &texts.paused_open }, &values)
    }

    /// What the pause did to a count of days; of a count of time the steps themselves say it.
    fn effect(&self, texts: &Texts, pause: &Pause) -> String {
        let later = self.deadline.due.is_some_and(|due| pause.from >= due.at);
        if later {
            return texts.effect_later.clone();
        }
        if !self.limit.unit.counts_days() {
            return String::new();
        }
        if !self.is_honoured(pause) {
            return texts.effect_not_of_cap.clone();
        }
        match self.held_by(pause) {
            0 => texts.effect_none.clone(),
            1 => texts.effect_one.clone(),
            days => fill(&texts.effect_days, &[("days", &days.to_string())]),
        }
    }

    /// How many of the days that do not count ended during the pause (closing rule 5).
    fn held_by(&self, pause: &Pause) -> usize {
        let ended_during =
            |closing: Timestamp| pause.from < closing && pause.to.is_none_or(|to| closing <= to);
        let held = self.steps.iter().filter_map(|step| match step {
            Step::Held { day } => self.reckoning.closing(*day).ok().flatten(),
            _ => None,
        });
        held.filter(|closing| ended_during(*closing)).count()
    }
}

/// [`fill`] with values that were made for it.
fn filled<const N: usize>(template: &str, values: &[(&str, String); N]) -> String {
    fill(template, &values.each_ref().map(|(name, value)| (*name, value.as_str())))
}
