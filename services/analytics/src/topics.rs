//! The topics that are counted. Analytics owns none: what it knows is asked for.

/// Intake's lifecycle of complaints; key: complaint.
pub const LIFECYCLE: &str = "redress.intake.lifecycle.v1";
/// Classification's assessments; key: complaint.
pub const ASSESSMENTS: &str = "redress.classification.assessments.v1";
/// Classification's incidents; key: incident.
pub const INCIDENTS: &str = "redress.classification.incidents.v1";
/// Notification's notices; key: complaint.
pub const NOTICES: &str = "redress.notification.notices.v1";
/// What investigation tells; key: complaint, or incident.
pub const INVESTIGATION: &str = "redress.investigation.cases.v1";
/// What resolution tells; key: complaint.
pub const RESOLUTION: &str = "redress.resolution.cases.v1";
/// What sla tells of clocks; key: complaint.
pub const CLOCKS: &str = "redress.sla.clocks.v1";

/// All of them.
pub const ALL: [&str; 7] = [LIFECYCLE, ASSESSMENTS, INCIDENTS, NOTICES, INVESTIGATION, RESOLUTION, CLOCKS];
