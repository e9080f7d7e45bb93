//! What resolution consumes.

use redress_outbox::{Guard, Subscription};

use crate::app::react::{
    FollowClocks, FollowIncidents, FollowInvestigation, FollowLifecycle, FollowNotices, Follower,
};
use crate::topics::{CLOCKS, INCIDENTS, INVESTIGATION, LIFECYCLE, NOTICES};

/// Intake's lifecycle of complaints.
pub(crate) fn lifecycle(follower: Follower) -> Subscription {
    Subscription::new(LIFECYCLE, Guard::Version, FollowLifecycle(follower))
}

/// Investigation's evidence and findings.
pub(crate) fn investigation(follower: Follower) -> Subscription {
    Subscription::new(INVESTIGATION, Guard::Version, FollowInvestigation(follower))
}

/// The clocks.
pub(crate) fn clocks(follower: Follower) -> Subscription {
    Subscription::new(CLOCKS, Guard::Version, FollowClocks(follower))
}

/// Classification's incidents.
pub(crate) fn incidents() -> Subscription {
    Subscription::new(INCIDENTS, Guard::Version, FollowIncidents)
}

/// Notices.
pub(crate) fn notices(follower: Follower) -> Subscription {
    Subscription::new(NOTICES, Guard::Version, FollowNotices(follower))
}
