//! The topics that intake owns (partitions are the configuration's).

use std::time::Duration;

use redress_messaging::TopicSpec;

const DAY: Duration = Duration::from_hours(24);

/// Sealed submissions, from accept to the register; key: complaint.
pub const SUBMISSIONS: Topic =
    Topic { name: "redress.intake.submissions.v1", retention: DAY.saturating_mul(7) };
/// The lifecycle of complaints; key: complaint; versions without holes.
pub const LIFECYCLE: Topic = Topic { name: "redress.intake.lifecycle.v1", retention: DAY.saturating_mul(30) };

/// Classification's assessments; key: complaint. Read, not owned: it may not exist in an installation without it.
pub const ASSESSMENTS: &str = "redress.classification.assessments.v1";
/// Investigation's facts; key: complaint. Read as assessments are.
pub const INVESTIGATION: &str = "redress.investigation.cases.v1";
/// Resolution's facts; key: complaint. Read as assessments are.
pub const RESOLUTION: &str = "redress.resolution.cases.v1";
/// Clocks that started, warned and came due; key: complaint. Read as assessments are.
pub const CLOCKS: &str = "redress.sla.clocks.v1";

/// A topic but for its number of partitions.
#[derive(Debug, Clone, Copy)]
pub struct Topic {
    /// Its name.
    pub name: &'static str,
    /// How long records are kept.
    pub retention: Duration,
}

/// All of them, with `partitions` each.
pub fn all(partitions: i32) -> [TopicSpec; 2] {
    [SUBMISSIONS, LIFECYCLE].map(|topic| TopicSpec {
        name: topic.name,
        partitions,
        retention: topic.retention,
    })
}
