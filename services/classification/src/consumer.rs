//! What classification consumes.

use redress_outbox::{Guard, Subscription};

use crate::app::assess::AssessComplaints;
use crate::topics::LIFECYCLE;

/// Intake's lifecycle of complaints.
pub(crate) fn lifecycle(handler: AssessComplaints) -> Subscription {
    Subscription::new(LIFECYCLE, Guard::Version, handler)
}
