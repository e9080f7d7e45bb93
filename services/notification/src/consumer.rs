//! What notification consumes.

use redress_domain::{Disposition, ErrorKind};
use redress_outbox::{Guard, HandlerError, Subscription};

use crate::app::hear::Hear;
use crate::app::react::React;
use crate::error::Error;
use crate::topics::LIFECYCLE;

/// The lifecycle of complaints.
pub(crate) fn lifecycle(react: React) -> Subscription {
    Subscription::new(LIFECYCLE, Guard::Version, react)
}

/// What another service tells of complaints. Incidents have versions of their own on investigation's topic, and no letter
/// follows from their events.
pub(crate) fn facts(hear: Hear) -> Subscription {
    Subscription::new(hear.topic, Guard::Version, hear)
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
