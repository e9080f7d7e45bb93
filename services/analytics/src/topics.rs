//! The topics that are counted. Analytics owns none: what it knows is asked for.

/// Intake's lifecycle of complaints; key: complaint.
pub const LIFECYCLE: &str = "redress.intake.lifecycle.v1";
/// Classification's assessments; key: complaint.
pub const ASSESSMENTS: &str = "redress.classification.assessments.v1";
/// Classification's incidents; key: incident.
pub const INCIDENTS: &str = "redress.classification.incidents.v1";
/// Notification's notices; key: complaint.
pub const NOTICES: &str = "redress.notification.notices.v1";

/// All of them.
pub const ALL: [&str; 4] = [LIFECYCLE, ASSESSMENTS, INCIDENTS, NOTICES];
