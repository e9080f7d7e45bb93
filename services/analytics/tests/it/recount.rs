//! The same numbers, counted by hand from what is true of each complaint: no SQL, no dictionary, no events.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use redress_analytics::domain::selection::Dimension;

use crate::history::Case;

/// A number by window (from the span's beginning, in whole windows) and value of the dimension.
pub(crate) type Numbers = BTreeMap<(i64, String), (f64, i64)>;

/// What to count.
pub(crate) struct Count<'a> {
    pub(crate) cases: &'a [Case],
    pub(crate) tenant: &'a str,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) window: Option<SignedDuration>,
    pub(crate) dimension: Option<Dimension>,
    /// Acknowledgements due by then are overdue if none was sent.
    pub(crate) judged_through: Timestamp,
}

impl Count<'_> {
    pub(crate) fn numbers(&self, metric: &str) -> Numbers {
        let mut groups: BTreeMap<(i64, String), Vec<&Case>> = BTreeMap::new();
        for case in self.cases.iter().filter(|case| case.tenant == self.tenant) {
            if case.received_at < self.from || case.received_at >= self.until || !self.looks_at(metric, case)
            {
                continue;
            }
            let window = self.window.map_or(0, |window| {
                (case.received_at.as_second() - self.from.as_second()).div_euclid(window.as_secs())
            });
            groups.entry((window, self.key(case))).or_default().push(case);
        }
        let number = |(group, cases): ((i64, String), Vec<&Case>)| {
            let population = i64::try_from(cases.len()).unwrap();
            (group, (self.number(metric, &cases), population))
        };
        groups.into_iter().map(number).collect()
    }

    fn key(&self, case: &Case) -> String {
        let value = match self.dimension {
            None => None,
            Some(Dimension::Channel) => Some(case.channel),
            Some(Dimension::Category) => case.category,
            Some(Dimension::Merchant) => case.merchant,
            Some(Dimension::Anchor) => case.anchor,
            Some(Dimension::LiveRoom) => case.live_room,
            Some(Dimension::Severity) => case.severity,
            Some(Dimension::State) => Some(case.state),
            Some(Dimension::Outcome) => case.outcome,
            Some(Dimension::Cause) => case.cause(),
            Some(Dimension::Currency) => case.steps.currency,
        };
        value.unwrap_or_default().to_owned()
    }

    fn looks_at(&self, metric: &str, case: &Case) -> bool {
        match metric {
            "complaints" | "resubmissions" | "appeals" => true,
            "time_to_investigation_p50" => case.steps.opened_at.is_some(),
            "time_to_conclusion_p50" => case.steps.concluded_at.is_some(),
            "evidence_requests" | "evidence_lapse_rate" => !case.steps.requests.is_empty(),
            "deadlines_met" => judged(case).count() > 0,
            _ if metric.starts_with("remedies_") || metric.starts_with("amount_") => {
                !case.steps.remedies.is_empty()
            }
            "urgent_rate" => case.category.is_some(),
            "first_response_p50" | "first_response_p90" => !case.answers.is_empty(),
            "acknowledged_in_time" => {
                acknowledged(case).is_some() || case.acknowledge_by <= self.judged_through
            }
            "time_to_decision_p50" | "time_to_decision_p90" => case.decided_at.is_some(),
            "time_to_result_p50" | "time_to_result_p90" => case.result_at.is_some(),
            "resolution_rate" | "time_to_end_p50" => case.ended_at.is_some() && case.state != "merged",
            "satisfaction" => case.satisfaction.is_some(),
            "repeat_rate" => case.complainant.is_some(),
            "incidents" | "incident_complaints" => !case.incidents.is_empty(),
            other => panic!("{other} is counted nowhere by hand"),
        }
    }

    fn number(&self, metric: &str, cases: &[&Case]) -> f64 {
        let share = |holds: &dyn Fn(&Case) -> bool| {
            let holding = cases.iter().filter(|case| holds(case)).count();
            float(holding) / float(cases.len())
        };
        let seconds = |end: &dyn Fn(&Case) -> Option<Timestamp>, at: f64| {
            let lengths = cases.iter().map(|case| {
                let end = end(case).unwrap();
                end.duration_since(case.received_at).as_secs_f64()
            });
            quantile(lengths.collect(), at)
        };
        match metric {
            "complaints" | "incident_complaints" => float(cases.len()),
            "resubmissions" => cases.iter().map(|case| f64::from(case.resubmissions)).sum(),
            "urgent_rate" => share(&|case| case.urgent),
            "first_response_p50" => seconds(&answered, 0.5),
            "first_response_p90" => seconds(&answered, 0.9),
            "acknowledged_in_time" => {
                share(&|case| acknowledged(case).is_some_and(|at| at <= case.acknowledge_by))
            }
            "time_to_decision_p50" => seconds(&|case| case.decided_at, 0.5),
            "time_to_decision_p90" => seconds(&|case| case.decided_at, 0.9),
            "time_to_result_p50" => seconds(&|case| case.result_at, 0.5),
            "time_to_result_p90" => seconds(&|case| case.result_at, 0.9),
            "time_to_end_p50" => seconds(&|case| case.ended_at, 0.5),
            "time_to_investigation_p50" => seconds(&|case| case.steps.opened_at, 0.5),
            "time_to_conclusion_p50" => seconds(&|case| case.steps.concluded_at, 0.5),
            "appeals" => cases.iter().map(|case| f64::from(case.steps.appeals)).sum(),
            "evidence_requests" => float(cases.iter().map(|case| case.steps.requests.len()).sum()),
            "evidence_lapse_rate" => {
                let requests = || cases.iter().flat_map(|case| &case.steps.requests);
                float(requests().filter(|lapsed| **lapsed).count()) / float(requests().count())
            }
            "deadlines_met" => {
                let clocks = || cases.iter().flat_map(|case| judged(case));
                float(clocks().filter(|state| *state == "met").count()) / float(clocks().count())
            }
            _ if metric.starts_with("remedies_") => {
                float(cases.iter().flat_map(|case| remedies(case, metric)).count())
            }
            _ if metric.starts_with("amount_") => {
                let money: i64 = cases.iter().flat_map(|case| remedies(case, metric)).flatten().sum();
                f64::from(i32::try_from(money).unwrap())
            }
            "resolution_rate" => share(&|case| {
                let resolved = ["upheld", "partly_upheld", "not_upheld", "settled_no_finding"];
                resolved.contains(&case.outcome.unwrap())
            }),
            "satisfaction" => {
                let points: u32 = cases.iter().map(|case| case.satisfaction.unwrap()).sum();
                f64::from(points) / float(cases.len())
            }
            "repeat_rate" => share(&|case| self.repeated(case)),
            "incidents" => {
                let mut incidents: Vec<_> =
                    cases.iter().map(|case| case.incidents.iter().min().unwrap().1).collect();
                incidents.sort();
                incidents.dedup();
                float(incidents.len())
            }
            other => panic!("{other} is counted nowhere by hand"),
        }
    }

    /// Looks at every other complaint.
    pub(crate) fn repeated(&self, case: &Case) -> bool {
        self.cases.iter().any(|other| {
            other.tenant == case.tenant
                && other.complainant.is_some()
                && other.complainant == case.complainant
                && (other.received_at, other.id) < (case.received_at, case.id)
                && case.received_at.duration_since(other.received_at) <= SignedDuration::from_hours(72)
        })
    }
}

