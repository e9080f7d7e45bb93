//! The topics of notification.

use std::time::Duration;

use redress_messaging::TopicSpec;

/// Notices; key: complaint; versions contiguous per complaint.
pub const NOTICES: &str = "redress.notification.notices.v1";

/// The lifecycle of complaints. Read, not owned.
pub const LIFECYCLE: &str = "redress.intake.lifecycle.v1";

/// How long records of [`NOTICES`] are kept.
const RETENTION: Duration = Duration::from_hours(24 * 30);

/// The topics that notification owns, with `partitions` each.
pub fn all(partitions: i32) -> [TopicSpec; 1] {
    [TopicSpec { name: NOTICES, partitions, retention: RETENTION }]
}
