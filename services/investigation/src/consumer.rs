//! What investigation consumes.

use redress_outbox::{Guard, Subscription};

use crate::app::assignments::FollowAssignments;
use crate::app::clocks::FollowClocks;
use crate::app::contested::FollowContested;
use crate::app::follow::FollowCases;
use crate::app::incidents::FollowIncidents;
use crate::app::notices::FollowNotices;
use crate::topics::{ASSESSMENTS, CLOCKS, INCIDENTS, LIFECYCLE, NOTICES, RESOLUTION};

/// Intake's lifecycle of complaints.
pub(crate) fn lifecycle(handler: FollowCases) -> Subscription {
    Subscription::new(LIFECYCLE, Guard::Version, handler)
}

/// Classification's incidents.
pub(crate) fn incidents(handler: FollowIncidents) -> Subscription {
    Subscription::new(INCIDENTS, Guard::Version, handler)
}

/// Classification's assignments.
pub(crate) fn assignments(handler: FollowAssignments) -> Subscription {
    Subscription::new(ASSESSMENTS, Guard::Version, handler)
}

/// The clocks of sla.
pub(crate) fn clocks(handler: FollowClocks) -> Subscription {
    Subscription::new(CLOCKS, Guard::Version, handler)
}

/// Resolution's cases.
pub(crate) fn contested(handler: FollowContested) -> Subscription {
    Subscription::new(RESOLUTION, Guard::Version, handler)
}

/// Notices.
pub(crate) fn notices(handler: FollowNotices) -> Subscription {
    Subscription::new(NOTICES, Guard::Version, handler)
}
