//! The topic that investigation owns (partitions are the configuration's), and those it reads.

use std::time::Duration;

use redress_messaging::TopicSpec;

const RETENTION: Duration = Duration::from_hours(24 * 30);

/// Evidence and findings; key: complaint; versions without holes per complaint. Two events of incidents have the
/// incident as their key.
pub const CASES: &str = "redress.investigation.cases.v1";
/// Intake's lifecycle of complaints. Read, not owned.
pub const LIFECYCLE: &str = "redress.intake.lifecycle.v1";
/// Classification's incidents. Read, not owned.
pub const INCIDENTS: &str = "redress.classification.incidents.v1";
/// Classification's assessments and assignments. Read, not owned.
pub const ASSESSMENTS: &str = "redress.classification.assessments.v1";
/// The clocks of sla. Read, not owned.
pub const CLOCKS: &str = "redress.sla.clocks.v1";
/// Resolution's cases. Read, not owned.
pub const RESOLUTION: &str = "redress.resolution.cases.v1";
/// Notification's notices. Read, not owned.
pub const NOTICES: &str = "redress.notification.notices.v1";

/// The own one, with `partitions`.
pub fn all(partitions: i32) -> [TopicSpec; 1] {
    [CASES].map(|name| TopicSpec { name, partitions, retention: RETENTION })
}
