//! The table of thresholds: what numbers mean to rules, and which bounds no number or every number keeps.

use super::names::Names;
use super::{Item, RawThreshold, Sources};
use crate::domain::rules::problem::Problems;
use crate::domain::scan::Threshold;

/// The rows, their features resolved; what is wrong with any of them is noted.
pub(super) fn compile(sources: &Sources<'_>, names: &Names, problems: &mut Problems) -> Vec<Threshold> {
    let mut thresholds = Vec::with_capacity(sources.thresholds.len());
    for (file, Item { line, value }) in &sources.thresholds {
        let RawThreshold { feature, measure, at_least, below } = value;
        if let Some(reason) = unreachable(*at_least, *below) {
            problems.add(file, *line, format!("threshold `{feature}`: {reason}"));
        }
        let places = names.place(feature);
        thresholds.extend(places.map(|gives| Threshold {
            gives,
            measure: *measure,
            at_least: *at_least,
            below: *below,
        }));
    }
    thresholds
}

/// Why the bounds tell no number from another. Numbers of texts are never negative.
fn unreachable(at_least: Option<f64>, below: Option<f64>) -> Option<String> {
    if [at_least, below].into_iter().flatten().any(|bound| !bound.is_finite()) {
        return Some("a bound is no number".to_owned());
    }
    match (at_least, below) {
        (None, None) => Some("it has no bound and would hold for every number".to_owned()),
        (Some(least), Some(below)) if least >= below => {
            Some(format!("no number is at least {least} and below {below}"))
        }
        (_, Some(below)) if below <= 0.0 => Some(format!("no number is below {below}")),
        _ => None,
    }
}
