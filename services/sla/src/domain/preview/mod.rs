//! "If it came in then, when is it due?": the contract's question and answer, so that a transport only carries them.
//!
//! Every fault of a request is told at once, each with its field. An option that has no meaning for the unit, such as how
//! calendar days close, is checked but changes nothing: forms send all their fields.

mod answer;
mod check;
pub(crate) mod decode;
mod request;

use jiff::Timestamp;
use redress_domain::Violations;

use super::calendar::{BeyondHorizon, Calendar};
use super::explain::{Background, Explanation, Language};
use super::time_limit::TimeLimit;
pub use answer::{Answer, Interval};
pub use decode::decode;
pub use request::{CapDraft, PauseDraft, Request};

/// Answers `request`. `stored` finds a calendar by its id; a request without a start is about `now`, if that is given.
pub fn preview<'a>(
    request: &Request,
    stored: impl FnOnce(&str) -> Option<&'a Calendar>,
    now: Option<Timestamp>,
    language: Language,
) -> Result<Answer, Violations> {
    let mut found = Violations::default();
    let limit = check::time_limit(request, now, &mut found);
    let inline = check::inline_calendar(request, &mut found);
    let calendar = inline.as_ref().or_else(|| check::stored_calendar(request, stored, &mut found));
    let (Some(limit), Some(calendar)) = (limit, calendar) else { return Err(found) };
    if found.is_empty() {
        check::has_hours(calendar, limit.unit, request, &mut found);
    }
    if !found.is_empty() {
        return Err(found);
    }
    let explanation = Explanation::new(calendar, &limit).map_err(beyond)?;
    if explanation.steps.len() > MOST_STEPS {
        found.add("amount", "OUT_OF_RANGE", format!("at most {MOST_STEPS} days or intervals are explained"));
        return Err(found);
    }
    let percentages = request.thresholds.iter().filter_map(|percent| u8::try_from(*percent).ok());
    Answer::new(&explanation, percentages, language, Background::default()).map_err(beyond)
}

/// The same answer about a clock that runs: its facts are known to be good, and so is what it rests on.
pub fn answer(
    calendar: &Calendar,
    limit: &TimeLimit,
    percentages: impl IntoIterator<Item = u8>,
    language: Language,
    background: Background<'_>,
) -> Result<Answer, BeyondHorizon> {
    Answer::new(&Explanation::new(calendar, limit)?, percentages, language, background)
}

/// A sentence is made of each: ten years of days, which is more than any law knows.
const MOST_STEPS: usize = 4_000;

fn beyond(_: BeyondHorizon) -> Violations {
    let mut found = Violations::default();
    found.add("amount", "OUT_OF_RANGE", "the deadline would lie beyond the year 2199");
    found
}
