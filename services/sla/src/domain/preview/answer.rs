//! The answer in the shape of the contract.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::calendar::{BeyondHorizon, Calendar};
use crate::domain::engine::{Reckoning, Step};
use crate::domain::explain::{Background, Explanation, Language};

/// When it is due, and why. Instants are RFC 3339 in the calendar's zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Absent while an open pause stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
    /// Of day units: the day at whose closing it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_date: Option<String>,
    /// A later yearly plan may still change it.
    pub provisional: bool,
    /// By percentage, those asked for and 100; absent while an open pause stands in the way.
    pub thresholds: BTreeMap<u8, String>,
    /// Of day units: the days that count.
    pub counted_days: Vec<String>,
    /// Of day units: the days that would count but for a pause.
    pub held_days: Vec<String>,
    /// Of units of time: the stretches that count.
    pub intervals: Vec<Interval>,
    /// The version of the calendar.
    pub calendar_version: String,
    /// The answer in one sentence, then one per fact and step.
    pub explanation: Vec<String>,
}

/// A stretch that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interval {
    /// The first instant inside.
    pub from: String,
    /// The first instant behind it.
    pub to: String,
}

impl Answer {
    pub(super) fn new(
        explanation: &Explanation<'_>,
        percentages: impl IntoIterator<Item = u8>,
        language: Language,
        background: Background<'_>,
    ) -> Result<Self, BeyondHorizon> {
        let Explanation { calendar, limit, deadline, ref steps, .. } = *explanation;
        let days = |wanted: fn(&Step) -> Option<String>| steps.iter().filter_map(wanted).collect();
        let reckoning = Reckoning::new(calendar, limit);
        let mut thresholds = BTreeMap::new();
        for percent in percentages.into_iter().chain([100]) {
            if let Some(at) = reckoning.threshold(percent)? {
                thresholds.insert(percent, text(calendar, at));
            }
        }
        Ok(Self {
            due_at: deadline.due.map(|due| text(calendar, due.at)),
            due_date: deadline.due.and_then(|due| due.date).map(|date| date.to_string()),
            provisional: deadline.provisional,
            thresholds,
            counted_days: days(|step| match step {
                Step::Counted { day, .. } => Some(day.to_string()),
                _ => None,
            }),
            held_days: days(|step| match step {
                Step::Held { day } => Some(day.to_string()),
                _ => None,
            }),
            intervals: steps
                .iter()
                .filter_map(|step| match step {
                    Step::Ran(span) => {
                        Some(Interval { from: text(calendar, span.from), to: text(calendar, span.to) })
                    }
                    _ => None,
                })
                .collect(),
            calendar_version: calendar.version().to_owned(),
            explanation: explanation.sentences(language, background),
        })
    }
}

fn text(calendar: &Calendar, at: Timestamp) -> String {
    at.display_with_offset(calendar.zone().to_offset(at)).to_string()
}
