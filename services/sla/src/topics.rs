//! The topic that sla owns (partitions are the configuration's), and those it reads.

use std::time::Duration;

use redress_messaging::TopicSpec;

/// Clocks, extensions and escalations; key: complaint; versions without holes per complaint.
pub const CLOCKS: &str = "redress.sla.clocks.v1";
/// Intake's lifecycle of complaints. Read, not owned.
pub const LIFECYCLE: &str = "redress.intake.lifecycle.v1";
/// Classification's assessments. Read, not owned.
pub const ASSESSMENTS: &str = "redress.classification.assessments.v1";
/// Investigation's evidence and findings. Read, not owned.
pub const INVESTIGATION: &str = "redress.investigation.cases.v1";
/// What resolution tells. Read, not owned.
pub const RESOLUTION: &str = "redress.resolution.cases.v1";
/// Notices. Read, not owned.
pub const NOTICES: &str = "redress.notification.notices.v1";

/// Those that are read.
pub const INPUTS: [&str; 5] = [LIFECYCLE, ASSESSMENTS, INVESTIGATION, RESOLUTION, NOTICES];

/// The own one, with `partitions`.
pub fn all(partitions: i32) -> [TopicSpec; 1] {
    [TopicSpec { name: CLOCKS, partitions, retention: Duration::from_hours(24 * 30) }]
}
