//! What counting tells to whoever watches the whole installation: what complaints are about, what they come to, what their
//! complainants say of it. Numbers per tenant are `QueryMetrics`' alone: tenants have no bound and their numbers have
//! readers of their own.
//!
//! A topic that is read again counts again, and so does a batch that failed at its commit: for the trend, not for the books.

use std::sync::LazyLock;

use jiff::Timestamp;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};

use crate::domain::course::Step;

static METER: LazyLock<Meter> = LazyLock::new(|| opentelemetry::global::meter("redress-analytics"));
static ASSESSED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    METER
        .u64_counter("redress.complaint.assessed")
        .with_description(
            "Assessments that the register went by, the first one of a complaint and each later one.",
        )
        .build()
});
static ENDED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    METER
        .u64_counter("redress.complaint.ended")
        .with_description("Complaints that came to an end; one that goes on and ends again counts twice.")
        .build()
});
static SATISFACTION: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    METER
        .f64_histogram("redress.complaint.satisfaction")
        .with_description("What complainants answered to the survey, 1 to 5.")
        .with_boundaries(vec![1.0, 2.0, 3.0, 4.0, 5.0])
        .build()
});

static UNDERSTOOD: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    METER
        .f64_histogram("redress.complaint.assessment.delay")
        .with_unit("s")
        .with_description("From a complaint's receipt to the register's going by its first assessment: three topics and back.")
        .with_boundaries(vec![0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0])
        .build()
});

/// A step of a course was counted.
pub(super) fn followed(step: &Step) {
    if let Step::Assessed(assessed) | Step::Reviewed(Some(assessed)) = step {
        ASSESSED.add(1, &[KeyValue::new("redress.category", assessed.category.code())]);
    }
    if let Some(outcome) = end(step) {
        ENDED.add(1, &[KeyValue::new("redress.outcome", outcome.to_owned())]);
    }
}

/// Since `at` the register goes by an assessment of a complaint that was `received` before.
pub(super) fn understood(received: Timestamp, at: Timestamp) {
    UNDERSTOOD.record(at.duration_since(received).as_secs_f64().max(0.0), &[]);
}

/// A complainant answered the survey.
pub(super) fn surveyed(points: i16) {
    SATISFACTION.record(f64::from(points), &[]);
}

/// What a complaint came to, as a code of the taxonomy of outcomes; none unless the step ends it. A closing is told twice, by
/// the fact that moved the case and by its outcome: the latter counts.
fn end(step: &Step) -> Option<&str> {
    match step {
        Step::Closed { outcome, .. } => Some(outcome),
        Step::Refused => Some("refused"),
        Step::Lapsed => Some("lapsed"),
        Step::Withdrawn => Some("withdrawn"),
        Step::Merged => Some("duplicate"),
        Step::Registered(_)
        | Step::Moved(_)
        | Step::Reviewed(_)
        | Step::Assessed(_)
        | Step::Accepted
        | Step::Resubmitted => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::course::Course;
    use crate::domain::state::State;

    #[test]
    fn an_end_is_told_under_the_outcome_that_the_fact_gets() {
        let closed = Step::Closed { outcome: "settled".to_owned(), cause: String::new() };
        for step in [closed, Step::Refused, Step::Lapsed, Step::Withdrawn, Step::Merged] {
            let mut course = Course::default();
            course.follow(&step, Timestamp::UNIX_EPOCH);
            assert_eq!(end(&step).map(str::to_owned), course.outcome, "{step:?}");
            assert!(course.outcome.is_some(), "{step:?}");
        }
    }

    #[test]
    fn what_moves_a_case_to_its_end_is_not_counted_beside_its_outcome() {
        assert_eq!(end(&Step::Moved(State::Closed)), None);
        assert_eq!(end(&Step::Accepted), None);
    }
}
