//! The topics of notification.

use std::time::Duration;

use redress_messaging::TopicSpec;

/// Notices; key: complaint; versions contiguous per complaint.
pub const NOTICES: &str = "redress.notification.notices.v1";

/// The lifecycle of complaints. Read, not owned.
pub const LIFECYCLE: &str = "redress.intake.lifecycle.v1";

/// What investigation tells; key: complaint, or incident. Read, not owned.
pub const INVESTIGATION: &str = "redress.investigation.cases.v1";

/// What resolution tells; key: complaint. Read, not owned.
pub const RESOLUTION: &str = "redress.resolution.cases.v1";

/// What sla tells of clocks; key: complaint. Read, not owned.
pub const CLOCKS: &str = "redress.sla.clocks.v1";

/// How long records of [`NOTICES`] are kept.
const RETENTION: Duration = Duration::from_hours(24 * 30);

/// The topics that notification owns, with `partitions` each.
pub fn all(partitions: i32) -> [TopicSpec; 1] {
    [TopicSpec { name: NOTICES, partitions, retention: RETENTION }]
}
