//! What intake consumes: a group per topic, since those of other services may come later, or never.

use redress_outbox::{Guard, HandlerError, Subscription};

use crate::app::assessments::ApplyAssessments;
use crate::app::facts::{TakeFacts, Teller};
use crate::app::register::Register;
use crate::error::Error;
use crate::topics::{ASSESSMENTS, CLOCKS, INVESTIGATION, RESOLUTION, SUBMISSIONS};

/// The register's own topic. Accept knows no versions; the register's primary keys recognise repetitions.
pub(crate) fn submissions(register: Register) -> Subscription {
    Subscription::new(SUBMISSIONS.name, Guard::Own, register)
}

/// What classification finds: assessments, and who has a case.
pub(crate) fn assessments(handler: ApplyAssessments) -> Subscription {
    Subscription::new(ASSESSMENTS, Guard::Version, handler)
}

/// What another service reports.
pub(crate) fn facts(handler: TakeFacts) -> Subscription {
    Subscription::new(topic_of(handler.teller), Guard::Version, handler)
}

/// Where a service reports.
pub(crate) const fn topic_of(teller: Teller) -> &'static str {
    match teller {
        Teller::Investigation => INVESTIGATION,
        Teller::Resolution => RESOLUTION,
        Teller::Sla => CLOCKS,
    }
}

/// What a failure means to the kit.
impl From<Error> for HandlerError {
    fn from(error: Error) -> Self {
        use redress_domain::{Disposition, ErrorKind};
        match error {
            Error::Database(error) if redress_postgres::constraint_of(&error) == Some("complaint_pkey") => {
                Self::Conflict("another process registered the complaint".into())
            }
            Error::Database(error) => error.into(),
            other if other.kind() == ErrorKind::Aborted => Self::Conflict(other.to_string().into()),
            other if other.kind().disposition() == Disposition::Retry => {
                Self::Unavailable(other.to_string().into())
            }
            other => Self::poison(other.to_string()),
        }
    }
}
