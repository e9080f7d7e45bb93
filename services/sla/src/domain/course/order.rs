//! One order of a case's facts, whatever the order in which their topics were read.

use jiff::Timestamp;

use crate::domain::fact::Fact;

/// What is recorded by a call.
const MILESTONE: &str = "MilestoneRecorded";

/// The facts by time, topic and version. Within a topic the versions decide: what was told later there did not happen
/// before, also where the clocks of two hosts disagree by a little. Milestones are recorded by many, each when they come to
/// it: their own times decide.
pub fn ordered(facts: &[Fact]) -> Vec<&Fact> {
    let mut facts: Vec<&Fact> = facts.iter().collect();
    facts.sort_unstable_by_key(|fact| (&fact.topic, fact.version));
    facts.dedup_by_key(|fact| (&fact.topic, fact.version));
    let mut latest: Option<(&str, Timestamp)> = None;
    let mut keyed: Vec<(Timestamp, &Fact)> = facts
        .into_iter()
        .map(|fact| {
            let at = match latest {
                Some((topic, at)) if topic == fact.topic && fact.event != MILESTONE => at.max(fact.at),
                _ => fact.at,
            };
            latest = Some((&fact.topic, at));
            (at, fact)
        })
        .collect();
    // Stable: what is equal here stays in the order of topic and version.
    keyed.sort_by_key(|(at, _)| *at);
    keyed.into_iter().map(|(_, fact)| fact).collect()
}
