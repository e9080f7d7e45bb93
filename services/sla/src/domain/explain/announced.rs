//! Sentences about an instant that was told to a party: nothing was counted, and pauses put it off at the most.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Language;
use super::texts::{Texts, fill, offset};
use crate::domain::pause::Pause;

/// What is known of such an instant.
#[derive(Debug, Clone, Copy)]
pub struct Announced<'a> {
    /// The topic of the event that told it.
    pub source: &'a str,
    /// The instant as it was told.
    pub until: Timestamp,
    /// When the time was suspended since.
    pub pauses: &'a [Pause],
    /// When it ends therefore; none while it is suspended.
    pub due: Option<Timestamp>,
}

/// What was told and, where pauses put it off, what they made of it.
pub fn announced(language: Language, said: Announced<'_>, zone: &TimeZone) -> Vec<String> {
    let texts = Texts::of(language);
    let moment = |at: Timestamp| {
        let (moment, offset) = (texts.moment(at, zone), offset(at, zone));
        fill(&texts.other_offset, &[("moment", &moment), ("offset", &offset)])
    };
    let Announced { source, until, pauses, due } = said;
    let template = if pauses.is_empty() { &texts.announced } else { &texts.announced_put_off };
    let mut sentences = vec![fill(template, &[("at", &moment(until)), ("source", source)])];
    for pause in pauses {
        let later = due.is_some_and(|due| pause.from >= due);
        let values = [
            ("from", moment(pause.from)),
            ("to", pause.to.map(moment).unwrap_or_default()),
            ("because", texts.because(&pause.reason)),
            ("effect", if later { texts.effect_later.clone() } else { String::new() }),
        ];
        let template = if pause.to.is_some() { &texts.paused } else { &texts.paused_open };
        sentences.push(fill(template, &values.each_ref().map(|(name, value)| (*name, value.as_str()))));
    }
    if !pauses.is_empty() {
        sentences.push(
            due.map_or_else(|| texts.no_deadline.clone(), |due| fill(&texts.due, &[("at", &moment(due))])),
        );
    }
    sentences
}
