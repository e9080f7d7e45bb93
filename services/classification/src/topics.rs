//! The topics that classification owns (partitions are the configuration's), and those it reads.

use std::time::Duration;

use redress_messaging::TopicSpec;

const RETENTION: Duration = Duration::from_hours(24 * 30);

/// Assessments, duplicates and assignments; key: complaint; versions without holes per complaint.
pub const ASSESSMENTS: &str = "redress.classification.assessments.v1";
/// Incidents; key: incident; versions without holes per incident.
pub const INCIDENTS: &str = "redress.classification.incidents.v1";
/// Intake's lifecycle of complaints. Read, not owned.
pub const LIFECYCLE: &str = "redress.intake.lifecycle.v1";

/// The own ones, with `partitions` each.
pub fn all(partitions: i32) -> [TopicSpec; 2] {
    [ASSESSMENTS, INCIDENTS].map(|name| TopicSpec { name, partitions, retention: RETENTION })
}