/// Where the clocks came to that were met or breached, but C05.
fn judged(case: &Case) -> impl Iterator<Item = &'static str> {
    let judged = |state: &str| matches!(state, "met" | "met_late" | "breached");
    let clocks =
        case.steps.clocks.iter().filter(move |(definition, state)| *definition != "C05" && judged(state));
    clocks.map(|(_, state)| *state)
}

/// The money of the remedies that a metric names the state of; all that were ordered.
fn remedies<'a>(case: &'a Case, metric: &str) -> impl Iterator<Item = Option<i64>> + use<'a> {
    let wanted = metric.rsplit_once('_').unwrap().1.to_owned();
    let remedies =
        case.steps.remedies.iter().filter(move |(state, _)| wanted == "ordered" || wanted == *state);
    remedies.map(|(_, money)| *money)
}

fn answered(case: &Case) -> Option<Timestamp> {
    case.answers.iter().map(|(at, _)| *at).min()
}

fn acknowledged(case: &Case) -> Option<Timestamp> {
    case.answers.iter().filter(|(_, acknowledges)| *acknowledges).map(|(at, _)| *at).min()
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

/// Interpolated between the two nearest.
fn quantile(mut numbers: Vec<f64>, at: f64) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let place = at * float(numbers.len() - 1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place within the list")]
    let below = place.floor() as usize;
    let above = (below + 1).min(numbers.len() - 1);
    numbers[below] + (numbers[above] - numbers[below]) * place.fract()
}
