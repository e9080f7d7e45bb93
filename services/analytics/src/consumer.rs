//! What analytics consumes: one subscription per topic, each in a group of its own, since an installation may not have
//! every service, or not yet.

use std::time::Duration;

use redress_domain::{Disposition, ErrorKind};
use redress_outbox::{Guard, HandlerError, Subscription};

use crate::app::assessments::CountAssessments;
use crate::app::incidents::CountIncidents;
use crate::app::lifecycle::CountLifecycle;
use crate::app::notices::CountNotices;
use crate::app::steps::CountSteps;
use crate::error::Error;
use crate::topics::{ASSESSMENTS, CLOCKS, INCIDENTS, INVESTIGATION, LIFECYCLE, NOTICES, RESOLUTION};

/// Nobody waits for a count: batches are few and large.
const APART: Duration = Duration::from_millis(500);

/// What intake tells.
pub(crate) fn lifecycle() -> Subscription {
    Subscription::new(LIFECYCLE, Guard::Version, CountLifecycle).apart(APART)
}

/// What the other services tell; each topic with the end of its group's name.
pub(crate) fn others() -> [(&'static str, &'static str, Subscription); 6] {
    [
        ("assessments", ASSESSMENTS, Subscription::new(ASSESSMENTS, Guard::Version, CountAssessments)),
        ("incidents", INCIDENTS, Subscription::new(INCIDENTS, Guard::Version, CountIncidents)),
        ("notices", NOTICES, Subscription::new(NOTICES, Guard::Version, CountNotices)),
        ("investigation", INVESTIGATION, Subscription::new(INVESTIGATION, Guard::Version, CountSteps)),
        ("resolution", RESOLUTION, Subscription::new(RESOLUTION, Guard::Version, CountSteps)),
        ("clocks", CLOCKS, Subscription::new(CLOCKS, Guard::Version, CountSteps)),
    ]
    .map(|(group, topic, subscription)| (group, topic, subscription.apart(APART)))
}

/// What a failure means to the kit.
impl From<Error> for HandlerError {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) => error.into(),
            other if other.kind() == ErrorKind::Aborted => Self::Conflict(other.to_string().into()),
            other if other.kind().disposition() == Disposition::Retry => {
                Self::Unavailable(other.to_string().into())
            }
            other => Self::poison(other.to_string()),
        }
    }
}
