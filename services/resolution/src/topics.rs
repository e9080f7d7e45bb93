//! The topic that resolution owns (partitions are the configuration's), and those it reads.

use std::time::Duration;

use redress_messaging::TopicSpec;

/// Liability, offers, decisions, remedies; key: complaint; versions without holes per complaint.
pub const CASES: &str = "redress.resolution.cases.v1";
/// Intake's lifecycle of complaints. Read, not owned.
pub const LIFECYCLE: &str = "redress.intake.lifecycle.v1";
/// Investigation's evidence and findings. Read, not owned.
pub const INVESTIGATION: &str = "redress.investigation.cases.v1";
/// The clocks. Read, not owned.
pub const CLOCKS: &str = "redress.sla.clocks.v1";
/// Classification's incidents; key: incident. Read, not owned.
pub const INCIDENTS: &str = "redress.classification.incidents.v1";
/// Notices. Read, not owned.
pub const NOTICES: &str = "redress.notification.notices.v1";

/// The own one, with `partitions`.
pub fn all(partitions: i32) -> [TopicSpec; 1] {
    [TopicSpec { name: CASES, partitions, retention: Duration::from_hours(24 * 30) }]
}
